import type { ConnectionEpoch } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream, tenantStream } from '@voltrail/contracts/streams'
import type { EventLog, LogEvent } from '@voltrail/event-store/event-log'
import { createMemoryLog } from '@voltrail/event-store/memory-log'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { createEngine } from './engine.ts'
import {
  begin,
  chargerId,
  hours,
  idToken,
  memoryPresence,
  minutes,
  recording,
  tenant,
  transactionId,
  virtualClock,
} from './fixtures/world.ts'

const ofCharger = chargerStream(tenant, chargerId)
const ofSession = sessionStream(tenant, sessionId(chargerId, transactionId))
const streams = [tenantStream(tenant), ofCharger, ofSession]

/** One log, a clock, and as many instances of timers as a test wants; each hears the log in its order. */
const world = () => {
  const clock = virtualClock()
  const log = createMemoryLog()
  const presence = memoryPresence()
  const loop = createWriteLoop({ log, cacheSize: 100, build: 'test' })
  const all = async (): Promise<LogEvent[]> => {
    const found: LogEvent[] = []
    for (const stream of streams) for await (const event of log.readForward(stream, 0)) found.push(event)
    return found.toSorted((a, b) => Number((a.position?.commit ?? 0n) - (b.position?.commit ?? 0n)))
  }
  const instance = () => {
    const fired: string[] = []
    const failed: string[] = []
    const engine = createEngine({
      loop: createWriteLoop({ log, cacheSize: 100, build: 'test' }),
      presence: presence.presence,
      now: clock.now,
      pod: 'test',
      build: 'test',
      onFired: (kind) => fired.push(kind),
      onFailed: (error) => failed.push(String(error)),
    })
    let heard = 0
    const catchUp = async () => {
      const events = await all()
      for (const event of events.slice(heard)) engine.hear(event)
      heard = events.length
    }
    return {
      engine,
      fired,
      failed,
      catchUp,
      /** The log as it is now, then the clock as it is now. */
      async run() {
        await catchUp()
        await engine.run()
        await catchUp()
        await engine.run()
        await catchUp()
      },
      async sweep() {
        await catchUp()
        await engine.sweep()
        await catchUp()
      },
    }
  }
  const typesOf = async (stream: string) => (await all()).filter((event) => event.stream === stream).map((e) => e.type)
  return { clock, log, presence, instance, all, typesOf, ...recording(loop, clock.now) }
}
type World = ReturnType<typeof world>

/** A session under way, its connector charging, 5 kWh charged. */
const charging = async (w: World) => {
  await w.connect()
  await w.status('Available')
  await w.status('Preparing')
  await w.open()
  await w.start()
  await w.status('Charging')
  w.clock.advance(30 * minutes)
  await w.meter('6000')
}
const lastOf = async (w: World, stream: string) => (await w.all()).findLast((event) => event.stream === stream)
const found = async (w: World, type: string) => (await w.all()).filter((event) => event.type === type)

