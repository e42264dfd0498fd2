import type { ChargerSummary, RegisterCandidate } from '@voltrail/contracts/events/charger'

export const keptCandidates = 64
/** For how long a start that comes late may claim what was measured before it. */
export const claimableMs = 7 * 86_400_000

/** The candidates of the last days, the newest of them; an event of a frame is as old as that frame. */
export const candidatesWith = (
  state: Pick<ChargerSummary, 'candidates'>,
  more: readonly RegisterCandidate[],
): RegisterCandidate[] => {
  const all = [...(state.candidates ?? []), ...more].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const newest = all.at(-1)
  if (newest === undefined) return all
  const oldest = Date.parse(newest.at) - claimableMs
  return all.filter((one) => Date.parse(one.at) >= oldest).slice(-keptCandidates)
}
