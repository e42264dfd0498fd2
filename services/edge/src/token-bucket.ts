/** A rate with a burst: `take` says how long the caller has to wait for its token (0: it has one now). */
export type TokenBucket = {
  /**
   * @param now milliseconds, never going back
   * @param count how many tokens are taken
   */
  take(now: number, count?: number): number
}

/** Tokens that are not there are lent, so that waiting callers come through at the rate and in order. */
export const createTokenBucket = (perSecond: number, burst: number, now: number): TokenBucket => {
  let tokens = burst
  let at = now
  return {
    take(time, count = 1) {
      tokens = Math.min(burst, tokens + ((time - at) * perSecond) / 1000)
      at = time
      tokens -= count
      return tokens >= 0 ? 0 : Math.ceil((-tokens * 1000) / perSecond)
    },
  }
}

/** As above, but a caller without a token is turned away and owes nothing. */
export const createGate = (perSecond: number, burst: number, now: number): { pass(now: number): boolean } => {
  let tokens = burst
  let at = now
  return {
    pass(time) {
      tokens = Math.min(burst, tokens + ((time - at) * perSecond) / 1000)
      at = time
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
