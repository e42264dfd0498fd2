import type { ChargerTime } from '@voltrail/contracts/facts'
import type { Instant, OccurredAt } from '@voltrail/contracts/quantities'

/** A charger's clock may run this far ahead of ours before we stop believing it. */
export const toleratedSkewMs = 60_000
/** No charger that speaks to us was made before: an older time means a clock that was never set. */
const oldestPlausible = '2020-01-01T00:00:00.000Z'

/** Whether a charger's time can be true for something that we heard of at `receivedAt`. */
export const isPlausible = (at: Instant | undefined, receivedAt: Instant): at is Instant =>
  at !== undefined && at >= oldestPlausible && Date.parse(at) <= Date.parse(receivedAt) + toleratedSkewMs

/**
 * When it happened, and why we say so. The charger's time holds when it is plausible (a queued frame is old and right);
 * without a usable one, the time of receipt.
 */
export const occurredAt = (time: ChargerTime | undefined, receivedAt: Instant): OccurredAt => {
  const charger = time?.at
  if (charger === undefined) return { receivedAt, effectiveAt: receivedAt, reason: 'received' }
  if (isPlausible(charger, receivedAt)) return { charger, receivedAt, effectiveAt: charger, reason: 'charger-clock' }
  return { charger, receivedAt, effectiveAt: receivedAt, reason: 'untrusted-clock' }
}
