import type { ChargerTime } from '@voltrail/contracts/facts'
import { instant, type Instant, type OccurredAt } from '@voltrail/contracts/quantities'

/** A charger's clock may run this far ahead of ours before we stop believing it. */
export const toleratedSkewMs = 60_000
/** No charger that speaks to us was made before: an older time means a clock that was never set. */
const oldestPlausible = '2020-01-01T00:00:00.000Z'

/** Whether a charger's time can be true for something that we heard of at `receivedAt`. */
export const isPlausible = (at: Instant | undefined, receivedAt: Instant): at is Instant =>
  at !== undefined && at >= oldestPlausible && Date.parse(at) <= Date.parse(receivedAt) + toleratedSkewMs

/** What is known of a charger's clock. */
export interface ChargerClock {
  /** its time minus ours in ms, oldest first: of messages that are sent when something happens (some of them from a queue) */
  readonly offsetsMs: readonly number[]
  /** since when the newest connection is there */
  readonly connectedAt?: Instant | undefined
}

const stableSpreadMs = 10_000
const stableSamples = 3
/** What waited in the charger's queue comes soon after it has connected. */
const queueDrainMs = 120_000

/** The offset that the newest measurements agree on, in ms. */
const stableOffset = (offsetsMs: readonly number[]): number | undefined => {
  const newest = offsetsMs.slice(-stableSamples).toSorted((a, b) => a - b)
  const [least, middle, most] = newest
  if (least === undefined || middle === undefined || most === undefined) return undefined
  return most - least <= stableSpreadMs ? middle : undefined
}

/**
 * Whether a clock was measured to be right, or never measured. A message from a queue makes the clock seem to be behind, never
 * ahead, and not by the same twice: so one that is behind without agreement is right if any measurement says so.
 */
const isTrusted = (offsetsMs: readonly number[], stable: number | undefined): boolean => {
  const newest = offsetsMs.at(-1)
  if (newest === undefined) return true
  const within = (offset: number) => Math.abs(offset) <= toleratedSkewMs
  return within(stable ?? newest) || (stable === undefined && newest < 0 && offsetsMs.some(within))
}

/**
 * When it happened, and why we say so: the charger's time while its clock is right (a queued frame is old and right); corrected
 * by the offset where that is measured and stable; the time of receipt where the frame cannot be from a queue. What is left has
 * the time of receipt too, and its reason says that it must be reviewed before it is priced.
 */
export const occurredAt = (
  time: ChargerTime | undefined,
  receivedAt: Instant,
  clock: ChargerClock = { offsetsMs: [] },
): OccurredAt => {
  const charger = time?.at
  if (charger === undefined) return { receivedAt, effectiveAt: receivedAt, reason: 'received' }
  const stable = stableOffset(clock.offsetsMs)
  if (isTrusted(clock.offsetsMs, stable)) {
    if (isPlausible(charger, receivedAt)) return { charger, receivedAt, effectiveAt: charger, reason: 'charger-clock' }
  } else if (stable !== undefined && charger >= oldestPlausible) {
    const corrected = instant(Date.parse(charger) - stable)
    if (isPlausible(corrected, receivedAt))
      return { charger, receivedAt, effectiveAt: corrected, reason: 'corrected-offset' }
  }
  const online =
    clock.connectedAt !== undefined && Date.parse(receivedAt) - Date.parse(clock.connectedAt) >= queueDrainMs
  return { charger, receivedAt, effectiveAt: receivedAt, reason: online ? 'received' : 'untrusted-clock' }
}
