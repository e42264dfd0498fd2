import type { EdgeLimits } from './limits.ts'
import { createGate } from './token-bucket.ts'

/**
 * How many chargers may connect. After an outage they all come at once, each with its queue, and none heeds Retry-After: then
 * they are let in by a narrower gate, until nobody had to be turned away for a while.
 */
export type Admission = {
  /** Why an upgrade is turned away now; undefined: it may go on. */
  refusal(now: number): string | undefined
}

type Limits = Pick<
  EdgeLimits,
  'upgradesPerSecond' | 'upgradesBurst' | 'readmissionsPerSecond' | 'readmissionsBurst' | 'readmissionMs'
>

/** @param outage why nobody may connect now, if that is so */
export const createAdmission = (
  limits: Limits,
  outage: (now: number) => string | undefined,
  now: number,
): Admission => {
  const wide = createGate(limits.upgradesPerSecond, limits.upgradesBurst, now)
  let narrow: ReturnType<typeof createGate> | undefined
  let turnedAwayAt = Number.NEGATIVE_INFINITY
  const turnAway = (reason: string, time: number): string => {
    turnedAwayAt = time
    return reason
  }
  return {
    refusal(time) {
      const reason = outage(time)
      if (reason !== undefined) {
        narrow = undefined
        return turnAway(reason, time)
      }
      const crowded = 'too many chargers connect at once, connect again later'
      if (time - turnedAwayAt <= limits.readmissionMs) {
        narrow ??= createGate(limits.readmissionsPerSecond, limits.readmissionsBurst, time)
        return narrow.pass(time) ? undefined : turnAway(crowded, time)
      }
      narrow = undefined
      return wide.pass(time) ? undefined : crowded
    },
  }
}