describe('a session whose connector is Available', () => {
  it('ends by inference after the time that the tenant allows, not before, once', async () => {
    const w = world()
    await charging(w)
    w.clock.advance(10 * minutes)
    const availableAt = instant(w.clock.now())
    await w.status('Available')
    const timers = w.instance()
    w.clock.advance(15 * minutes - 1)
    await timers.run()
    expect(timers.fired).toEqual([])
    w.clock.advance(1)
    await timers.run()
    expect(timers.fired).toEqual(['connector-available'])
    expect(await lastOf(w, ofSession)).toMatchObject({
      type: 'SessionStopped',
      data: {
        inferred: true,
        reason: 'ConnectorAvailable',
        energyWh: 5000,
        energySource: 'registers',
        stoppedAt: { effectiveAt: availableAt, receivedAt: instant(w.clock.now()), reason: 'inferred' },
      },
      metadata: { actor: { kind: 'service', id: 'timers' }, decision: { settings: { inferAvailableMinutes: 15 } } },
    })
    expect(await lastOf(w, ofCharger)).toMatchObject({ type: 'TransactionClosed', data: { reason: 'inferred' } })
    w.clock.advance(24 * hours)
    await timers.run()
    expect(timers.fired).toEqual(['connector-available'])
  })

  it('goes by what the tenant decided, also when that was decided later', async () => {
    const w = world()
    await charging(w)
    await w.status('Available')
    const timers = w.instance()
    await timers.run()
    await w.settings({ inferAvailableMinutes: 2 })
    w.clock.advance(2 * minutes)
    await timers.run()
    expect(timers.fired).toEqual(['connector-available'])
    expect((await lastOf(w, ofSession))?.metadata.decision).toMatchObject({
      settings: { inferAvailableMinutes: 2 },
      lookups: [{ stream: tenantStream(tenant), revision: 0 }],
    })
  })

  it('does not end when the connector is in use again, or a register grows', async () => {
    const w = world()
    await charging(w)
    await w.status('Available')
    const timers = w.instance()
    w.clock.advance(14 * minutes)
    await w.meter('6500')
    w.clock.advance(14 * minutes)
    await timers.run()
    await w.status('Charging')
    w.clock.advance(60 * minutes)
    await timers.run()
    expect(timers.fired).toEqual([])
  })

  it('does not end on a charger that never leaves Available', async () => {
    const w = world()
    await w.connect()
    await w.status('Available')
    w.clock.advance(5 * minutes)
    await w.open()
    await w.start()
    w.clock.advance(60 * minutes)
    const timers = w.instance()
    await timers.run()
    expect(timers.fired).toEqual([])
  })

  it('is not ended by a boot alone', async () => {
    const w = world()
    await charging(w)
    await w.boot()
    const timers = w.instance()
    w.clock.advance(24 * hours)
    await timers.run()
    expect(timers.fired).toEqual([])
  })

  it('is corrected by a real stop that comes later', async () => {
    const w = world()
    await charging(w)
    await w.status('Available')
    w.clock.advance(15 * minutes)
    await w.instance().run()
    await w.stop('6400')
    expect(await lastOf(w, ofSession)).toMatchObject({
      type: 'SessionCorrected',
      data: { cause: 'late-stop', stop: { energyWh: 5400, inferred: false } },
    })
  })
})

describe('a session on a silent charger', () => {
  it('ends at its last register after the hours that the tenant allows', async () => {
    const w = world()
    await charging(w)
    const metered = instant(w.clock.now())
    const timers = w.instance()
    w.clock.advance(72 * hours - 1)
    await timers.run()
    expect(timers.fired).toEqual([])
    w.clock.advance(1)
    await timers.run()
    expect(timers.fired).toEqual(['charger-silent'])
    expect(await lastOf(w, ofSession)).toMatchObject({
      data: { reason: 'ChargerSilent', energyWh: 5000, stoppedAt: { effectiveAt: metered } },
    })
  })

  it('goes on while presence says that the charger is there', async () => {
    const w = world()
    await charging(w)
    const timers = w.instance()
    w.clock.advance(80 * hours)
    w.presence.show(chargerId, { kind: 'there', epoch: '1' as ConnectionEpoch, lastSeenAt: w.clock.now() })
    await timers.run()
    w.clock.advance(71 * hours)
    w.presence.hide(chargerId)
    await timers.run()
    expect(timers.fired).toEqual([])
    w.clock.advance(1 * hours)
    await timers.run()
    expect(timers.fired).toEqual(['charger-silent'])
  })

  it('waits while nobody can tell who is there, and until presence has worked for 3 minutes', async () => {
    const w = world()
    await charging(w)
    w.presence.works(undefined)
    const timers = w.instance()
    w.clock.advance(100 * hours)
    await timers.run()
    w.presence.works(w.clock.now())
    w.clock.advance(2 * minutes)
    await timers.run()
    expect(timers.fired).toEqual([])
    w.clock.advance(1 * minutes)
    await timers.run()
    expect(timers.fired).toEqual(['charger-silent'])
  })
})

