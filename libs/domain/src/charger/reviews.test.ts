import type { ChargerEvent, DomainEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId, SessionId, ChargerId } from '@voltrail/contracts/ids'
import type { OccurredAt, Wh } from '@voltrail/contracts/quantities'
import { at, given } from '../fixtures/given.ts'
import { emptySummary } from '../session.ts'
import { charger } from './charger.ts'
import { reviewOf, settleReview, type SettledReview } from './reviews.ts'

const when = (reason: OccurredAt['reason']): OccurredAt => ({
  charger: at(0),
  receivedAt: at(5),
  effectiveAt: at(5),
  reason,
})
const ended = (reason: OccurredAt['reason'], inferred = false, resets = 0) => {
  const stop = {
    stoppedAt: when(reason),
    reason: 'Local',
    inferred,
    energyWh: 7 as Wh,
    energySource: 'registers' as const,
    ...(resets === 0 ? {} : { meterResets: resets }),
  }
  return { stop, summary: { ...emptySummary, stop } }
}
const stopped = (...args: Parameters<typeof ended>): DomainEvent => {
  const { stop, summary } = ended(...args)
  return { type: 'SessionStopped', data: { ...stop, registers: [], summary } }
}
const corrected = (cause: 'late-stop' | 'late-meter' | 'review', ...args: Parameters<typeof ended>): DomainEvent => ({
  type: 'SessionCorrected',
  data: { cause, detail: 'd', ...ended(...args) },
})

const metered = (suspect?: true): DomainEvent => ({
  type: 'SessionEnergyMetered',
  data: {
    contentKey: 'k',
    registers: [],
    live: {},
    measuredAt: at(1),
    late: false,
    ...(suspect && { suspect }),
    summary: emptySummary,
  },
})
const doubted = (event: DomainEvent) => ({ ...event, data: { ...event.data, suspect: true } }) as DomainEvent
const startedAs = (more: object): DomainEvent => ({
  type: 'SessionStarted',
  data: {
    transactionId: '7' as TransactionId,
    evseId: 1,
    connectorId: 1,
    idToken: {
      ref: 'a'.repeat(32) as TokenRef,
      type: 'ISO14443',
      sealed: { owner: 'a'.repeat(32) as TokenRef, key: '', text: '' },
    },
    authorization: { status: 'Accepted', reason: 'as issued' },
    startKey: 'k',
    startedAt: when('charger-clock'),
    ...more,
  },
})

describe('what waits for review', () => {
  it.each<[string, readonly string[] | undefined, DomainEvent]>([
    ['an end that was inferred', ['inferred-end'], stopped('inferred', true)],
    ['a stop of an untrusted clock', ['untrusted-clock'], stopped('untrusted-clock')],
    ['a meter that went back', ['meter-reset'], stopped('charger-clock', false, 1)],
    ['all of these', ['inferred-end', 'untrusted-clock', 'meter-reset'], stopped('untrusted-clock', true, 2)],
    ['energy that contradicts the power', ['suspect-energy'], metered(true)],
    ['usual energy', undefined, metered()],
    ['a start that contradicts the power', ['suspect-energy'], startedAs({ suspect: true })],
    ['a stop that does', ['suspect-energy', 'meter-reset'], doubted(stopped('charger-clock', false, 1))],
    ['energy that was vouched for and has changed', ['suspect-energy'], doubted(corrected('late-stop', 'inferred'))],
    ['the same by late readings', ['suspect-energy'], doubted(corrected('late-meter', 'inferred', true))],
    ['a start that an ended session had before', ['ambiguous-start'], startedAs({ ambiguousStart: true })],
    ['a start at a charger that waits for approval', ['unapproved-charger'], startedAs({ unapproved: 'Pending' })],
    ['a usual start', undefined, startedAs({})],
    [
      'such a start of an untrusted clock',
      ['untrusted-clock', 'ambiguous-start'],
      startedAs({ ambiguousStart: true, startedAt: when('untrusted-clock') }),
    ],
    ['a usual stop', undefined, stopped('charger-clock')],
    ['an end that an operator gave', undefined, stopped('review', true, 1)],
    ['a late stop of an untrusted clock', ['untrusted-clock'], corrected('late-stop', 'untrusted-clock')],
    ['a late stop', undefined, corrected('late-stop', 'charger-clock')],
    ['late readings that went back', ['meter-reset'], corrected('late-meter', 'inferred', true, 1)],
    ['late readings', undefined, corrected('late-meter', 'inferred', true)],
    ['what a review corrected', undefined, corrected('review', 'untrusted-clock', true, 1)],
  ])('%s: %j', (_, kinds, event) => {
    expect(reviewOf(event)?.kinds).toEqual(kinds)
  })

  it('says why, for people', () => {
    expect(reviewOf(stopped('untrusted-clock', true, 2))?.detail).toBe(
      `no stop came; the end was inferred (Local); the stop says ${at(0)} and came at ${at(5)}: the charger's clock cannot be trusted; the meter was reset or replaced, or went back, 2 times; billed as the sum of what it counted up`,
    )
    const reset = stopped('charger-clock', false, 1)
    const billedByStop = { ...reset, data: { ...reset.data, energySource: 'meter-stop' } } as typeof reset
    expect(reviewOf(billedByStop)?.detail).toContain('billed as meter stop minus meter start')
  })

  it('is also a parked frame, two boxes under one identity, and an amount beyond money', () => {
    const parked = { meant: 'TransactionStop', reason: 'ambiguous', detail: 'two fit', contentKey: 'k' } as const
    expect(reviewOf({ type: 'FrameParked', data: parked })).toEqual({
      kinds: ['ambiguous'],
      detail: 'TransactionStop: two fit',
    })
    const contested = { takeovers: 6, remoteAddress: '192.0.2.8', incumbentAddress: '192.0.2.7' }
    expect(reviewOf({ type: 'ChargerIdentityContested', data: contested })?.kinds).toEqual(['contested-identity'])
    const unpriced = { sessionId: 'CP1.7' as SessionId, chargerId: 'CP1' as ChargerId, sessionRevision: '3' }
    expect(reviewOf({ type: 'SessionUnpriced', data: { ...unpriced, reason: 'out-of-range' } })?.kinds).toEqual([
      'unpriced',
    ])
    expect(reviewOf({ type: 'SessionUnpriced', data: { ...unpriced, reason: 'no-tariff' } })).toBeUndefined()
  })
})

describe('a review', () => {
  const settled: SettledReview = {
    subject: 'charger-default.CP1@17',
    decision: 'attributed',
    transactionId: '7' as TransactionId,
    note: 'seen on the meter',
  }
  const event: ChargerEvent = { type: 'ReviewSettled', data: settled }

  it('is settled once, however often it is asked', () => {
    given(charger)
      .when((s) => settleReview(settled, s))
      .then(event)
    given(charger, event)
      .when((s) => settleReview({ ...settled, note: 'again' }, s))
      .thenNothing()
  })

  it('is not settled in another way afterwards', () => {
    for (const other of [{ transactionId: '8' as TransactionId }, { decision: 'dismissed' as const }])
      given(charger, event)
        .when((s) => settleReview({ ...settled, ...other }, s))
        .thenRejected({ kind: 'already-settled' })
  })

  it('leaves the others open', () => {
    given(charger, event)
      .when((s) => settleReview({ ...settled, subject: 'charger-default.CP1@18' }, s))
      .thenMatching({ type: 'ReviewSettled' })
  })
})
