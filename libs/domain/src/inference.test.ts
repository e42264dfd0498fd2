import type { EventNamed, SessionEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { OccurredAt } from '@voltrail/contracts/quantities'
import { at, foldHistory, given } from './fixtures/given.ts'
import { inferStop } from './inference.ts'
import { readRegister } from './registers.ts'
import { meterSession } from './session.ts'
import { stopSession, wholeSession } from './session-end.ts'
import { settleSession } from './settling.ts'

const ref = 'a'.repeat(32) as TokenRef
const occurred = (minutes: number): OccurredAt => ({
  receivedAt: at(minutes),
  effectiveAt: at(minutes),
  reason: 'charger-clock',
})
const started: EventNamed<'SessionStarted'> = {
  type: 'SessionStarted',
  data: {
    transactionId: '7' as TransactionId,
    evseId: 1,
    connectorId: 1,
    idToken: { ref, type: 'ISO14443', sealed: { owner: ref, key: '', text: '' } },
    authorization: { status: 'Accepted', reason: 'as issued' },
    startKey: 'start-1',
    meterStart: readRegister('1000', 'Wh'),
    startedAt: occurred(0),
  },
}
const following = (history: readonly SessionEvent[], decision: Parameters<ReturnType<typeof given>['when']>[0]) =>
  given(wholeSession, ...history).when(decision as never).events as SessionEvent[]
const metered = following([started], (state) =>
  meterSession(
    {
      contentKey: 'm1',
      registers: [{ at: at(30), reading: readRegister('4000', 'Wh') }],
      live: {},
      measuredAt: at(30),
    },
    state as never,
  ),
)
const stopped = following([started, ...metered], (state) =>
  stopSession(
    { stoppedAt: occurred(60), meterStop: readRegister('9000', 'Wh'), reason: 'Local', inferred: false, registers: [] },
    state as never,
  ),
)

describe('an inferred end', () => {
  const inferred = (because: 'NextStart' | 'ConnectorAvailable' | 'ChargerSilent', provenAt?: number) => {
    const command = {
      because,
      receivedAt: at(99),
      ...(provenAt === undefined ? {} : { provenAt: at(provenAt) }),
    }
    return given(wholeSession, started, ...metered).when((state) => inferStop(command, state))
  }
  const ends = (minutes: number, reason: string) => ({
    type: 'SessionStopped',
    data: expect.objectContaining({
      reason,
      inferred: true,
      energyWh: 3000,
      energySource: 'registers',
      stoppedAt: { receivedAt: at(99), effectiveAt: at(minutes), reason: 'inferred' },
    }),
  })

  it('is at the last register when the charger fell silent', () =>
    inferred('ChargerSilent').thenMatching(ends(30, 'ChargerSilent')))
  it('is when the connector became Available', () =>
    inferred('ConnectorAvailable', 45).thenMatching(ends(45, 'ConnectorAvailable')))
  it('is not before the last register', () =>
    inferred('ConnectorAvailable', 20).thenMatching(ends(30, 'ConnectorAvailable')))
  it('is not after the next start; what was measured later is the next session’s, unless it names this one', () => {
    const end = (history: readonly SessionEvent[]) =>
      following([started, ...history], (state) =>
        inferStop({ because: 'NextStart', receivedAt: at(99), provenAt: at(20) }, state as never),
      )[0]?.data
    const at20 = { stoppedAt: { receivedAt: at(99), effectiveAt: at(20), reason: 'inferred' } }
    expect(end(metered)).toMatchObject({ energyWh: 0, ...at20 })
    const named = metered.map((event) => ({ ...event, data: { ...event.data, named: true } }) as SessionEvent)
    expect(end(named)).toMatchObject({ energyWh: 3000, ...at20 })
  })
  it('is at the last register when the next start came later', () =>
    inferred('NextStart', 50).thenMatching(ends(30, 'NextStart')))
  it('is at the start when there was never a register', () => {
    const { meterStart: _, ...data } = started.data
    given(wholeSession, { ...started, data })
      .when((state) => inferStop({ because: 'ChargerSilent', receivedAt: at(99) }, state))
      .thenMatching({
        type: 'SessionStopped',
        data: expect.objectContaining({
          energyWh: 0,
          energySource: 'none',
          stoppedAt: expect.objectContaining({ effectiveAt: at(0) }),
        }),
      })
  })
  it('is nothing for a session that has ended, by a stop or by inference, or never began', () => {
    const decision = (state: Parameters<typeof inferStop>[1]) =>
      inferStop({ because: 'ChargerSilent', receivedAt: at(99) }, state)
    given(wholeSession).when(decision).thenNothing()
    given(wholeSession, started, ...metered, ...stopped)
      .when(decision)
      .thenNothing()
    given(wholeSession, started, ...metered, ...(inferred('ChargerSilent').events as SessionEvent[]))
      .when(decision)
      .thenNothing()
  })
})

describe('a session is settled', () => {
  const settle = (corrections: number) => (state: Parameters<typeof settleSession>[1]) =>
    settleSession({ at: at(999), corrections }, state)
  const settled: SessionEvent = { type: 'SessionSettled', data: { at: at(999) } }

  it('once, after its end', () => {
    given(wholeSession, started).when(settle(0)).thenNothing()
    given(wholeSession, started, ...metered, ...stopped)
      .when(settle(0))
      .then(settled)
    given(wholeSession, started, ...metered, ...stopped, settled)
      .when(settle(0))
      .thenNothing()
  })
  it('not when a correction came meanwhile', () =>
    given(wholeSession, started, ...metered, ...stopped)
      .when(settle(1))
      .thenNothing())
  it('not while its energy waits for review', () => {
    const doubted = given(wholeSession, started).when((s) =>
      meterSession({ contentKey: 'k', registers: [], live: {}, measuredAt: at(5), suspect: true }, s),
    ).events as SessionEvent[]
    const { events } = given(wholeSession, started, ...doubted).when((s) =>
      inferStop({ because: 'ChargerSilent', receivedAt: at(99) }, s),
    )
    given(wholeSession, started, ...doubted, ...(events as SessionEvent[]))
      .when(settle(0))
      .thenNothing()
  })
  it('and its state says so', () =>
    expect(foldHistory(wholeSession, [started, ...metered, ...stopped, settled]).summary.settled).toBe(true))
})
