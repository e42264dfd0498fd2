import type { SessionStop } from '@voltrail/contracts/events/session'
import type { ChargerEvent, DomainEvent, EventNamed } from '@voltrail/contracts/events/registry'
import { parseReviewId, type ReviewKind } from '@voltrail/contracts/rest/reviews'
import { parseStream } from '@voltrail/contracts/streams'
import { accept, reject, type Decision } from '../decider.ts'
import type { ChargerState } from './charger.ts'
import { contestSettled } from './takeovers.ts'

/** What waits for an operator, and what becomes of it. What waits is an event: `<stream>@<revision>` names it for ever. */

export interface Review {
  /** the gravest first */
  readonly kinds: readonly [ReviewKind, ...ReviewKind[]]
  readonly detail: string
}

/** Why an event waits for review; `undefined` for one that does not. */
export const reviewOf = (event: DomainEvent): Review | undefined => {
  switch (event.type) {
    case 'FrameParked': {
      const { meant, reason, detail } = event.data
      return { kinds: [reason], detail: `${meant}: ${detail}` }
    }
    case 'ChargerIdentityContested': {
      const { takeovers, remoteAddress, incumbentAddress, serialNumbers } = event.data
      const boxes = serialNumbers === undefined ? '' : ` (they booted as ${serialNumbers.join(', ')})`
      return {
        kinds: ['contested-identity'],
        detail: `${remoteAddress} took the connection over from ${incumbentAddress} and back, ${takeovers} times: two boxes may share this identity${boxes}`,
      }
    }
    case 'SessionStarted':
      return event.data.startedAt.reason === 'untrusted-clock'
        ? { kinds: ['untrusted-clock'], detail: clockDetail('start', event.data.startedAt) }
        : undefined
    case 'SessionStopped':
      return reviewOfEnd(event.data)
    case 'SessionCorrected': {
      const { cause, stop } = event.data
      if (cause === 'review') return undefined
      if (cause === 'late-stop') return reviewOfEnd(stop)
      return stop.meterResets === undefined ? undefined : { kinds: ['meter-reset'], detail: resetDetail(stop) }
    }
    case 'SessionUnpriced':
      return event.data.reason === 'out-of-range'
        ? {
            kinds: ['unpriced'],
            detail: 'the price is beyond what an amount of money can be: the energy or the times are wrong',
          }
        : undefined
    default:
      return undefined
  }
}

const reviewOfEnd = (stop: SessionStop): Review | undefined => {
  const { stoppedAt, inferred } = stop
  // an end that an operator decided was reviewed
  const told = stoppedAt.reason === 'review'
  const found: [ReviewKind, string][] = [
    ...(inferred && !told
      ? [['inferred-end', `no stop came; the end was inferred (${stop.reason})`] as [ReviewKind, string]]
      : []),
    ...(stoppedAt.reason === 'untrusted-clock'
      ? [['untrusted-clock', clockDetail('stop', stoppedAt)] as [ReviewKind, string]]
      : []),
    ...(stop.meterResets !== undefined && !told ? [['meter-reset', resetDetail(stop)] as [ReviewKind, string]] : []),
  ]
  const [first, ...others] = found.map(([kind]) => kind)
  return first === undefined
    ? undefined
    : { kinds: [first, ...others], detail: found.map(([, detail]) => detail).join('; ') }
}

const resetDetail = ({ meterResets = 0 }: SessionStop): string =>
  `the meter was reset or replaced, or went back, ${meterResets} times; billed as the sum of what it counted up`
const clockDetail = (what: 'start' | 'stop', { charger, receivedAt }: SessionStop['stoppedAt']): string =>
  `the ${what} says ${charger ?? 'no time'} and came at ${receivedAt}: the charger's clock cannot be trusted`

export type SettledReview = EventNamed<'ReviewSettled'>['data']

const keptReviews = 16

/** The charger's state after a review was settled. */
export const rememberReview = (
  state: ChargerState,
  { subject, decision, transactionId }: SettledReview,
): ChargerState => ({
  ...(isNewestContest(state, subject) ? contestSettled(state) : state),
  settledReviews: [
    ...(state.settledReviews ?? []).slice(1 - keptReviews),
    { subject, decision, ...(transactionId === undefined ? {} : { transactionId }) },
  ],
})

const isNewestContest = ({ contestedRevision }: ChargerState, subject: string): boolean => {
  const place = parseReviewId(subject)
  return (
    place?.revision === contestedRevision && place !== undefined && parseStream(place.stream)?.category === 'charger'
  )
}

/** Records what an operator decided, once: told again it makes nothing, another decision is refused. */
export const settleReview = (
  settled: SettledReview,
  state: ChargerState,
): Decision<ChargerEvent, { readonly kind: 'already-settled' }> => {
  const known = state.settledReviews?.find(({ subject }) => subject === settled.subject)
  if (known === undefined) return accept<ChargerEvent>({ type: 'ReviewSettled', data: settled })
  return known.decision === settled.decision && known.transactionId === settled.transactionId
    ? accept()
    : reject({ kind: 'already-settled' })
}