describe('what died half done', () => {
  it('closes a transaction whose session never started, after an hour', async () => {
    const w = world()
    await w.connect()
    await w.open()
    const timers = w.instance()
    w.clock.advance(1 * hours - 1)
    await timers.run()
    expect(timers.fired).toEqual([])
    w.clock.advance(1)
    await timers.run()
    expect(await lastOf(w, ofCharger)).toMatchObject({ type: 'TransactionClosed', data: { reason: 'resolved' } })
    expect(await w.typesOf(ofSession)).toEqual([])
  })

  it('closes a transaction whose session was stopped, when central died between the two', async () => {
    const w = world()
    await charging(w)
    await w.stop('7000')
    const timers = w.instance()
    w.clock.advance(1 * hours)
    await timers.run()
    expect(await lastOf(w, ofCharger)).toMatchObject({ type: 'TransactionClosed', data: { reason: 'stopped' } })
  })

  it('finishes its own end when it died between the two steps', async () => {
    const w = world()
    await charging(w)
    await w.status('Available')
    w.clock.advance(15 * minutes)
    // the charger's stream takes no more appends: as if the process had ended there
    const cut: EventLog = {
      ...w.log,
      append: (stream, events, expected) =>
        stream === ofCharger
          ? Promise.resolve({ outcome: 'unavailable', reason: 'cut' })
          : w.log.append(stream, events, expected),
    }
    const first = createEngine({
      loop: createWriteLoop({ log: cut, cacheSize: 10, build: 'test' }),
      presence: w.presence.presence,
      now: w.clock.now,
      pod: 'test',
      build: 'test',
    })
    for (const event of await w.all()) first.hear(event)
    await first.run()
    expect((await w.typesOf(ofSession)).at(-1)).toBe('SessionStopped')
    const timers = w.instance()
    await timers.run()
    expect(await lastOf(w, ofCharger)).toMatchObject({ type: 'TransactionClosed', data: { reason: 'inferred' } })
    expect(await found(w, 'SessionStopped')).toHaveLength(1)
  })
})

describe('a command', () => {
  it('has an unknown outcome 10 s after its deadline when nobody recorded one', async () => {
    const w = world()
    await w.connect()
    await w.request('c-1', { type: 'ClearCache' })
    const timers = w.instance()
    w.clock.advance(40_000 - 1)
    await timers.run()
    expect(timers.fired).toEqual([])
    w.clock.advance(1)
    await timers.run()
    expect(await lastOf(w, ofCharger)).toMatchObject({ type: 'CommandOutcomeUnknown', data: { commandId: 'c-1' } })
  })

  it('that started nothing within 120 s of its acceptance is told as unused, once', async () => {
    const w = world()
    await w.connect()
    await w.request('c-1', { type: 'RemoteStart', evseId: 1, idToken })
    await w.settle('c-1', { outcome: 'result', status: 'Accepted', payload: {} })
    const timers = w.instance()
    w.clock.advance(120_000 - 1)
    await timers.run()
    expect(timers.fired).toEqual([])
    w.clock.advance(1)
    await timers.run()
    await timers.run()
    expect(timers.fired).toEqual(['remote-start-unused'])
    expect(await lastOf(w, ofCharger)).toMatchObject({ type: 'RemoteStartUnused', data: { commandId: 'c-1' } })
  })

  it.each([
    ['before', true],
    ['after', false],
  ])('that a transaction came of, %s its answer, is not', async (_, opensFirst) => {
    const w = world()
    await w.connect()
    await w.request('c-1', { type: 'RemoteStart', idToken })
    if (opensFirst) await w.open()
    await w.settle('c-1', { outcome: 'result', status: 'Accepted', payload: {} })
    if (!opensFirst) await w.open()
    await w.start()
    w.clock.advance(10 * minutes)
    const timers = w.instance()
    await timers.run()
    expect(timers.fired).toEqual([])
  })

  it('to stop that was accepted is told 120 s later when the transaction goes on, once, and not when it ended', async () => {
    for (const ends of [false, true]) {
      const w = world()
      await w.connect()
      await w.open()
      await w.start()
      await w.request('c-1', { type: 'RemoteStop', transactionId })
      await w.settle('c-1', { outcome: 'result', status: 'Accepted', payload: {} })
      if (ends) {
        await w.stop('2000')
        await w.close()
      }
      w.clock.advance(2 * minutes - 1)
      const timers = w.instance()
      await timers.run()
      expect(timers.fired).toEqual([])
      w.clock.advance(1)
      await timers.run()
      await timers.run()
      expect(timers.fired).toEqual(ends ? [] : ['remote-stop-unheeded'])
      if (!ends)
        expect(await lastOf(w, ofCharger)).toMatchObject({ type: 'RemoteStopUnheeded', data: { commandId: 'c-1' } })
    }
  })

  it('to change availability that was answered Scheduled is told as done when the connectors show it, or as not 5 min after', async () => {
    const scheduled = async () => {
      const w = world()
      await charging(w)
      await w.request('c-1', { type: 'ChangeAvailability', evseId: 1, availability: 'Inoperative' })
      await w.settle('c-1', { outcome: 'result', status: 'Scheduled', payload: {} })
      w.clock.advance(60 * minutes)
      const timers = w.instance()
      await timers.run()
      expect(timers.fired).toEqual([])
      await w.stop('2000')
      await w.close()
      return { w, timers }
    }
    const done = await scheduled()
    await done.w.status('Unavailable')
    await done.timers.run()
    await done.timers.run()
    expect(done.timers.fired).toEqual(['availability-reached'])
    expect(await lastOf(done.w, ofCharger)).toMatchObject({
      type: 'AvailabilityReached',
      data: { commandId: 'c-1', evseId: 1, availability: 'Inoperative' },
    })

    const { w, timers } = await scheduled()
    w.clock.advance(5 * minutes - 1)
    await timers.run()
    expect(timers.fired).toEqual([])
    w.clock.advance(1)
    await timers.run()
    await timers.run()
    expect(timers.fired).toEqual(['availability-unheeded'])
    expect(await lastOf(w, ofCharger)).toMatchObject({ type: 'AvailabilityUnheeded', data: { commandId: 'c-1' } })
    await w.status('Unavailable')
    await timers.run()
    expect(timers.fired).toEqual(['availability-unheeded', 'availability-reached'])
  })

  it('to reset that was accepted is told 10 min later when the charger neither connected nor booted, once', async () => {
    for (const comes of ['nothing', 'connect', 'boot'] as const) {
      const w = world()
      await w.connect()
      await w.request('c-1', { type: 'Reset', kind: 'Hard' })
      await w.settle('c-1', { outcome: 'result', status: 'Accepted', payload: {} })
      w.clock.advance(minutes)
      if (comes !== 'nothing') await w[comes]()
      const timers = w.instance()
      w.clock.advance(9 * minutes - 1)
      await timers.run()
      expect(timers.fired).toEqual([])
      w.clock.advance(1)
      await timers.run()
      await timers.run()
      expect(timers.fired).toEqual(comes === 'nothing' ? ['reset-unheeded'] : [])
      if (comes === 'nothing')
        expect(await lastOf(w, ofCharger)).toMatchObject({ type: 'ResetUnheeded', data: { commandId: 'c-1' } })
    }
  })

  it('that the charger rejected waits for nothing', async () => {
    const w = world()
    await w.connect()
    await w.request('c-1', { type: 'RemoteStart', idToken })
    await w.settle('c-1', { outcome: 'result', status: 'Rejected', payload: {} })
    w.clock.advance(10 * minutes)
    const timers = w.instance()
    await timers.run()
    expect(timers.fired).toEqual([])
  })
})

