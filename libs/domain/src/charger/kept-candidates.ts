import type { ChargerSummary, OpenTransaction, RegisterCandidate } from '@voltrail/contracts/events/charger'
import type { Instant } from '@voltrail/contracts/quantities'
import { wentBack } from '../registers.ts'

export const keptCandidates = 64
/** For how long a start that comes late may claim what was measured before it. */
export const claimableMs = 7 * 86_400_000

/** The candidates of the last days, the newest of them; an event of a frame is as old as that frame. */
export const candidatesWith = (
  state: Pick<ChargerSummary, 'candidates'>,
  more: readonly RegisterCandidate[],
  replaces?: string,
): RegisterCandidate[] => {
  const known = (state.candidates ?? []).filter(
    // what a start has claimed meanwhile stays
    (one) => one.contentKey !== replaces || one.claim?.transactionId !== more[0]?.claim?.transactionId,
  )
  const all = [...known, ...more].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const newest = all.at(-1)
  if (newest === undefined) return all
  const oldest = Date.parse(newest.at) - claimableMs
  return all.filter((one) => Date.parse(one.at) >= oldest).slice(-keptCandidates)
}

/**
 * The candidates after a start, which takes those that fit it: they are of no other start from now on, except of one that began
 * on the EVSE later and before them, and comes later. They stay, marked: a start that is told again finds what it took.
 * - What names its transaction is its own.
 * - Else what was measured on its EVSE from its time on, until the next start there that is known, and not below its meter start:
 *   such a reading is of another session, or of another register.
 */
export const claimedWith = (
  state: Pick<ChargerSummary, 'candidates' | 'openTransactions' | 'closedTransactions' | 'parkedStarts'>,
  open: OpenTransaction,
): Pick<ChargerSummary, 'candidates'> => {
  if (state.candidates === undefined) return {}
  const { transactionId } = open
  const startedAt = open.startedAt.effectiveAt
  const until = nextStartOn(state, open)
  const oldest = Date.parse(open.startedAt.receivedAt) - claimableMs
  const fits = (one: RegisterCandidate): boolean =>
    one.namedTransaction === undefined
      ? one.evseId === open.evseId &&
        one.at >= startedAt &&
        (until === undefined || one.at < until) &&
        Date.parse(one.at) >= oldest &&
        (one.claim === undefined || one.claim.startedAt < startedAt) &&
        (open.meterStart === undefined || !wentBack(open.meterStart, one.reading))
      : one.namedTransaction === transactionId
  return {
    candidates: state.candidates.map((one) => (fits(one) ? { ...one, claim: { transactionId, startedAt } } : one)),
  }
}

/** The first start after this one on its EVSE that is known, parked ones too. */
const nextStartOn = (
  {
    openTransactions,
    closedTransactions = [],
    parkedStarts = [],
  }: Pick<ChargerSummary, 'openTransactions' | 'closedTransactions' | 'parkedStarts'>,
  { transactionId, evseId, startedAt }: OpenTransaction,
): Instant | undefined =>
  [
    ...openTransactions.map((one) => ({ ...one, at: one.startedAt.effectiveAt })),
    ...closedTransactions.map((one) => ({ ...one, at: one.startedAt })),
    ...parkedStarts,
  ]
    .filter((one) => one.evseId === evseId && one.transactionId !== transactionId)
    .map((one) => one.at)
    .filter((at) => at !== undefined && at > startedAt.effectiveAt)
    .reduce((first, at) => (first === undefined || (at !== undefined && at < first) ? at : first), undefined)
