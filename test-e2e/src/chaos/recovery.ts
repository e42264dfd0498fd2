/**
 * For each kill and each charger: the milliseconds from the kill until the charger's next acknowledgement. A charger that got
 * none any more is left out.
 * @param acknowledged of each charger: when it was acknowledged something, in order
 */
export const recoveries = (kills: readonly number[], acknowledged: readonly (readonly number[])[]): number[] =>
  kills.flatMap((killedAt) =>
    acknowledged.flatMap((times) => {
      let [low, high] = [0, times.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if (times[middle]! <= killedAt) low = middle + 1
        else high = middle
      }
      return low < times.length ? [times[low]! - killedAt] : []
    }),
  )

/** The value that so large a part of them do not exceed; 0 of none. */
export const percentile = (values: readonly number[], part: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0
}