describe('a connection whose edge is gone', () => {
  it('ends when presence has been absent for 3 minutes while it works', async () => {
    const w = world()
    await w.connect()
    const timers = w.instance()
    await timers.sweep()
    w.clock.advance(3 * minutes - 1)
    await timers.sweep()
    expect(timers.fired).toEqual([])
    w.clock.advance(1)
    await timers.sweep()
    expect(timers.fired).toEqual(['edge-gone'])
    expect(await lastOf(w, ofCharger)).toMatchObject({
      type: 'ChargerDisconnected',
      data: { epoch: '1', edge: 'edge-1', code: 1006, reason: 'edge gone' },
    })
  })

  it('is not ended while its presence is there, or while nobody can tell', async () => {
    const w = world()
    await w.connect()
    const timers = w.instance()
    w.presence.show(chargerId, { kind: 'there', epoch: '1' as ConnectionEpoch, lastSeenAt: begin })
    await timers.sweep()
    w.clock.advance(60 * minutes)
    await timers.sweep()
    w.presence.hide(chargerId)
    await timers.sweep()
    w.clock.advance(2 * minutes)
    w.presence.works(undefined)
    await timers.sweep()
    w.clock.advance(60 * minutes)
    w.presence.works(w.clock.now())
    await timers.sweep()
    w.clock.advance(2 * minutes)
    await timers.sweep()
    expect(timers.fired).toEqual([])
  })

  it('ends though the presence of an older connection still stands there', async () => {
    const w = world()
    await w.connect()
    w.presence.show(chargerId, { kind: 'there', epoch: '0' as ConnectionEpoch, lastSeenAt: begin })
    const timers = w.instance()
    await timers.sweep()
    w.clock.advance(3 * minutes)
    await timers.sweep()
    expect(timers.fired).toEqual(['edge-gone'])
  })
})

