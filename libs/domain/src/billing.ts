import type { SessionId } from '@voltrail/contracts/ids'
import type { EventNamed, BillingEvent } from '@voltrail/contracts/events/registry'
import { canonicalJson } from './canonical-json.ts'
import { accept, reject, type Aggregate, type Decision, type Recorded } from './decider.ts'
import { chargedPeriod, priceSession } from './rating.ts'
import type { SessionState } from './session.ts'
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
 * changes the bill credits the rating that no longer holds and rates anew.
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
  if (alreadyAnswered && (state.rated !== undefined || tariff === undefined)) return accept()
  const { chargerId } = sessionParts(sessionId)
  const origin = { sessionId, chargerId, sessionRevision: String(command.sessionRevision) }
  if (tariff === undefined)
    return accept<BillingEvent>({ type: 'SessionUnpriced', data: { ...origin, reason: 'no-tariff' } })
  const stop = summary.stop
  const charged = chargedPeriod(start.startedAt.effectiveAt, stop.stoppedAt.effectiveAt, stop.energyWh)
  const rated: Rated = {
    ...origin,
    kind: stop.inferred ? 'provisional' : 'final',
    charged,
    energySource: stop.energySource,
    tariff: { ...tariff, revision: String(tariff.revision) },
    price: priceSession(charged, tariff.terms),
    free: false,
  }
  const before = state.rated
  if (before === undefined) return accept<BillingEvent>({ type: 'SessionRated', data: rated })
  if (sameBill(before, rated)) return accept()
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
    { type: 'SessionRated', data: rated },
  )
}
