import type { ChargerSummary, OpenTransaction, RegisterCandidate } from '@voltrail/contracts/events/charger'
import type { Instant } from '@voltrail/contracts/quantities'
import { wentBack } from '../registers.ts'

/** Of one EVSE, or one transaction that is named or has taken them. */
export const keptCandidates = 64
/** Of a charger. */
const keptInAll = 256
/** For how long a start that comes late may claim what was measured before it. */
export const claimableMs = 7 * 86_400_000

/** The candidates of the last days, thinned out where they are too many; an event of a frame is as old as that frame. */
export const candidatesWith = (
  state: Pick<ChargerSummary, 'candidates' | 'openTransactions'>,
  told: readonly RegisterCandidate[],
  replaces?: string,
): RegisterCandidate[] => {
  // the start that they name was opened meanwhile, and its session may not have begun: it takes them like those held before
  const more = told.map((one) => {
    const open = state.openTransactions.find(({ transactionId }) => transactionId === one.namedTransaction)
    if (open === undefined || one.claim !== undefined) return one
    return { ...one, claim: { transactionId: open.transactionId, startedAt: open.startedAt.effectiveAt } }
  })
  const known = (state.candidates ?? []).filter(
    // what a start has claimed meanwhile stays
    (one) => one.contentKey !== replaces || one.claim?.transactionId !== more[0]?.claim?.transactionId,
  )
  const all = [...known, ...more].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const newest = all.at(-1)
  if (newest === undefined) return all
  const oldest = Date.parse(newest.at) - claimableMs
  return bounded(all.filter((one) => Date.parse(one.at) >= oldest))
}

/**
 * What may be kept: what one EVSE tells never costs another one its readings, nor what names one transaction another one's, and of
 * each the first and the last stay. Only where there are more of these than a charger may have, the oldest are let go, first those
 * that a start has taken.
 */
const bounded = (all: readonly RegisterCandidate[]): RegisterCandidate[] => {
  const groups = new Map<string, RegisterCandidate[]>()
  for (const one of all) {
    const key = `${one.namedTransaction ?? `EVSE ${one.evseId}`}, ${one.claim?.transactionId ?? ''}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  let many = [...groups.values()].map((group) => thinnedOut(group, keptCandidates))
  const count = () => many.reduce((sum, group) => sum + group.length, 0)
  while (count() > keptInAll) {
    const longest = many.reduce((a, b) => (b.length > a.length ? b : a))
    if (longest.length > 2) {
      many = many.map((group) => (group === longest ? thinnedOut(group, group.length - 1) : group))
      continue
    }
    const taken = many.filter((group) => group[0]!.claim !== undefined)
    const least = (taken.length > 0 ? taken : many).reduce((a, b) => (b.at(-1)!.at < a.at(-1)!.at ? b : a))
    many = many.filter((group) => group !== least)
  }
  const kept = new Set(many.flat())
  return all.filter((one) => kept.has(one))
}

/**
 * At most so many of readings in the order of time. Each that goes is the one that tells the least: the one with the least time
 * around it, of those where the register rose and nothing is doubted, as long as there are such.
 */
const thinnedOut = (group: readonly RegisterCandidate[], most: number): RegisterCandidate[] => {
  const kept = [...group]
  while (kept.length > Math.max(2, most)) {
    let [least, leastMs] = [1, Infinity]
    for (let i = 1; i < kept.length - 1; i++) {
      const [before, one, after] = [kept[i - 1]!, kept[i]!, kept[i + 1]!]
      const rises = before.reading.wh <= one.reading.wh && one.reading.wh <= after.reading.wh
      const plain = rises && one.suspect !== true && one.context !== 'Transaction.Begin'
      const ms = Date.parse(after.at) - Date.parse(before.at) + (plain ? 0 : 2 * claimableMs)
      if (ms < leastMs) [least, leastMs] = [i, ms]
    }
    kept.splice(least, 1)
  }
  return kept
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
