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
  /** how many failures count against an address, at the time of its newest */
  const known = new Map<string, { readonly count: number; readonly at: number }>()
  const welcome = new Map<string, true>()
  const countOf = (address: string, now: number): number => {
    const last = known.get(address)
    return last === undefined ? 0 : Math.max(0, last.count - (now - last.at) / failedAttemptMs)
  }
  const remember = <T>(memory: Map<string, T>, name: string, value: T): void => {
    memory.delete(name)
    memory.set(name, value)
    // maps keep the order of insertion
    const oldest = memory.keys().next()
    if (memory.size > remembered && oldest.done !== true) memory.delete(oldest.value)
  }
  return {
    mustWait: (address, now, credential) =>
      (credential === undefined || !welcome.has(`${address} ${credential}`)) &&
      // until one more fits below the bound
      countOf(address, now) > failedAttempts - 1,
    failed: (address, now) =>
      remember(known, address, { count: Math.min(failedAttempts, countOf(address, now) + 1), at: now }),
    letIn: (address, credential) => remember(welcome, `${address} ${credential}`, true),
  }
}
