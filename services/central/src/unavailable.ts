import { EventUnreadable, LogUnavailable } from '@voltrail/event-store/event-log'
import { VaultUnavailable } from '@voltrail/key-store/vault-errors'

/** The log (or what deciding needs) is away: nothing is durable, the same request may come again. */
export class Unavailable extends Error {
  constructor(reason: string, options?: { cause?: unknown }) {
    super(reason, options)
    this.name = 'Unavailable'
  }
}

/** A pod of a newer build has written what this one cannot read: another pod may, or this one once it is upgraded. */
export const isOutdated = (error: unknown): error is EventUnreadable => error instanceof EventUnreadable && error.newer

/** Whether an error says that a part which deciding needs is away, and nothing about the fact itself. */
export const isAway = (error: unknown): error is Error =>
  error instanceof Unavailable ||
  error instanceof LogUnavailable ||
  error instanceof VaultUnavailable ||
  isOutdated(error)
