import { setMaxListeners } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectBus } from '@voltrail/bus/bus'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { telemetryStream, telemetrySubject } from '@voltrail/contracts/subjects'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { connectEventLog, type EsdbLog } from '@voltrail/event-store/esdb-log'
import { sleep, startTicker } from '@voltrail/runtime/ticker'
import { between, seededRandom } from '@voltrail/simulator/random'
import { openReadModels, projectors } from '../fixtures/read-models.ts'
import { openRest } from '../fixtures/rest.ts'
import { until } from '../fixtures/until.ts'
import { billsIn, judgeCommands, judgeNotices, judgeSessions, type Finding } from '../ledger-judge.ts'
import { openModelCharger, type ModelCharger } from '../log-away-charger.ts'
import { knownIds } from '../log-away-log.ts'
import { chargerModels } from '../log-away-models.ts'
import { productTimes } from '../log-away-outage.ts'
import { readBill, readCharger } from '../log-reading.ts'
import { openBreaker } from './break.ts'
import { startOperator } from './operator.ts'
import { dealFaults, dealMisfortunes, describeFault, describeMisfortune, lastsS, type Misfortune } from './plan.ts'
import { percentile, recoveries } from './recovery.ts'
import { growthsOf, judgeGrowth, judgeLeftovers, sampleAll, subscriptionsOf, type Growth, type Sample } from './use.ts'

export interface ChaosOptions {
  readonly chargers: number
  readonly minutes: number
  readonly seed: string
  /** of what happens: each fault, each step */
  readonly note?: (line: string) => void
  /** each misfortune of a charger too */
  readonly noteField?: (line: string) => void
}

export interface ChaosReport {
  readonly acks: number
  readonly kills: number
  readonly faults: number
  readonly misfortunes: number
  readonly sessions: number
  readonly findings: readonly Finding[]
  readonly recoveryP99Ms: number
  readonly commands: ReadonlyMap<string, number>
  readonly growths: readonly Growth[]
}

/** The figures, in one line. */
export const lastLine = ({ acks, kills, findings, recoveryP99Ms }: ChaosReport): string => {
  const count = (kind: Finding['kind']) => findings.filter((one) => one.kind === kind).length
  const figures = `acks ${acks}, kills ${kills}, lost ${count('lost')}, doubled ${count('doubled')}`
  return `${figures}, recovery p99 ${Math.round(recoveryP99Ms)} ms`
}

const idTag = 'C4A05'
const tenant = 'default' as TenantId

/** An hour is lived in real time; in a shorter run a second of the field is shorter, down to a twentieth. */
export const secondOf = (minutes: number): number => Math.min(1_000, Math.max(50, (1_000 * minutes) / 60))

