import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ChargerId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import { chargerStream, deviceStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { defaultLimits } from '@voltrail/edge/limits'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { BenchCharger } from '../bench/bench-charger.ts'
import { Latencies } from '../bench/latencies.ts'
import { openRest } from '../fixtures/rest.ts'
import type { Fault } from './hostile-charger.ts'
import { startHostile, type HostileReport } from './hostile-process.ts'

export interface FuzzOptions {
  readonly frames: number
  readonly seed: string
  /** honest ones */
  readonly chargers: number
  readonly sockets: number
  readonly note: (line: string) => void
}

export interface FuzzReport {
  readonly frames: number
  /** processes that ended or said that they had to */
  readonly crashes: readonly string[]
  /** events that came of frames from which none may come */
  readonly badEvents: readonly string[]
  /** honest answers that were wrong or did not come */
  readonly dishonest: readonly string[]
  readonly faults: readonly Fault[]
  readonly events: number
  readonly closes: Readonly<Record<string, number>>
  /** ms */
  readonly quietP99: number
  readonly duringP99: number
}

const tag = 'FUZZ-HONEST'
/** What the edge takes of one charger without braking it, though nothing could be taken from any frame. */
const framesPerSocket = defaultLimits.framesPerSecond / defaultLimits.unusableFrameCost
const quietMs = 3_000

/** Brings the product up and lets honest chargers charge, by turns alone and beside hostile ones. */
export const runFuzz = async (options: FuzzOptions): Promise<FuzzReport> => {
  const { frames, seed, note } = options
  const folder = await mkdtemp(join(tmpdir(), 'voltrail-fuzz-'))
  let product: Product | undefined
  const hostile = startHostile()
  const ends: string[] = []
  try {
    product = await startProduct({ dataDir: folder, note: (line) => line.includes('unexpectedly') && ends.push(line) })
    const pids = new Map([...product.processes].map(([name, { pid }]) => [name, pid]))
    await openRest(product.apiUrl, product.operatorKey).send('POST', '/v1/id-tokens', {
      token: tag,
      type: 'ISO14443',
      status: 'Accepted',
    })
    const honest = await openHonest(product.ocppUrl, options.chargers)
    await hostile.order({
      do: 'open',
      url: product.ocppUrl,
      sockets: options.sockets,
      seed,
      perSecond: options.sockets * framesPerSocket,
    })
    // what is not compiled yet is nobody's figure
    await wait(quietMs)
    const rounds = Math.max(2, Math.min(20, Math.round(frames / 10_000)))
    for (let round = 0; round < rounds; round++) {
      honest.phase('quiet')
      await wait(quietMs)
      honest.phase('during')
      const from = Math.floor((frames * round) / rounds)
      const to = Math.floor((frames * (round + 1)) / rounds)
      await hostile.order({ do: 'send', from, to })
      honest.phase('between')
      note(
        `${to} frames; honest p99 ${honest.p99('quiet').toFixed(1)} ms alone, ${honest.p99('during').toFixed(1)} ms beside them`,
      )
    }
    const dishonest = await honest.stop()
    const report = await hostile.order({ do: 'report' })
    const { events, bad } = await readEvents(product.eventStoreUrl, report)
    const restarted = [...pids].flatMap(([name, pid]) =>
      product?.processes.get(name)?.pid === pid ? [] : [`${name} is no longer the process ${pid}`],
    )
    return {
      frames,
      crashes: [...ends, ...restarted, ...(await fatalLines(join(folder, 'logs')))],
      badEvents: bad,
      dishonest,
      faults: report.faults,
      events,
      closes: report.closes,
      quietP99: honest.p99('quiet'),
      duringP99: honest.p99('during'),
    }
  } finally {
    hostile.stop()
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

type Phase = 'quiet' | 'during' | 'between'

const openHonest = async (url: string, count: number) => {
  const times = { quiet: new Latencies(), during: new Latencies(), between: new Latencies() }
  let phase: Phase = 'between'
  let going = true
  const wrong: string[] = []
  const latencies = { record: (action: string, ms: number) => times[phase].record(action, ms) } as Latencies
  const chargers = Array.from({ length: count }, (_, i) => new BenchCharger({ url, id: `HONEST-${i}`, latencies }))
  for (const charger of chargers) {
    await charger.connect()
    await charger.boot()
  }
  const loops = chargers.map(async (charger) => {
    try {
      while (going) {
        await charger.session(tag, () => going)
        await wait(100)
      }
    } catch (error) {
      wrong.push(String(error))
    }
  })
  return {
    phase: (next: Phase) => void (phase = next),
    p99: (of: Phase) => times[of].percentiles()['all']?.p99 ?? 0,
    async stop() {
      going = false
      await Promise.all(loops)
      for (const charger of chargers) charger.close()
      return wrong
    },
  }
}

/** All events of the hostile chargers, and those that name a message from which none may come. */
const readEvents = async (connectionString: string, report: HostileReport) => {
  const log = connectEventLog({ connectionString, readOnly: true })
  const tenant = TenantId.parse('default')
  const bad: string[] = []
  let events = 0
  try {
    for (const [identity, ids] of report.mayCause) {
      const may = new Set(ids)
      const charger = ChargerId.parse(identity)
      const streams: string[] = [chargerStream(tenant, charger), deviceStream(tenant, charger)]
      for (const stream of streams)
        for await (const event of log.readForward(stream, 0)) {
          events += 1
          if (event.type === 'TransactionOpened')
            streams.push(sessionStream(tenant, sessionId(charger, TransactionId.parse(event.data.transactionId))))
          const messageId = event.metadata.causation.messageId
          if (messageId !== undefined && !may.has(messageId))
            bad.push(`${stream}@${event.revision} ${event.type}, message ${messageId}`)
        }
    }
  } finally {
    await log.close()
  }
  return { events, bad }
}

const fatalLines = async (folder: string): Promise<string[]> => {
  const found: string[] = []
  for (const name of await readdir(folder)) {
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n')
    for (const line of lines)
      if (/"level":(60|"fatal")|unhandled ?rejection|uncaught ?exception/i.test(line))
        found.push(`${name}: ${line.slice(0, 300)}`)
  }
  return found
}
