import type { BillingEvent, SessionEvent } from '@voltrail/contracts/events/registry'
import type { SessionId, TariffId, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { billing, rateSession } from './billing.ts'
import { at, foldHistory, given } from './fixtures/given.ts'
import { readRegister } from './registers.ts'
import { correctSession } from './session-review.ts'
import type { SessionState } from './session.ts'
import { stopSession, wholeSession } from './session-end.ts'
import type { ChosenTariff } from './tariff.ts'

const ref = 'b'.repeat(32) as TokenRef
const started: SessionEvent = {
  type: 'SessionStarted',
  data: {
    transactionId: '9' as TransactionId,
    evseId: 1,
    connectorId: 1,
    idToken: { ref, type: 'ISO14443', sealed: { owner: ref, key: '', text: '' } },
    authorization: { status: 'Accepted', reason: 'as issued' },
    startKey: 'k',
    meterStart: readRegister('0', 'Wh'),
    startedAt: { receivedAt: at(0), effectiveAt: at(0), reason: 'charger-clock' },
  },
}
const stopped = (wh: string, inferred = false, before: SessionEvent[] = [started]): SessionEvent[] => {
  const decided = stopSession(
    {
      stoppedAt: { receivedAt: at(60), effectiveAt: at(60), reason: inferred ? 'inferred' : 'charger-clock' },
      meterStop: readRegister(wh, 'Wh'),
      reason: 'Local',
      inferred,
      registers: [],
    },
    foldHistory(wholeSession, before),
  )
  return 'accepted' in decided ? [...before, ...decided.accepted] : before
}
const tariff: ChosenTariff = {
  tariffId: 'standard' as TariffId,
  revision: 0,
  reason: 'tenant',
  terms: {
    name: 'Standard',
    currency: 'EUR',
    rounding: 'half-up-per-line',
    elements: [{ price_components: [{ type: 'ENERGY', price: '0.40', vat: '20', step_size: 1 }] }],
  },
}
const rate = (state: SessionState, sessionRevision: number, chosen: ChosenTariff | undefined = tariff) => ({
  sessionId: 'CP1.9' as SessionId,
  session: state,
  sessionRevision,
  tariff: chosen,
})
const events = (...history: BillingEvent[]) => history

describe('the bill of a session', () => {
  const final = foldHistory(wholeSession, stopped('10000'))
  const [first] = given(billing).when((s) => rateSession(rate(final, 1), s)).events

  it('is rated with the tariff, from the revision that ended it', () =>
    expect(first).toMatchObject({
      type: 'SessionRated',
      data: {
        sessionRevision: '1',
        kind: 'final',
        price: { netMinor: 400, vatMinor: 80, costMinor: 480 },
        tariff: { reason: 'tenant' },
      },
    }))
  it('is rated once for a revision, however often it is asked', () =>
    given(billing, ...events(first!))
      .when((s) => rateSession(rate(final, 1), s))
      .thenNothing())
  it('is not touched by an older revision', () =>
    given(billing, ...events(first!))
      .when((s) => rateSession(rate(final, 0), s))
      .thenNothing())
  it('has none before the session has ended', () =>
    given(billing)
      .when((s) => rateSession(rate(foldHistory(wholeSession, [started]), 0), s))
      .thenRejected({ kind: 'not-ended' }))

  it('is provisional when the end was inferred; the correction credits it and rates anew', () => {
    const inferred = stopped('8000', true)
    const [provisional] = given(billing).when((s) =>
      rateSession(rate(foldHistory(wholeSession, inferred), 1), s),
    ).events
    expect(provisional).toMatchObject({ data: { kind: 'provisional', price: { costMinor: 384 } } })
    const corrected = foldHistory(wholeSession, stopped('10000', false, inferred))
    given(billing, ...events(provisional!))
      .when((s) => rateSession(rate(corrected, 2), s))
      .thenMatching(
        { type: 'SessionCredited', data: expect.objectContaining({ creditedRevision: '0', costMinor: 384 }) },
        { type: 'SessionRated', data: expect.objectContaining({ kind: 'final', sessionRevision: '2' }) },
      )
  })
  it('stays as it is when a correction changes nothing that is billed', () =>
    given(billing, ...events(first!))
      .when((s) => rateSession(rate(final, 2), s))
      .thenNothing())
  it('says so when no tariff applies, and is rated when one does', () => {
    const [unpriced] = given(billing).when((s) => rateSession({ ...rate(final, 1), tariff: undefined }, s)).events
    expect(unpriced).toMatchObject({ type: 'SessionUnpriced', data: { reason: 'no-tariff' } })
    given(billing, ...events(unpriced!))
      .when((s) => rateSession({ ...rate(final, 1), tariff: undefined }, s))
      .thenNothing()
    given(billing, ...events(unpriced!))
      .when((s) => rateSession(rate(final, 1), s))
      .thenMatching({ type: 'SessionRated' })
  })
  it('has no price when the amount is beyond all money, and what was rated before is credited', () => {
    const absurd: ChosenTariff = {
      ...tariff,
      terms: {
        ...tariff.terms,
        elements: [{ price_components: [{ type: 'ENERGY', price: '9'.repeat(20), vat: '20', step_size: 1 }] }],
      },
    }
    given(billing)
      .when((s) => rateSession(rate(final, 1, absurd), s))
      .thenMatching({ type: 'SessionUnpriced', data: expect.objectContaining({ reason: 'out-of-range' }) })
    const [unpriced] = given(billing).when((s) => rateSession(rate(final, 1, absurd), s)).events
    given(billing, ...events(unpriced!))
      .when((s) => rateSession(rate(final, 1, absurd), s))
      .thenNothing()
    given(billing, ...events(first!))
      .when((s) => rateSession(rate(final, 2, absurd), s))
      .thenMatching({ type: 'SessionCredited' }, { type: 'SessionUnpriced' })
    given(billing, ...events(first!))
      .when((s) => rateSession({ ...rate(final, 2), tariff: undefined }, s))
      .thenMatching({ type: 'SessionCredited' }, { type: 'SessionUnpriced' })
  })
  it('is for the time from where a review moved the beginning to', () => {
    const decided = correctSession({ startedAt: at(15), at: at(90) }, final)
    const moved = foldHistory(wholeSession, 'accepted' in decided ? [...stopped('10000'), ...decided.accepted] : [])
    const byTime: ChosenTariff = {
      ...tariff,
      terms: {
        ...tariff.terms,
        elements: [{ price_components: [{ type: 'TIME', price: '2.00', vat: '20', step_size: 60 }] }],
      },
    }
    const [before] = given(billing).when((s) => rateSession(rate(final, 1, byTime), s)).events
    given(billing, ...events(before!))
      .when((s) => rateSession(rate(moved, 2, byTime), s))
      .thenMatching(
        { type: 'SessionCredited', data: expect.objectContaining({ netMinor: 200 }) },
        {
          type: 'SessionRated',
          data: expect.objectContaining({
            charged: expect.objectContaining({ startedAt: at(15), endedAt: at(60) }),
            price: expect.objectContaining({ netMinor: 150 }),
          }),
        },
      )
  })
})
