import { createLeakyCounts, rememberNewest } from './leaky-counts.ts'

/**
 * Slows down whoever guesses passwords or ids: by the address that they come from, never by the charger that they name, so that
 * nobody can lock a charger out. Only attempts that failed count. A credential that was good once from an address stays welcome
 * there, however many others fail behind the same address, also in the name of its charger: it guesses nothing.
 */
export type FailedAttempts = {
  /**
   * @param now milliseconds, never going back
   * @param credential names what is presented and for whom: a digest, of no use to who reads it
   * @returns whether this address has to wait
   */
  mustWait(address: string, now: number, credential?: string): boolean
  failed(address: string, now: number): void
  /** This credential was good. */
  letIn(address: string, credential: string): void
}

export interface AttemptLimits {
  /** so many failed attempts may come from one address at once; one is forgotten each `failedAttemptMs` */
  readonly failedAttempts: number
  readonly failedAttemptMs: number
  /** addresses, and credentials that were good, that are remembered; the oldest is forgotten for a new one */
  readonly remembered?: number
}

/** Enough for the chargers of a pod, and for whoever else tries. */
const defaultRemembered = 50_000

export const createFailedAttempts = ({
  failedAttempts,
  failedAttemptMs,
  remembered = defaultRemembered,
}: AttemptLimits): FailedAttempts => {
  const failures = createLeakyCounts({ most: failedAttempts, eachMs: failedAttemptMs, names: remembered })
  const welcome = new Map<string, true>()
  return {
    mustWait: (address, now, credential) =>
      (credential === undefined || !welcome.has(`${address} ${credential}`)) && failures.waitMs(address, now) > 0,
    failed: (address, now) => failures.add(address, now),
    letIn: (address, credential) => rememberNewest(welcome, `${address} ${credential}`, true, remembered),
  }
}
