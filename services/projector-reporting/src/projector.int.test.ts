import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ChargerId, TransactionId } from '@voltrail/contracts/ids'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import type { EventStoreDev } from '@voltrail/event-store-dev/server'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import type { TestDatabase } from '@voltrail/postgres-dev/test-database'
import {
  at,
  logOf,
  occurred,
  reading,
  sampleEvents,
  sealed,
  session,
  summary,
  tenant,
  token,
} from '@voltrail/read-models/fixtures/events'
import { rowsOf, silent } from '@voltrail/read-models/fixtures/projected'
import { until } from '@voltrail/read-models/fixtures/until'
import { getSession, openReporting } from '@voltrail/read-models/reporting/queries'
import { readProjectorConfig } from './config.ts'
import { fillLog } from './fixtures/filled-log.ts'
import { rebuildReadModel, startProjector } from './projector.ts'

let store: EventStoreDev
let database: TestDatabase
let log: ReturnType<typeof fillLog>
const closing: (() => Promise<unknown>)[] = []

const settings = () => ({ ESDB_URL: store.connectionString, DATABASE_URL: database.url })
const config = () => readProjectorConfig(settings())
const start = async () => {
  const projector = await startProjector(config(), silent)
  closing.push(() => projector.stop())
  return projector
}

beforeEach(async () => {
  store = await startEventStoreDev({ data: 'memory', port: 0, faults: true })
  database = await openTestDatabase()
  log = fillLog(store.connectionString)
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await log.close()
  await store.stop()
  await database.drop()
})

describe('projector-reporting', () => {
  it('shows what is in the real log, and what comes, and a rebuild gives the same rows', async () => {
    const events = sampleEvents()
    const half = Math.floor(events.length / 2)
    await log.append(events.slice(0, half))
    const projector = await start()
    await until('it is live', () => projector.state() === 'live')
    await log.append(events.slice(half))
    const reader = openReporting({ databaseUrl: database.url })
    closing.push(() => reader.destroy())
    await until('the last bill is there', async () => (await getSession(reader, tenant, session))?.costMinor === 139)
    await until(
      'the other session has energy',
      async () => (await rowsOf(database.url, 'reporting', 'session_energy')).length === 5,
    )

    expect(projector.ready()).toBe(true)
    const base = `http://127.0.0.1:${projector.healthPort}`
    expect((await fetch(`${base}/readyz`)).status).toBe(200)
    const metricsNow = async () => (await fetch(`${base}/metrics`)).text()
    const all = `voltrail_projection_events_total{service="projector-reporting"} ${events.length}\n`
    await until('every event is applied', async () => (await metricsNow()).includes(all))
    const metrics = await metricsNow()
    expect(metrics).toMatch(/voltrail_projection_lag_seconds\{service="projector-reporting"\} 0\n/)
    expect(metrics).toMatch(/voltrail_projection_active\{service="projector-reporting"\} 1\n/)
    expect(metrics).toMatch(/voltrail_projection_position\{service="projector-reporting"\} [1-9]/)

    expect(await rebuildReadModel(config(), undefined, silent)).toMatchObject({ differing: [], events: events.length })
    expect((await getSession(reader, tenant, session))?.costMinor).toBe(139)
    await until('the projector has taken up again', () => projector.state() === 'live')
  })

  it('is not ready in front of an event that it cannot apply, and names it', async () => {
    const { events, add } = logOf()
    const stream = sessionStream(tenant, sessionId(ChargerId.parse('CP1'), TransactionId.parse('1')))
    add(
      chargerStream(tenant, ChargerId.parse('CP1')),
      'ChargerRegistered',
      { registration: 'Accepted', by: 'operator', securityProfile: 0 },
      0,
    )
    add(stream, 'SessionSettled', { at: at(0) }, 1)
    await log.append(events)
    const projector = await start()
    await until('it has stopped', () => projector.state() === 'stopped')
    const answer = await fetch(`http://127.0.0.1:${projector.healthPort}/readyz`)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toEqual({
      ready: false,
      failing: {
        projection: `projection reporting cannot apply SessionSettled at ${stream}@0: session CP1.1 never started`,
      },
    })
    expect(projector.ready()).toBe(false)
    expect(await rowsOf(database.url, 'reporting', 'chargers')).toHaveLength(1)
  })

  it('goes on when the connection to the log was dropped', async () => {
    const events = sampleEvents()
    await log.append(events.slice(0, 10))
    const projector = await start()
    await until('it is live', () => projector.state() === 'live')
    const { port } = store
    await log.close()
    await store.stop()
    await until('it has noticed', () => !projector.ready())
    store = await startEventStoreDev({ data: 'memory', port })
    // an empty log behind the checkpoint holds nothing new; what matters is that it is followed again
    log = fillLog(store.connectionString)
    await until('it follows the log again', () => projector.ready())
  })

  it('rebuilds a few thousand events at a rate worth telling', async () => {
    const { events, add } = logOf()
    const idToken = { ref: token, type: 'ISO14443' as const, sealed: sealed('x') }
    for (let n = 0; n < 50; n++) {
      const transactionId = TransactionId.parse(String(n + 1))
      const stream = sessionStream(tenant, sessionId(ChargerId.parse(`CP${n}`), transactionId))
      add(
        stream,
        'SessionStarted',
        {
          transactionId,
          evseId: 1,
          connectorId: 1,
          idToken,
          authorization: { status: 'Accepted', reason: '' },
          startKey: 's',
          meterStart: reading(0),
          startedAt: occurred(n),
        },
        n,
      )
      for (let m = 1; m < 100; m++) {
        add(
          stream,
          'SessionEnergyMetered',
          {
            contentKey: `${m}`,
            registers: [{ at: at(n + m), reading: reading(m) }],
            live: { powerW: 11_000 },
            measuredAt: at(n + m),
            late: false,
            summary: summary(m),
          },
          n + m,
        )
      }
    }
    await log.append(events)
    const result = await rebuildReadModel(config(), undefined, silent)
    expect(result.events).toBe(5_000)
    process.stdout.write(`rebuild of reporting: ${Math.round(result.events / result.seconds)} events per second\n`)
  })
})