describe('an ended session', () => {
  it('is settled some time after the newest of stop and correction', async () => {
    const w = world()
    await charging(w)
    await w.status('Available')
    w.clock.advance(15 * minutes)
    const timers = w.instance()
    await timers.run()
    w.clock.advance(100 * hours)
    await w.stop('7000')
    w.clock.advance(168 * hours - 1)
    await timers.run()
    expect(timers.fired).toEqual(['connector-available'])
    w.clock.advance(1)
    await timers.run()
    await timers.run()
    expect(timers.fired).toEqual(['connector-available', 'session-settled'])
    expect(await lastOf(w, ofSession)).toMatchObject({ type: 'SessionSettled', data: { at: instant(w.clock.now()) } })
    expect(timers.engine.status().dueAt === undefined || timers.engine.status().dueAt! > w.clock.now()).toBe(true)
  })

  it('that a correction opens after it was settled is settled again, after its quiet time', async () => {
    const w = world()
    await charging(w)
    await w.status('Available')
    w.clock.advance(15 * minutes)
    const timers = w.instance()
    await timers.run()
    w.clock.advance(168 * hours)
    await timers.run()
    expect(timers.fired).toEqual(['connector-available', 'session-settled'])
    await w.stop('7000')
    expect(await lastOf(w, ofSession)).toMatchObject({
      type: 'SessionCorrected',
      data: { cause: 'late-stop', summary: { settled: false } },
    })
    w.clock.advance(168 * hours - 1)
    await timers.run()
    expect(timers.fired).toHaveLength(2)
    w.clock.advance(1)
    await timers.run()
    await timers.run()
    expect(timers.fired).toEqual(['connector-available', 'session-settled', 'session-settled'])
    expect(await lastOf(w, ofSession)).toMatchObject({ type: 'SessionSettled', data: { at: instant(w.clock.now()) } })
  })

  it('is not settled while its energy waits for review', async () => {
    const w = world()
    await charging(w)
    await w.meter('9000', { suspect: true })
    await w.stop('9000')
    w.clock.advance(1000 * hours)
    const timers = w.instance()
    await timers.run()
    expect(timers.fired).not.toContain('session-settled')
  })
})

describe('instances', () => {
  /** something of each kind is due */
  const everything = async (w: World) => {
    await charging(w)
    await w.request('c-1', { type: 'ClearCache' })
    await w.request('c-2', { type: 'RemoteStart', evseId: 2, idToken: { ...idToken, ref: 'e'.repeat(32) as never } })
    await w.settle('c-2', { outcome: 'result', status: 'Accepted', payload: {} })
    await w.status('Available')
    w.clock.advance(20 * minutes)
  }

  it('fire the same after a restart, whenever it comes', async () => {
    const [one, two] = [world(), world()]
    await everything(one)
    await everything(two)
    await one.instance().run()
    const before = two.instance()
    await before.catchUp()
    const after = two.instance()
    await after.run()
    const bare = async (w: World) => (await w.all()).map(({ stream, type, data }) => ({ stream, type, data }))
    expect(await bare(two)).toEqual(await bare(one))
  })

  it('append nothing twice when two are active at once', async () => {
    const w = world()
    await everything(w)
    const [a, b] = [w.instance(), w.instance()]
    await a.catchUp()
    await b.catchUp()
    await Promise.all([a.engine.run(), b.engine.run()])
    await Promise.all([a.run(), b.run()])
    const types = (await w.all()).map(({ type }) => type)
    for (const type of ['SessionStopped', 'TransactionClosed', 'CommandOutcomeUnknown', 'RemoteStartUnused'])
      expect([type, types.filter((one) => one === type).length]).toEqual([type, 1])
    expect([...a.failed, ...b.failed]).toEqual([])
  })

  it('try again when the log is away', async () => {
    const w = world()
    await everything(w)
    const waits: string[] = []
    let away = true
    const flaky: EventLog = {
      ...w.log,
      append: (...given) =>
        away ? Promise.resolve({ outcome: 'unavailable', reason: 'away' }) : w.log.append(...given),
    }
    const engine = createEngine({
      loop: createWriteLoop({ log: flaky, cacheSize: 10, build: 'test' }),
      presence: w.presence.presence,
      now: w.clock.now,
      pod: 'test',
      build: 'test',
      onWaits: (reason) => waits.push(reason),
    })
    for (const event of await w.all()) engine.hear(event)
    await engine.run()
    expect(waits).toContain('away')
    expect(await found(w, 'SessionStopped')).toEqual([])
    away = false
    w.clock.advance(5_000)
    await engine.run()
    expect(await found(w, 'SessionStopped')).toHaveLength(1)
  })
})
