import type { DomainEvent, SessionEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { OccurredAt } from '@voltrail/contracts/quantities'
import { reviewOf } from './charger/reviews.ts'
import { at, foldHistory, given } from './fixtures/given.ts'
import { readRegister } from './registers.ts'
import { stopSession, wholeSession, type StopSession } from './session-end.ts'
import { meterSession, type SessionStarted } from './session.ts'

const when = (minutes: number): OccurredAt => ({
  charger: at(minutes),
  receivedAt: at(minutes),
  effectiveAt: at(minutes),
  reason: 'charger-clock',
})
const tokenRef = 'a'.repeat(32) as TokenRef
/** @param meterStart `undefined`: not told, or not readably */
const started = (meterStart: string | undefined): SessionEvent => {
  const data: SessionStarted = {
    transactionId: '7' as TransactionId,
    evseId: 1,
    connectorId: 1,
    idToken: { ref: tokenRef, type: 'ISO14443', sealed: { owner: tokenRef, key: 'k', text: 't' } },
    authorization: { status: 'Accepted', reason: 'as issued' },
    startKey: 'key',
    ...(meterStart === undefined ? { meterStartUnread: true } : { meterStart: readRegister(meterStart, 'Wh') }),
    startedAt: when(0),
  }
  return { type: 'SessionStarted', data }
}
const sample = (minutes: number, wh: string, context?: string) => ({
  at: at(minutes),
  reading: readRegister(wh, 'Wh'),
  ...(context === undefined ? {} : { context }),
})
const metered = (history: SessionEvent[], ...registers: ReturnType<typeof sample>[]): SessionEvent[] => [
  ...history,
  ...given(wholeSession, ...history).when((s) =>
    meterSession({ contentKey: 'm', registers, live: {}, measuredAt: registers.at(-1)!.at }, s),
  ).events,
]
const ended = (history: SessionEvent[], meterStop: string | undefined, change: Partial<StopSession> = {}) => {
  const command = {
    stoppedAt: when(60),
    ...(meterStop === undefined ? { meterStopUnread: true } : { meterStop: readRegister(meterStop, 'Wh') }),
    reason: 'Local',
    inferred: false,
    registers: [],
    ...change,
  }
  const [event] = given(wholeSession, ...history).when((s) => stopSession(command, s)).events
  return { event: event as SessionEvent, review: reviewOf(event as DomainEvent) }
}

describe('a session whose register could not be read, or was not told', () => {
  it.each<[string, string | undefined, string | undefined, number, readonly string[]]>([
    ['meter start', undefined, '9000', 4000, ['meter-start']],
    ['meter stop', '1000', undefined, 6000, ['meter-stop']],
    ['meter start and meter stop', undefined, undefined, 2000, ['meter-start', 'meter-stop']],
  ])('without its %s is billed by its other readings, and waits for review', (_, from, to, energyWh, unread) => {
    const { event, review } = ended(metered([started(from)], sample(10, '5000'), sample(50, '7000')), to)
    expect(event.data).toMatchObject({ energyWh, energySource: 'registers', unread })
    expect(event.data).not.toHaveProperty('suspect')
    expect(review).toMatchObject({ kinds: ['unreadable-register'] })
    expect(review?.detail).toContain('its energy is that between its other readings')
  })

  it('is not billed before its review where nothing tells its energy', () => {
    for (const [from, to] of [
      [undefined, '9000'],
      ['1000', undefined],
      [undefined, undefined],
    ] as const) {
      const { event, review } = ended([started(from)], to)
      expect(event.data).toMatchObject({ energyWh: 0, suspect: true, summary: { suspect: true } })
      expect(review).toMatchObject({ kinds: ['suspect-energy', 'unreadable-register'] })
      expect(review?.detail).toContain('not known; it is not billed until this is settled')
    }
  })

  it('needs none where a sample stands for the register: Transaction.Begin, Transaction.End', () => {
    const begun = metered([started(undefined)], sample(0, '1000', 'Transaction.Begin'), sample(50, '7000'))
    expect(ended(begun, '9000')).toMatchObject({ event: { data: { energyWh: 8000 } }, review: undefined })
    const told = { registers: [sample(60, '9000', 'Transaction.End')] }
    expect(ended([started('1000')], undefined, told)).toMatchObject({
      event: { data: { energyWh: 8000 } },
      review: undefined,
    })
  })

  it('says so of an inferred end too, which tells no meter stop of its own', () => {
    const history = metered([started(undefined)], sample(10, '5000'), sample(50, '7000'))
    const { event, review } = ended(history, undefined, { inferred: true, meterStopUnread: false })
    expect(event.data).toMatchObject({ energyWh: 2000, unread: ['meter-start'] })
    expect(review).toMatchObject({ kinds: ['inferred-end', 'unreadable-register'] })
  })

  it('is told by its stop that comes after all', () => {
    const history = metered([started('1000')], sample(50, '7000'))
    const inferred = ended(history, undefined, { inferred: true, meterStopUnread: false })
    expect(inferred.event.data).not.toHaveProperty('unread')
    const late = ended([...history, inferred.event], undefined)
    expect(late.event).toMatchObject({ type: 'SessionCorrected', data: { stop: { unread: ['meter-stop'] } } })
    expect(late.review).toMatchObject({ kinds: ['unreadable-register'] })
  })

  it('is in the summary as the fold finds it', () => {
    const history = [started(undefined)]
    const { event } = ended(history, '9000')
    const { summary } = event.data as { summary: object }
    expect(foldHistory(wholeSession, [...history, event]).summary).toEqual(summary)
  })
})
