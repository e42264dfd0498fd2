/**
 * Slows down whoever guesses passwords: by the address that they come from, never by the charger that they name, so that nobody can
 * lock a charger out. Only attempts that failed count; chargers behind one address need many of them to be in each other's way.
 */
export type FailedAttempts = {
  /** @param now in ms; whether this address has to wait */
  mustWait(address: string, now: number): boolean
  failed(address: string, now: number): void
}

export interface AttemptLimits {
  /** so many failed attempts may come from one address at once; one is forgotten each `failedAttemptMs` */
  readonly failedAttempts: number
  readonly failedAttemptMs: number
}

/** Addresses that are remembered; the oldest is forgotten for a new one. */
const kept = 10_000

export const createFailedAttempts = ({ failedAttempts, failedAttemptMs }: AttemptLimits): FailedAttempts => {
  /** how many failures count against an address, at the time of its newest */
  const known = new Map<string, { readonly count: number; readonly at: number }>()
  const countOf = (address: string, now: number): number => {
    const last = known.get(address)
    return last === undefined ? 0 : Math.max(0, last.count - (now - last.at) / failedAttemptMs)
  }
  return {
    mustWait: (address, now) => countOf(address, now) >= failedAttempts,
    failed(address, now) {
      const count = Math.min(failedAttempts, countOf(address, now)) + 1
      known.delete(address)
      known.set(address, { count, at: now })
      const [oldest] = known.keys()
      if (known.size > kept && oldest !== undefined) known.delete(oldest)
    },
  }
}
