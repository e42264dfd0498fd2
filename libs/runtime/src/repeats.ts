/** What is told again and again: the first time at once, then once in a while with how often it came meanwhile. */
export interface Repeats {
  /** @param key what is the same; @param tell says it, for so many times: 1 the first time */
  say(key: string, tell: (times: number) => void, now: number): void
  /** Says what came often and comes no more; to be called every second or so. */
  sweep(now: number): void
}

interface Told {
  at: number
  held: number
  tell: (times: number) => void
}

/**
 * @param everyMs how long what is the same is held back after it was told
 * @param most how many different things are remembered; beyond that the oldest is told, and forgotten
 */
export const createRepeats = ({ everyMs = 60_000, most = 1_000 } = {}): Repeats => {
  /** oldest first: a key stands where it was last told */
  const told = new Map<string, Told>()
  const forget = (key: string, { held, tell }: Told): void => {
    told.delete(key)
    if (held > 0) tell(held)
  }
  return {
    say(key, tell, now) {
      const known = told.get(key)
      if (known !== undefined && now - known.at < everyMs) {
        known.held += 1
        known.tell = tell
        return
      }
      told.delete(key)
      const [oldest] = told
      if (told.size >= most && oldest !== undefined) forget(...oldest)
      told.set(key, { at: now, held: 0, tell })
      tell((known?.held ?? 0) + 1)
    },
    sweep(now) {
      for (const [key, one] of told) {
        if (now - one.at < everyMs) return
        forget(key, one)
      }
    },
  }
}
