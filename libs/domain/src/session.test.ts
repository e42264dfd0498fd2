import fc from 'fast-check'
import type { SessionEvent } from '@voltrail/contracts/events/registry'
import type { FactId, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { OccurredAt } from '@voltrail/contracts/quantities'
import { at, foldHistory, given, recorded } from './fixtures/given.ts'
import { readRegister } from './registers.ts'
import {
  changeChargingState,
  emptySummary,
  meterSession,
  session,
  startSession,
  type MeterSession,
  type SessionStarted,
} from './session.ts'
import { meterAfterStop, stopSession, wholeSession, type WholeSession } from './session-end.ts'

const when = (minutes: number): OccurredAt => ({
  receivedAt: at(minutes),
  effectiveAt: at(minutes),
  reason: 'charger-clock',
})
const tokenRef = 'a'.repeat(32) as TokenRef
const start = (change: Partial<SessionStarted> = {}): SessionStarted => ({
  transactionId: '7' as TransactionId,
  evseId: 1,
  connectorId: 1,
  idToken: { ref: tokenRef, type: 'ISO14443', sealed: { owner: tokenRef, key: 'k', text: 't' } },
  authorization: { status: 'Accepted', reason: 'as issued' },
  startKey: 'key',
  meterStart: readRegister('1000', 'Wh'),
  startedAt: when(0),
  ...change,
})
const started = (change: Partial<SessionStarted> = {}): SessionEvent => ({
  type: 'SessionStarted',
  data: start(change),
})
const metering = (wh: string, minutes: number, key = `${wh}@${minutes}`, factId?: string) => ({
  factId: factId as FactId | undefined,
  contentKey: key,
  registers: [{ at: at(minutes), reading: readRegister(wh, 'Wh') }],
  live: {},
  measuredAt: at(minutes),
})
const stopping = (meterStop: string | undefined, minutes: number, inferred = false) => ({
  stoppedAt: inferred ? { ...when(minutes), reason: 'inferred' as const } : when(minutes),
  meterStop: meterStop === undefined ? undefined : readRegister(meterStop, 'Wh'),
  reason: 'Local',
  inferred,
  registers: [],
})
/** Meter values before the stop or after it. */
const metered = (command: MeterSession, state: WholeSession) =>
  state.summary.stop === undefined ? meterSession(command, state) : meterAfterStop(command, state)
const meter = (wh: string, minutes: number) => (history: SessionEvent[]) =>
  given(wholeSession, ...history).when((s) => metered(metering(wh, minutes), s)).events
const stop =
  (meterStop: string | undefined, minutes: number, inferred = false) =>
  (history: SessionEvent[]) =>
    given(wholeSession, ...history).when((s) => stopSession(stopping(meterStop, minutes, inferred), s)).events
const history = (...steps: ((h: SessionEvent[]) => readonly SessionEvent[])[]): SessionEvent[] =>
  steps.reduce<SessionEvent[]>((h, step) => [...h, ...step(h)], [started()])

describe('a session', () => {
  it('starts once, however often it is told', () =>
    given(wholeSession, started())
      .when((s) => startSession(start(), s))
      .thenNothing())
  it('records the start of a blocked tag too', () => {
    const blocked = start({ authorization: { status: 'Blocked', reason: 'as issued' } })
    given(wholeSession)
      .when((s) => startSession(blocked, s))
      .then({ type: 'SessionStarted', data: blocked })
  })
  it('is stopped by its own token, by another of its group, or by somebody else’s, which is recorded too', () => {
    const ref = (of: string) => of.repeat(32) as TokenRef
    const by = (idTokenRef: TokenRef, groupRef?: TokenRef) =>
      given(wholeSession, started({ groupRef: ref('f') })).when((s) =>
        stopSession({ ...stopping('1500', 10), idTokenRef, groupRef }, s),
      ).events[0]?.data
    expect(by(tokenRef)).toMatchObject({ idTokenRef: tokenRef, stoppedBy: 'starter' })
    expect(by(ref('b'), ref('f'))).toMatchObject({ idTokenRef: ref('b'), stoppedBy: 'group' })
    expect(by(ref('f'))).toMatchObject({ stoppedBy: 'group' })
    expect(by(ref('b'), tokenRef)).toMatchObject({ stoppedBy: 'group' })
    expect(by(ref('b'), ref('e'))).toMatchObject({ idTokenRef: ref('b'), stoppedBy: 'other' })
    expect(by(ref('b'))).toMatchObject({ energyWh: 500, stoppedBy: 'other' })
    const late = given(wholeSession, ...history(stop(undefined, 9, true))).when((s) =>
      stopSession({ ...stopping('1500', 10), idTokenRef: ref('b') }, s),
    )
    expect(late.events[0]).toMatchObject({
      type: 'SessionCorrected',
      data: { idTokenRef: ref('b'), stoppedBy: 'other' },
    })
  })
  it('leaves its id to the start that has it', () =>
    given(wholeSession, started())
      .when((s) => startSession(start({ startKey: 'other' }), s))
      .thenRejected({ kind: 'taken-by-another-start' }))
  it('has no meter values, stop or suspension before its start', () => {
    given(wholeSession)
      .when((s) => meterSession(metering('1', 1), s))
      .thenRejected({ kind: 'not-started' })
    given(wholeSession)
      .when((s) => stopSession(stopping('1', 1), s))
      .thenRejected({ kind: 'not-started' })
    given(wholeSession)
      .when((s) => changeChargingState({ chargingState: 'SuspendedEV', at: when(1) }, s))
      .thenRejected({ kind: 'not-started' })
  })

  it('counts energy as the difference of its registers', () => {
    const [metered] = meter('1700', 5)(history(meter('1200', 1)))
    expect(metered).toMatchObject({
      type: 'SessionEnergyMetered',
      data: { late: false, summary: { energyWh: 700, meterEvents: 2 } },
    })
  })
  it('knows meter values that it has heard, by their content and by their fact', () => {
    given(wholeSession, ...history(meter('1200', 1)))
      .when((s) => meterSession(metering('1200', 1), s))
      .thenNothing()
    const [event] = given(wholeSession, started()).when((s) =>
      meterSession(metering('1200', 1, 'one', '5.1'), s),
    ).events
    given(wholeSession, started(), { event: event!, factId: '5.1' })
      .when((s) => meterSession(metering('1200', 1, 'another', '5.1'), s))
      .thenNothing()
  })

  it('bills meter stop minus meter start', () =>
    expect(stop('3500', 60)(history(meter('1200', 1)))).toMatchObject([
      { type: 'SessionStopped', data: { energyWh: 2500, energySource: 'meter-stop', inferred: false } },
    ]))
  it('bills its monotone segments when the meter was reset under way', () =>
    expect(stop('400', 60)(history(meter('1500', 1), meter('100', 2)))).toMatchObject([
      { data: { energyWh: 500 + 300, energySource: 'registers' } },
    ]))
  it('bills its registers when the stop brings no meter value', () =>
    expect(stop(undefined, 60)(history(meter('1600', 1)))).toMatchObject([
      { data: { energyWh: 600, energySource: 'registers' } },
    ]))
  it('stops once: another stop of the same transaction is the same stop', () =>
    given(wholeSession, ...history(stop('3500', 60)))
      .when((s) => stopSession(stopping('9999', 61), s))
      .thenNothing())
  it('is corrected by the real stop after an inferred one', () =>
    expect(stop('3500', 60)(history(meter('1600', 1), stop(undefined, 2, true)))).toMatchObject([
      {
        type: 'SessionCorrected',
        data: { cause: 'late-stop', stop: { energyWh: 2500, inferred: false }, summary: { corrections: 1 } },
      },
    ]))
  it('is corrected by the stop that names it after one that was matched with it, and by no other', () => {
    const matched = { ...stopping('1600', 20), matched: true }
    const ended = history((h) => given(wholeSession, ...h).when((s) => stopSession(matched, s)).events)
    expect(ended.at(-1)).toMatchObject({ data: { matched: true, energyWh: 600 } })
    given(wholeSession, ...ended)
      .when((s) => stopSession({ ...matched, meterStop: readRegister('1700', 'Wh') }, s))
      .thenNothing()
    expect(stop('3500', 60)(ended)).toMatchObject([
      {
        type: 'SessionCorrected',
        data: { cause: 'late-stop', stop: { energyWh: 2500 }, summary: { confirmed: true } },
      },
    ])
    given(wholeSession, ...ended, ...stop('3500', 60)(ended))
      .when((s) => stopSession(stopping('9999', 61), s))
      .thenNothing()
  })
  it('is known to its charger once a message has named it', () => {
    const named = (h: SessionEvent[]) =>
      given(wholeSession, ...h).when((s) => meterSession({ ...metering('1200', 1), named: true }, s)).events
    expect(foldHistory(wholeSession, history(meter('1200', 1))).summary.confirmed).toBeUndefined()
    expect(foldHistory(wholeSession, history(named)).summary.confirmed).toBe(true)
    expect(foldHistory(wholeSession, history(stop('3500', 60))).summary.confirmed).toBe(true)
    expect(foldHistory(wholeSession, history(stop(undefined, 60, true))).summary.confirmed).toBeUndefined()
  })
  it('takes in what was measured before its start came, once, as if it had come after it', () => {
    const held = [metering('1200', 1), metering('1700', 5)]
    const decided = given(wholeSession).when((s) => startSession(start(), s, held, '1.1' as FactId))
    expect(decided.events).toMatchObject([
      { type: 'SessionStarted' },
      { type: 'SessionEnergyMetered', data: { summary: { energyWh: 200 } } },
      { type: 'SessionEnergyMetered', data: { summary: { energyWh: 700, meterEvents: 2 } } },
    ])
    const events = decided.events.map((event) => ({ event, factId: '1.1' }))
    expect(foldHistory(wholeSession, events).summary).toEqual((decided.events[2]!.data as { summary: unknown }).summary)
    given(wholeSession, ...events)
      .when((s) => startSession(start(), s, held))
      .thenNothing()
    given(wholeSession, ...events)
      .when((s) => meterSession(held[1]!, s))
      .thenNothing()
  })
  it('says how often its meter went back, and does not mind jitter below a watt-hour', () => {
    expect(stop('400', 60)(history(meter('1500', 1), meter('100', 2)))).toMatchObject([{ data: { meterResets: 1 } }])
    expect(stop('300', 60)(history(meter('1500', 1)))).toMatchObject([{ data: { energyWh: 500, meterResets: 1 } }])
    const [stopped] = stop('1500', 60)(history(meter('1499.9', 1), meter('1499.2', 2), meter('1499.5', 3)))
    expect(stopped).toMatchObject({ data: { energyWh: 500, energySource: 'meter-stop' } })
    expect(stopped!.data).not.toHaveProperty('meterResets')
    expect(stop('999.6', 60)(history())).toMatchObject([{ data: { energyWh: 0, energySource: 'meter-stop' } }])
  })
  it('counts a sample once that its meter values and its stop both tell, whatever its context', () => {
    const samples = [
      { at: at(10), reading: readRegister('1490', 'Wh'), context: 'Sample.Clock' },
      { at: at(10), reading: readRegister('1500', 'Wh'), context: 'Transaction.End' },
    ]
    const ended = history(
      meter('1500', 10),
      (h) =>
        given(wholeSession, ...h).when((s) => stopSession({ ...stopping('1500', 10), registers: samples }, s)).events,
    )
    expect(ended.at(-1)).toMatchObject({ data: { energyWh: 500, energySource: 'meter-stop' } })
  })

  it('does not infer an end that it already has', () =>
    given(wholeSession, ...history(stop('3500', 60)))
      .when((s) => stopSession(stopping(undefined, 70, true), s))
      .thenNothing())

  it('records meter values after the stop without changing a meter stop', () => {
    const events = meter('3400', 59)(history(stop('3500', 60)))
    expect(events).toMatchObject([{ type: 'SessionEnergyMetered', data: { late: true, summary: { energyWh: 2500 } } }])
  })
  it('is corrected by late meter values when no meter stop told its energy', () =>
    expect(meter('1900', 61)(history(meter('1600', 1), stop(undefined, 60)))).toMatchObject([
      { type: 'SessionEnergyMetered', data: { late: true } },
      { type: 'SessionCorrected', data: { cause: 'late-meter', stop: { energyWh: 900, energySource: 'registers' } } },
    ]))

  it('keeps the energy of its stop when values that are older than the stop come after it', () => {
    // the register was reset under way: 500 Wh before, 250 Wh after it, of which the stop alone told the last 100
    const ended = history(meter('1500', 10), meter('50', 20), meter('200', 30), stop('300', 40))
    expect(ended.at(-1)).toMatchObject({ data: { energyWh: 750, energySource: 'registers' } })
    for (const late of [meter('150', 25), meter('250', 35), meter('300', 40)]) {
      expect(late(ended)).toMatchObject([
        { type: 'SessionEnergyMetered', data: { late: true, summary: { energyWh: 750 } } },
      ])
    }
    // after the meter stop it is another session's
    expect(meter('320', 41)(ended)).toMatchObject([{ data: { summary: { energyWh: 750 } } }])
  })
  it('keeps the energy of a late real stop when older values come after it', () => {
    const ended = history(meter('1500', 10), meter('50', 20), stop(undefined, 30, true), stop('300', 40))
    expect(ended.at(-1)).toMatchObject({ type: 'SessionCorrected', data: { stop: { energyWh: 750 } } })
    expect(meter('200', 35)(ended)).toMatchObject([
      { type: 'SessionEnergyMetered', data: { summary: { energyWh: 750 } } },
    ])
  })

  it('folds ten thousand meter values in linear time, all of them for its end', () => {
    const length = 10_000
    const values = Array.from({ length }, (_, i): SessionEvent => ({
      type: 'SessionEnergyMetered',
      data: {
        contentKey: `${i}`,
        registers: [{ at: at(i), reading: readRegister(String(i < 5_000 ? 1000 + i : i - 5_000), 'Wh') }],
        live: {},
        measuredAt: at(i),
        late: false,
        summary: emptySummary,
      },
    }))
    let state = foldHistory(wholeSession, [started()])
    const told = values.map((event) => {
      state = wholeSession.evolve(state, recorded(event, 1))
      return state.metered
    })
    // each state shares what was before it: nothing is copied
    expect(told.every((one, i) => one?.before === told[i - 1])).toBe(true)
    const decided = stopSession(stopping('5200', length), state)
    expect(decided).toMatchObject({ accepted: [{ data: { meterResets: 1, energyWh: 4999 + 5200 } }] })
  })
  it('stores of a very long list of readings only what its energy depends on, and how many they were', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => (i < 5000 ? i * 4 : (i - 5000) * 3))
    const registers = values.map((wh, i) => ({ at: at(i / 1000), reading: readRegister(String(wh), 'Wh') }))
    const all = { ...stopping(undefined, 60), registers }
    const decided = stopSession(all, foldHistory(wholeSession, [started({ meterStart: readRegister('0', 'Wh') })]))
    const [stopped] = 'accepted' in decided ? decided.accepted : []
    expect(stopped).toMatchObject({ data: { energyWh: 4999 * 4 + 4999 * 3, energySource: 'registers' } })
    const stored = stopped!.data as { registers: unknown[]; registersTold: number }
    expect(stored.registers.length).toBeLessThan(250)
    expect(stored.registersTold).toBeGreaterThan(9_000)
    expect(foldHistory(wholeSession, [started({ meterStart: readRegister('0', 'Wh') }), stopped!]).summary).toEqual(
      (stopped!.data as { summary: unknown }).summary,
    )
  })

  it('tells a change of its charging state, and only a change', () => {
    const suspended = { chargingState: 'SuspendedEV' as const, at: when(3) }
    given(wholeSession, started())
      .when((s) => changeChargingState(suspended, s))
      .thenMatching({ type: 'SessionChargingStateChanged' })
    given(wholeSession, started(), { type: 'SessionChargingStateChanged', data: suspended })
      .when((s) => changeChargingState(suspended, s))
      .thenNothing()
    const resumed = { chargingState: 'Charging' as const, at: when(4) }
    given(
      session,
      started(),
      { event: { type: 'SessionChargingStateChanged', data: suspended }, factId: '1.7' },
      { type: 'SessionChargingStateChanged', data: resumed },
    )
      .when((s) => changeChargingState({ ...suspended, factId: '1.7' as FactId }, s))
      .thenNothing()
  })

  it('has in each summary what the fold of its whole history gives', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('meter' as const),
        wh: fc.integer({ min: 0, max: 5000 }),
        minute: fc.integer({ min: 0, max: 90 }),
      }),
      fc.record({
        kind: fc.constant('stop' as const),
        wh: fc.option(fc.integer({ min: 0, max: 5000 })),
        inferred: fc.boolean(),
      }),
      fc.record({
        kind: fc.constant('state' as const),
        to: fc.constantFrom('Charging' as const, 'SuspendedEV' as const),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const events: { event: SessionEvent; factId: string }[] = [{ event: started(), factId: '1.0' }]
        for (const [i, one] of steps.entries()) {
          const state = foldHistory(wholeSession, events)
          const factId = `1.${i + 1}` as FactId
          const decided =
            one.kind === 'meter'
              ? metered({ ...metering(String(one.wh), one.minute), factId }, state)
              : one.kind === 'stop'
                ? stopSession(
                    { ...stopping(one.wh === null ? undefined : String(one.wh), 95, one.inferred), factId },
                    state,
                  )
                : changeChargingState({ chargingState: one.to, at: when(50) }, state)
          if ('accepted' in decided) for (const event of decided.accepted) events.push({ event, factId })
        }
        const all = events.map(({ event, factId }, revision) => recorded(event, revision, { factId }))
        for (const [i, event] of all.entries()) {
          const restored = session.restore?.(event, all[0])
          if (restored !== undefined) expect(restored).toEqual(foldHistory(session, events.slice(0, i + 1)))
        }
      }),
    )
  })
})
