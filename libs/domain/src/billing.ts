import type { SessionId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import type { EventNamed, BillingEvent } from '@voltrail/contracts/events/registry'
import { canonicalJson } from './canonical-json.ts'
import { accept, reject, type Aggregate, type Decision, type Recorded } from './decider.ts'
import { chargedPeriod, priceSession } from './rating.ts'
import type { SessionStop } from '@voltrail/contracts/events/session'
import { beganAt, type SessionState } from './session.ts'
import { sessionParts } from '@voltrail/contracts/streams'
import type { ChosenTariff } from './tariff.ts'

/** What a session costs: `billing-<tenant>.<session>`. A rating is never changed: it is credited and a new one follows. */

export type Rated = EventNamed<'SessionRated'>['data']

export interface BillingState {
  /** the rating that holds now, and where it stands in this stream */
  readonly rated?: Rated & { readonly at: number }
  /** the newest session revision that was answered here, -1 before any */
  readonly sessionRevision: number
}

const evolve = (state: BillingState, event: Recorded<BillingEvent>): BillingState => {
  const sessionRevision = Number(event.data.sessionRevision)
  switch (event.type) {
    case 'SessionRated':
      return { rated: { ...event.data, at: event.revision }, sessionRevision }
    case 'SessionCredited':
    case 'SessionUnpriced':
      return { sessionRevision }
    default:
      return event satisfies never
  }
}

export const billing: Aggregate<BillingState, BillingEvent> = { initialState: { sessionRevision: -1 }, evolve }

export interface RateSession {
  readonly sessionId: SessionId
  /** the session as of this revision */
  readonly session: SessionState
  readonly sessionRevision: number
  readonly tariff: ChosenTariff | undefined
}

const sameBill = (a: Rated, b: Rated): boolean =>
  canonicalJson([a.kind, a.charged, a.price, a.tariff.tariffId, a.tariff.revision]) ===
  canonicalJson([b.kind, b.charged, b.price, b.tariff.tariffId, b.tariff.revision])

/**
 * Rates a session that has ended, as of one of its revisions. An older or known revision makes nothing; a correction that
 * changes the bill credits the rating that no longer holds and rates anew. Energy that waits for review is not priced.
 */
export const rateSession = (
  command: RateSession,
  state: BillingState,
): Decision<BillingEvent, { kind: 'not-ended' }> => {
  const { sessionId, tariff } = command
  const { start, summary } = command.session
  if (start === undefined || summary.stop === undefined) return reject({ kind: 'not-ended' })
  if (state.sessionRevision > command.sessionRevision) return accept()
  const alreadyAnswered = state.sessionRevision === command.sessionRevision
  if (alreadyAnswered && state.rated !== undefined) return accept()
  const { chargerId } = sessionParts(sessionId)
  const origin = { sessionId, chargerId, sessionRevision: String(command.sessionRevision) }
  const rated =
    summary.suspect === true
      ? ('suspect-energy' as const)
      : tariff === undefined
        ? ('no-tariff' as const)
        : ratedBy(tariff, origin, beganAt(start, summary).effectiveAt, summary.stop)
  if (alreadyAnswered && typeof rated === 'string') return accept()
  const before = state.rated
  if (before !== undefined && typeof rated !== 'string' && sameBill(before, rated)) return accept()
  const next: BillingEvent =
    typeof rated === 'string'
      ? { type: 'SessionUnpriced', data: { ...origin, reason: rated } }
      : { type: 'SessionRated', data: rated }
  if (before === undefined) return accept(next)
  const { currency, netMinor, vatMinor, costMinor } = before.price
  return accept<BillingEvent>(
    {
      type: 'SessionCredited',
      data: {
        ...origin,
        creditedRevision: String(before.at),
        currency,
        netMinor,
        vatMinor,
        costMinor,
        cause: 'the session was corrected',
      },
    },
    next,
  )
}

/** The rating, unless an amount is beyond what money can be: a meter that shows nonsense must not stop the billing of others. */
const ratedBy = (
  tariff: ChosenTariff,
  origin: Pick<Rated, 'sessionId' | 'chargerId' | 'sessionRevision'>,
  startedAt: Instant,
  stop: SessionStop,
): Rated | 'out-of-range' => {
  const charged = chargedPeriod(startedAt, stop.stoppedAt.effectiveAt, stop.energyWh)
  const price = priceSession(charged, tariff.terms)
  const amounts = [price.netMinor, price.vatMinor, price.costMinor, ...price.lines.map((line) => line.netMinor)]
  if (!amounts.every(Number.isSafeInteger)) return 'out-of-range'
  return {
    ...origin,
    kind: stop.inferred ? 'provisional' : 'final',
    charged,
    energySource: stop.energySource,
    tariff: { ...tariff, revision: String(tariff.revision) },
    price,
    free: false,
  }
}