/** Lives through faults for so long, then holds what chargers were told against what there is. */
export const runChaos = async (options: ChaosOptions): Promise<ChaosReport> => {
  const { note = () => undefined, minutes } = options
  const folder = await mkdtemp(join(tmpdir(), 'voltrail-chaos-'))
  const secondMs = secondOf(minutes)
  const product = await startProduct({
    dataDir: folder,
    edges: 2,
    centrals: 2,
    breakable: true,
    note,
    env: { ...process.env, ...productTimes(secondMs), PING_INTERVAL: `${Math.max(500, 45 * secondMs)}ms` },
  })
  const log = connectEventLog({ connectionString: product.eventStoreUrl, readOnly: true, readTimeoutMs: 20_000 })
  const chargers: ModelCharger[] = []
  try {
    return await live({ product, log, chargers, secondMs, options, note })
  } finally {
    await Promise.all(chargers.map((charger) => charger.stop()))
    await log.close()
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Ground {
  readonly product: Product
  readonly log: EsdbLog
  readonly chargers: ModelCharger[]
  readonly secondMs: number
  readonly options: ChaosOptions
  readonly note: (line: string) => void
}

const live = async ({ product, log, chargers, secondMs, options, note }: Ground): Promise<ChaosReport> => {
  const { seed } = options
  const rest = openRest(product.apiUrl, product.operatorKey)
  await rest.send('POST', '/v1/id-tokens', { token: idTag, type: 'ISO14443', status: 'Accepted' })
  const before = { samples: sampleAll(product), subscriptions: await subscriptionsOf(product) }
  const samples: Sample[] = []
  const sampling = startTicker(() => void samples.push(...sampleAll(product)), {
    everyMs: 2_000,
    onError: (error) => note(`the processes could not be looked at: ${String(error)}`),
  })
  const models = [chargerModels.endless, chargerModels.careless]
  for (let i = 0; i < options.chargers; i++) {
    const id = `CHAOS-${i + 1}`
    const urls = i % 2 === 0 ? product.ocppUrls : product.ocppUrls.toReversed()
    const charger = openModelCharger(urls, {
      id,
      model: models[i % models.length]!,
      idTag,
      secondMs,
      random: seededRandom(`${seed}/${id}`),
      stepWh: 1,
      keepsIds: 0.5,
      tellsTwice: 0.5,
      restamps: i % 3 === 0,
    })
    chargers.push(charger)
    charger.live({ pauseMs: [50, 500], meterMs: 150, meters: 6, authorises: true, notices: true, backlog: 20 })
  }
  const ids = chargers.map(({ id }) => id)
  const operator = startOperator(rest, ids, Math.max(50, 2_000 / ids.length), seededRandom(`${seed}/operator`))
  await until('every charger has booted', async () => chargers.every((one) => one.acknowledged.length > 0), 60_000)

  const begunAt = performance.now()
  const endAt = begunAt + options.minutes * 60_000
  const over = new AbortController()
  // each charger that meets something waits for it
  setMaxListeners(0, over.signal)
  const breaker = openBreaker(product, secondMs)
  let misfortunes = 0
  const field = (async () => {
    const random = seededRandom(`${seed}/field`)
    const deal = dealMisfortunes(ids, random)
    while (await sleep(between(random, 0.2, 1) * Math.max(300, 10_000 / ids.length), over.signal)) {
      const [id, misfortune] = deal.next().value
      misfortunes += 1
      options.noteField?.(`${id} ${describeMisfortune(misfortune)}`)
      befall(chargers[ids.indexOf(id)]!, misfortune, secondMs, over.signal)
    }
  })()
  let faults = 0
  const random = seededRandom(`${seed}/faults`)
  const deal = dealFaults([...product.processes.keys()], random)
  while (performance.now() < endAt) {
    const fault = deal.next().value
    const pauseMs = between(random, 5, 25) * secondMs
    const leftMs = endAt - performance.now()
    if (lastsS(fault) * secondMs > leftMs / 2) continue
    note(`fault ${++faults}: ${describeFault(fault)}`)
    await breaker.run(fault)
    await sleep(Math.min(pauseMs, Math.max(0, endAt - performance.now())))
  }
  over.abort()
  await field

  note('the faults are over; the sessions end, the queues are delivered')
  await Promise.all([...product.processes.values()].map((one) => one.ready()))
  for (const charger of chargers) {
    charger.setClock(0)
    charger.finish()
  }
  await operator.stop()
  const findings: Finding[] = []
  const patienceMs = 60_000 + 300 * secondMs
  const settled = async (what: string, holds: () => Promise<boolean>) => {
    try {
      await until(what, holds, patienceMs)
    } catch (error) {
      findings.push({ kind: 'wrong', charger: 'all', what: (error as Error).message })
    }
  }
  // what waits for a session's end is made in this turn of the loop
  await sleep(100)
  await settled('every queue is delivered', async () => chargers.every(({ waiting }) => waiting === 0))
  for (const { id, waiting, connected } of chargers)
    if (waiting > 0)
      findings.push({ kind: 'wrong', charger: id, what: `${waiting} messages still wait; connected: ${connected}` })
  const acks = chargers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
  const recovered = recoveries(
    breaker.kills.map(({ at }) => at),
    chargers.map(({ acknowledged }) => acknowledged),
  )

  note('the last commands come to an end, the last bills are made')
  for (const charger of chargers)
    await settled(`the commands of ${charger.id} are settled`, async () => {
      const reading = await readCharger(log, charger.id, [])
      const unsettled = judgeCommands(charger.id, { asked: [], arrivals: [] }, { ...reading })
      return !unsettled.some(({ kind }) => kind === 'lost')
    })
  for (const charger of chargers)
    await settled(`the sessions of ${charger.id} are billed`, async () => {
      for (const transactionId of knownIds(charger).toReversed())
        if (billsIn(await readBill(log, charger.id, transactionId)).length === 0) return false
      return true
    })

  note('what chargers were told is held against the log')
  const telemetry = await telemetryOf(product, chargers)
  for (const charger of chargers) {
    const reading = await readCharger(log, charger.id, knownIds(charger))
    findings.push(
      ...judgeSessions(charger, reading),
      ...judgeNotices(charger.id, charger.notices, reading, telemetry.get(charger.id) ?? new Map()),
      ...judgeCommands(charger.id, { asked: operator.asked.get(charger.id)!, arrivals: charger.arrivals }, reading),
      ...parkedIn(charger.id, reading.charger.events),
    )
  }

  note('the chargers leave; what is left of them is looked for')
  await Promise.all(chargers.map((charger) => charger.stop()))
  const leftovers = async () =>
    judgeLeftovers(before, { samples: sampleAll(product), subscriptions: await subscriptionsOf(product) })
  const left = await until('nothing is left of the chargers', async () => (await leftovers()).length === 0).then(
    () => [],
    leftovers,
  )
  await sampling.stop()
  const growths = growthsOf(samples)
  findings.push(...left, ...judgeGrowth(growths))

  note('the read models are made anew')
  findings.push(...(await judgeReadModels(product, patienceMs)))
  return {
    acks,
    kills: breaker.kills.length,
    faults,
    misfortunes,
    sessions: chargers.reduce((sum, charger) => sum + knownIds(charger).length, 0),
    findings,
    recoveryP99Ms: percentile(recovered, 0.99),
    commands: operator.outcomes,
    growths,
  }
}

const befall = (charger: ModelCharger, misfortune: Misfortune, secondMs: number, over: AbortSignal): void => {
  switch (misfortune.kind) {
    case 'roams':
      return charger.roam()
    case 'is cut off':
      return charger.cut('all')
    case 'loses its power':
      return charger.reboot()
    case 'sets its clock':
      return charger.setClock(misfortune.aheadS * 1_000)
    case 'goes deaf': {
      charger.deafen()
      const comeBack = async () => {
        await sleep(misfortune.fieldS * secondMs, over)
        charger.roam()
        await sleep(misfortune.fieldS * secondMs, over)
        charger.cut('older')
      }
      return void comeBack()
    }
    default:
      return misfortune satisfies never
  }
}

/** Nothing that these chargers tell is beyond us: whatever is parked, a fault has parked. */
const parkedIn = (charger: string, events: readonly { readonly type: string; readonly data: unknown }[]): Finding[] =>
  events.flatMap(({ type, data }) =>
    type === 'FrameParked' ? [{ kind: 'wrong', charger, what: 'a frame was parked', proof: data as object }] : [],
  )

/** By charger and value of its main meter: how often it was kept. */
const telemetryOf = async (
  product: Product,
  chargers: readonly ModelCharger[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>> => {
  const bus = await connectBus({ url: product.natsUrl, name: 'chaos-telemetry' })
  const kept = new Map<string, Map<string, number>>()
  try {
    for (const { id } of chargers) {
      const counts = new Map<string, number>()
      kept.set(id, counts)
      const filterSubject = telemetrySubject(tenant, id as ChargerId, 0)
      if ((await bus.lastMessage(telemetryStream.name, filterSubject)) === undefined) continue
      await new Promise<void>((resolve, reject) => {
        const consuming = bus.consume(telemetryStream.name, { filterSubject }, ({ data, pending }) => {
          const { samples } = JSON.parse(Buffer.from(data).toString()) as {
            samples: { values: { value: string }[] }[]
          }
          const value = samples[0]?.values[0]?.value ?? ''
          counts.set(value, (counts.get(value) ?? 0) + 1)
          if (pending === 0) resolve()
        })
        consuming.catch(reject)
      })
    }
    return kept
  } finally {
    await bus.close()
  }
}

const judgeReadModels = async (product: Product, withinMs: number): Promise<Finding[]> => {
  const readModels = await openReadModels(product)
  const findings: Finding[] = []
  for (const { projection, service } of projectors) {
    const differ = (what: string) => findings.push({ kind: 'wrong', charger: service, what })
    try {
      const before = await readModels.rowsOf(projection, withinMs)
      const told = await readModels.rebuild(service)
      if (!told.includes('identical to the live rows'))
        differ(`its rows are not those of a rebuild: ${told.slice(-500)}`)
      const after = await readModels.rowsOf(projection, withinMs)
      for (const [table, sum] of Object.entries(before))
        if (after[table] !== sum) differ(`${table} had ${sum}, and has ${after[table]}`)
    } catch (error) {
      differ((error as Error).message)
    }
  }
  return findings
}
