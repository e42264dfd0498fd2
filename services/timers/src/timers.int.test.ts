import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { connectBus, type Bus } from '@voltrail/bus/bus'
import type { ConnectionEpoch } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { presenceBucket, presenceKey } from '@voltrail/contracts/subjects'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import { connectEventLog, type EsdbLog } from '@voltrail/event-store/esdb-log'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { openTestNats, type TestNats } from '@voltrail/nats-dev/test-nats'
import { timersConfig } from './config.ts'
import { chargerId, hours, idToken, minutes, recording, tenant, transactionId } from './fixtures/world.ts'
import { startTimers, type Timers } from './timers.ts'

const ofCharger = chargerStream(tenant, chargerId)
const ofSession = sessionStream(tenant, sessionId(chargerId, transactionId))

/** Waits for a condition, up to 20 s. */
const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  const deadline = performance.now() + 20_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited 20 s for ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('timers', () => {
  let store: Awaited<ReturnType<typeof startEventStoreDev>>
  let nats: TestNats
  let bus: Bus
  let log: EsdbLog
  /** the clock of the charger and of the instances in this process: the real one, moved ahead */
  let ahead: number
  let record: ReturnType<typeof recording>
  const now = () => Date.now() + ahead
  const running: Timers[] = []
  const children: ChildProcess[] = []

  const environment = (pod: string) => ({
    ESDB_URL: store.connectionString,
    NATS_URL: nats.url,
    LOG_LEVEL: 'silent',
    POD_NAME: pod,
  })
  const start = async (pod: string, leaseMs = 1_000): Promise<Timers> => {
    const timers = await startTimers(timersConfig(environment(pod)), { now, tickMs: 50, sweepMs: 100, leaseMs })
    running.push(timers)
    return timers
  }
  /** The real process, by its own clock. */
  const startProcess = (pod: string): ChildProcess => {
    const main = join(__dirname, 'main.ts')
    const child = spawn(process.execPath, ['--import', 'tsx', main], {
      env: { ...process.env, ...environment(pod) },
      stdio: 'ignore',
    })
    children.push(child)
    return child
  }
  const typesOf = async (stream: string): Promise<string[]> => {
    const types: string[] = []
    for await (const event of log.readForward(stream, 0)) types.push(event.type)
    return types
  }
  const count = async (stream: string, type: string) => (await typesOf(stream)).filter((one) => one === type).length
  const readiness = async ({ healthPort }: Timers) =>
    (await (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).json()) as { ready: boolean; failing: object }
  const metrics = async ({ healthPort }: Timers) => (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text()

  beforeEach(async () => {
    ahead = 0
    store = await startEventStoreDev({ data: 'memory', port: 0 })
    nats = await openTestNats()
    bus = await connectBus({ url: nats.url, name: 'test' })
    log = connectEventLog({ connectionString: store.connectionString, besideAnotherAppender: true })
    record = recording(createWriteLoop({ log, cacheSize: 100, build: 'test' }), now)
  })
  afterEach(async () => {
    for (const timers of running.splice(0)) await timers.stop()
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await log.close()
    await bus.close()
    await nats.stop()
    await store.stop()
  })

  const charging = async () => {
    await record.connect()
    await record.open()
    await record.start()
    await record.status('Charging')
    await record.meter('6000')
    await record.status('Available')
  }

  it('has one that works; the other takes over when it goes, and what was done is not done again', async () => {
    ahead = -15 * minutes
    await charging()
    ahead = 0
    const first = startProcess('timers-1')
    await until(async () => (await typesOf(ofCharger)).includes('TransactionClosed'))
    const second = await start('timers-2', 10_000)
    await until(async () => (await readiness(second)).ready)
    expect(second.active()).toBe(false)
    first.kill('SIGTERM')
    await until(() => second.active())
    ahead += 168 * hours
    await until(async () => (await typesOf(ofSession)).includes('SessionSettled'))
    expect(await metrics(second)).toMatch(/voltrail_timers_fired_total\{kind="session-settled",service="timers"\} 1/)
    expect(await count(ofSession, 'SessionStopped')).toBe(1)
    expect(await count(ofCharger, 'TransactionClosed')).toBe(1)
  })

  it('fires what fell due while no process ran, and once, though it is killed and started again', async () => {
    ahead = -15 * minutes
    await charging()
    await record.request('c-1', {
      type: 'RemoteStart',
      evseId: 2,
      idToken: { ...idToken, ref: 'e'.repeat(32) as never },
    })
    await record.settle('c-1', { outcome: 'result', status: 'Accepted', payload: {} })
    ahead = 0
    const killed = startProcess('timers-1')
    await until(async () => (await typesOf(ofSession)).includes('SessionStopped'))
    const gone = once(killed, 'exit')
    killed.kill('SIGKILL')
    await gone
    startProcess('timers-2')
    // the lease of the one that was killed runs out first
    await until(
      async () =>
        (await typesOf(ofCharger)).includes('TransactionClosed') &&
        (await typesOf(ofCharger)).includes('RemoteStartUnused'),
    )
    expect(await count(ofSession, 'SessionStopped')).toBe(1)
    expect(await count(ofCharger, 'TransactionClosed')).toBe(1)
    expect(await count(ofCharger, 'RemoteStartUnused')).toBe(1)
  })

  it('ends a connection whose edge is gone, by the presence that edges keep, and no other', async () => {
    await record.connect()
    const board = await bus.keyValue(presenceBucket, { ttlMs: 120_000 })
    const entry = { epoch: '1' as ConnectionEpoch, edge: 'edge-1', lastSeenAt: instant(now()) }
    await board.put(presenceKey(tenant, chargerId), Buffer.from(JSON.stringify(entry)))
    const timers = await start('timers-1')
    await until(() => timers.active())
    ahead += 10 * minutes
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await count(ofCharger, 'ChargerDisconnected')).toBe(0)
    await board.delete(presenceKey(tenant, chargerId))
    // the absence is seen by one sweep, and has lasted at the next
    await new Promise((resolve) => setTimeout(resolve, 500))
    ahead += 3 * minutes
    await until(async () => (await typesOf(ofCharger)).includes('ChargerDisconnected'))
  })

  it('ends no connection where no edge has ever kept presence', async () => {
    await record.connect()
    const timers = await start('timers-1')
    await until(() => timers.active())
    ahead += 24 * hours
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await count(ofCharger, 'ChargerDisconnected')).toBe(0)
  })

  it('is not ready when an event cannot be read, and says which', async () => {
    const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
    await log.appendBytes(
      'charger-default.ODD',
      [{ id: '00000000-0000-8000-8000-000000000001', type: 'Foreign', data: bytes({}), metadata: bytes({}) }],
      -1,
    )
    const timers = await start('timers-1')
    await until(async () => !(await readiness(timers)).ready)
    expect(JSON.stringify((await readiness(timers)).failing)).toContain('event 0 of charger-default.ODD cannot be read')
  })
})