describe('processes of projector-reporting', () => {
  const main = join(__dirname, 'main.ts')

  const run = (...args: string[]): ChildProcess => {
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
      env: { ...process.env, ...settings(), VOLTRAIL_EXIT_WITH_PARENT: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    closing.push(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    })
    return child
  }
  /** Waits for a line of its log; it may have been written already. */
  const says = (child: ChildProcess) => {
    const lines: Record<string, unknown>[] = []
    createInterface({ input: child.stdout! }).on('line', (line) =>
      lines.push(JSON.parse(line) as Record<string, unknown>),
    )
    return (key: string, value: unknown) =>
      until(`it says ${key}=${String(value)}`, () => lines.some((line) => line[key] === value))
  }

  it('hand over when the writing one is killed, and leave identical rows', async () => {
    const events = sampleEvents()
    await log.append(events.slice(0, 30))
    const one = run()
    await says(one)('state', 'live')
    const two = run()
    const twoSays = says(two)
    await twoSays('state', 'standby')
    await log.append(events.slice(30, 45))
    one.kill('SIGKILL')
    await log.append(events.slice(45))
    await twoSays('state', 'live')
    await until('all is there', async () => (await rowsOf(database.url, 'reporting', 'session_energy')).length === 5)
    two.kill('SIGTERM')
    expect(await once(two, 'exit')).toEqual([0, null])
    expect(await rebuildReadModel(config(), undefined, silent)).toMatchObject({ differing: [], events: events.length })
  })

  it('rebuild and end with --rebuild', async () => {
    await log.append(sampleEvents())
    const child = run('--rebuild')
    const exit = once(child, 'exit')
    await says(child)('msg', 'rebuild: done')
    expect(await exit).toEqual([0, null])
    expect(await rowsOf(database.url, 'reporting', 'sessions')).toHaveLength(5)
  })
})
