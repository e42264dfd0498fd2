import type { Instant, RegisterReading } from '@voltrail/contracts/quantities'

/** A register reading that came with a message, with the time that counts. */
export interface TimedReading {
  readonly at: Instant
  readonly reading: RegisterReading
  readonly context?: string | undefined
  /** the charger's own time where that is another */
  readonly told?: Instant | undefined
}
