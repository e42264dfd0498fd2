import type { SessionStop } from '@voltrail/contracts/events/session'
import type { OperatorDecision, ReviewDecision } from '@voltrail/contracts/events/charger'
import type { ChargerEvent, DomainEvent, EventNamed } from '@voltrail/contracts/events/registry'
import { parseReviewId, type ReviewKind } from '@voltrail/contracts/rest/reviews'
import { parseStream } from '@voltrail/contracts/streams'
import { canonicalJson } from '../canonical-json.ts'
import { accept, reject, type Decision, type Recorded } from '../decider.ts'
import type { ChargerState } from './charger-state.ts'
import { parkedStartsSettled } from './parked-starts.ts'
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
    case 'SessionStarted': {
      const { startedAt, ambiguousStart, suspect, unapproved } = event.data
      return reviewFor([
        ...(suspect === true ? [found('suspect-energy', suspectDetail)] : []),
        ...(startedAt.reason === 'untrusted-clock' ? [found('untrusted-clock', clockDetail('start', startedAt))] : []),
        ...(unapproved === undefined ? [] : [found('unapproved-charger', unapprovedDetail(unapproved))]),
        ...(ambiguousStart === true ? [found('ambiguous-start', ambiguousDetail)] : []),
      ])
    }
    case 'SessionEnergyMetered':
      return event.data.suspect === true ? reviewFor([found('suspect-energy', suspectDetail)]) : undefined
    case 'SessionStopped':
      return reviewOfEnd(event.data, event.data.suspect === true ? doubtOfEnd(event.data, suspectDetail) : undefined)
    case 'SessionCorrected': {
      const { cause, stop, suspect } = event.data
      if (cause === 'review') return undefined
      const doubt = suspect === true ? changedDetail : undefined
      if (cause === 'late-stop') return reviewOfEnd(stop, doubt && doubtOfEnd(stop, doubt))
      return reviewFor([
        ...(doubt === undefined ? [] : [found('suspect-energy', doubt)]),
        ...(stop.meterResets === undefined ? [] : [found('meter-reset', resetDetail(stop))]),
      ])
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

/** Whether an event makes the energy of its session doubtful: what an operator says of it the session must hear. */
export const raisesDoubt = (event: DomainEvent): boolean => {
  switch (event.type) {
    case 'SessionStarted':
    case 'SessionEnergyMetered':
    case 'SessionStopped':
    case 'SessionCorrected':
      return event.data.suspect === true
    default:
      return false
  }
}

const reviewOfEnd = (stop: SessionStop, doubt: string | undefined): Review | undefined => {
  const { stoppedAt, inferred } = stop
  // an end that an operator decided was reviewed
  const told = stoppedAt.reason === 'review'
  return reviewFor([
    ...(doubt === undefined ? [] : [found('suspect-energy', doubt)]),
    ...(inferred && !told ? [found('inferred-end', `no stop came; the end was inferred (${stop.reason})`)] : []),
    ...(stoppedAt.reason === 'untrusted-clock' ? [found('untrusted-clock', clockDetail('stop', stoppedAt))] : []),
    ...(stop.meterResets !== undefined && !told ? [found('meter-reset', resetDetail(stop))] : []),
    ...(stop.unread !== undefined && !told ? [found('unreadable-register', unreadDetail(stop))] : []),
  ])
}

/** Why the energy of an end is doubtful: where a register is missing and nothing else tells any, it is not known at all. */
const doubtOfEnd = ({ unread, energyWh }: SessionStop, otherwise: string): string =>
  unread !== undefined && energyWh === 0
    ? 'what it delivered is not known; it is not billed until this is settled'
    : otherwise

type Found = readonly [ReviewKind, string]
const found = (kind: ReviewKind, detail: string): Found => [kind, detail]
const reviewFor = (list: readonly Found[]): Review | undefined => {
  const [first, ...others] = list.map(([kind]) => kind)
  return first === undefined
    ? undefined
    : { kinds: [first, ...others], detail: list.map(([, detail]) => detail).join('; ') }
}

const unapprovedDetail = (registration: 'Pending' | 'Rejected'): string =>
  `its token was good, and its charger was ${
    registration === 'Pending' ? 'not accepted yet' : 'rejected'
  }: it is billed like any other: dismiss this to leave it so; corrected to 0 Wh and an end at its start it is billed for no more than a flat fee`

const ambiguousDetail =
  'it began with the very same facts as a session that has ended: it may be that one, told again by a clock that cannot tell'
const suspectDetail =
  'its energy is a thousandth or a thousandfold of power times time: Wh and kWh may have been taken for each other; it is not billed until this is settled'
const changedDetail =
  'its energy is a thousandth or a thousandfold of power times time, or is another than what was vouched for; it is not billed until this is settled'

const resetDetail = ({ meterResets = 0, energySource }: SessionStop): string => {
  const billed = energySource === 'meter-stop' ? 'meter stop minus meter start' : 'the sum of what it counted up'
  return `the meter was reset or replaced, or went back, ${meterResets} times; billed as ${billed}`
}
const unreadDetail = ({ unread = [], energyWh, energySource }: SessionStop): string =>
  `its ${unread.map((one) => one.replace('-', ' ')).join(' and its ')} could not be read, or was not told; ${
    energySource === 'none' || energyWh === 0
      ? 'no sample tells its energy'
      : 'its energy is that between its other readings'
  }`
const clockDetail = (what: 'start' | 'stop', { charger, receivedAt }: SessionStop['stoppedAt']): string =>
  `the ${what} says ${charger ?? 'no time'} and came at ${receivedAt}: the charger's clock cannot be trusted`

export type SettledReview = EventNamed<'ReviewSettled'>['data']

const keptReviews = 16

/** The charger's state after a review was settled. */
export const rememberReview = (
  state: ChargerState,
  { subject, decision, transactionId }: SettledReview,
): ChargerState => {
  const revision = ownRevision(subject)
  return {
    ...(revision !== undefined && revision === state.contestedRevision ? contestSettled(state) : state),
    ...(revision === undefined ? {} : parkedStartsSettled(state, revision, decision)),
    ...withoutDecision(state, subject),
    settledReviews: [
      ...(state.settledReviews ?? []).slice(1 - keptReviews),
      { subject, decision, ...(transactionId === undefined ? {} : { transactionId }) },
    ],
  }
}

/** The revision of a subject that stands in the charger's own stream. */
const ownRevision = (subject: string): number | undefined => {
  const place = parseReviewId(subject)
  return place !== undefined && parseStream(place.stream)?.category === 'charger' ? place.revision : undefined
}

const keptDecisions = 64
export type DecidedReview = EventNamed<'ReviewDecided'>['data']
type Decided = NonNullable<ChargerState['decidedReviews']>[number]

const withoutDecision = ({ decidedReviews }: ChargerState, subject: string): Pick<ChargerState, 'decidedReviews'> =>
  decidedReviews === undefined ? {} : { decidedReviews: decidedReviews.filter((one) => one.subject !== subject) }

/** The charger's state after a review was decided, or after its decision was withdrawn. */
export const rememberDecision = (
  state: ChargerState,
  { data, metadata }: Extract<Recorded<ChargerEvent>, { type: 'ReviewDecided' }>,
): ChargerState => {
  const { subject, decision, refused } = data
  const others = withoutDecision(state, subject).decidedReviews ?? []
  const one = { subject, decision, by: metadata.actor.id, at: metadata.receivedAt }
  return { ...state, decidedReviews: refused === undefined ? [...others.slice(1 - keptDecisions), one] : others }
}

export type DecisionTaken =
  | { readonly kind: 'already-settled' }
  | { readonly kind: 'already-decided'; readonly decided: Decided }

/**
 * Reserves a review for one decision, before anything comes of it: the same again goes on where it was, another one is refused
 * until this one is settled or withdrawn.
 */
export const decideReview = (
  { subject, decision }: Pick<DecidedReview, 'subject' | 'decision'>,
  state: ChargerState,
): Decision<ChargerEvent, DecisionTaken> => {
  if (state.settledReviews?.some((one) => one.subject === subject) === true) return reject({ kind: 'already-settled' })
  const decided = decidedAs(subject, state)
  if (decided === undefined) return accept<ChargerEvent>({ type: 'ReviewDecided', data: { subject, decision } })
  return isSameDecision(decided.decision, decision) ? accept() : reject({ kind: 'already-decided', decided })
}

/** Withdraws a decision that could not be carried out; one that is not there, or is another, stays as it is. */
export const withdrawDecision = (
  withdrawn: DecidedReview & { readonly refused: string },
  state: ChargerState,
): Decision<ChargerEvent> => {
  const decided = decidedAs(withdrawn.subject, state)
  return decided !== undefined && isSameDecision(decided.decision, withdrawn.decision)
    ? accept<ChargerEvent>({ type: 'ReviewDecided', data: withdrawn })
    : accept()
}

/** What a review was decided to be, while it is not settled yet. */
export const decidedAs = (subject: string, { decidedReviews }: Pick<ChargerState, 'decidedReviews'>) =>
  decidedReviews?.find((one) => one.subject === subject)

const isSameDecision = (a: OperatorDecision, b: OperatorDecision): boolean => canonicalJson(a) === canonicalJson(b)

/** What an operator's decision comes to. */
export const reviewWords = {
  dismiss: 'dismissed',
  attribute: 'attributed',
  correct: 'corrected',
} as const satisfies Record<OperatorDecision['kind'], ReviewDecision>

/** Records what an operator decided, once: told again it makes nothing, another decision is refused. */
export const settleReview = (settled: SettledReview, state: ChargerState): Decision<ChargerEvent, DecisionTaken> => {
  const known = state.settledReviews?.find(({ subject }) => subject === settled.subject)
  const decided = decidedAs(settled.subject, state)
  if (known === undefined && decided !== undefined && reviewWords[decided.decision.kind] !== settled.decision)
    return reject({ kind: 'already-decided', decided })
  if (known === undefined) return accept<ChargerEvent>({ type: 'ReviewSettled', data: settled })
  return known.decision === settled.decision && known.transactionId === settled.transactionId
    ? accept()
    : reject({ kind: 'already-settled' })
}
