/** Counts by name, from which one is taken off every so often. Memory is bounded: the name that was counted longest ago goes first. */
export type LeakyCounts = {
  /** @param now milliseconds, never going back @returns how long until one more fits below the bound; 0: it does */
  waitMs(name: string, now: number): number
  add(name: string, now: number): void
}

export interface LeakyCountsLimits {
  /** so many at once */
  readonly most: number
  /** one is taken off each so many milliseconds */
  readonly eachMs: number
  /** names that are remembered */
  readonly names: number
}

export const createLeakyCounts = ({ most, eachMs, names }: LeakyCountsLimits): LeakyCounts => {
  /** how many count, at the time of the newest */
  const known = new Map<string, { readonly count: number; readonly at: number }>()
  const countOf = (name: string, now: number): number => {
    const last = known.get(name)
    return last === undefined ? 0 : Math.max(0, last.count - (now - last.at) / eachMs)
  }
  return {
    waitMs: (name, now) => Math.ceil(Math.max(0, countOf(name, now) - (most - 1)) * eachMs),
    add: (name, now) => rememberNewest(known, name, { count: Math.min(most, countOf(name, now) + 1), at: now }, names),
  }
}

/** Sets a value as the newest one; of more than `most` the oldest goes. */
export const rememberNewest = <T>(memory: Map<string, T>, name: string, value: T, most: number): void => {
  // maps keep the order of insertion
  memory.delete(name)
  memory.set(name, value)
  const oldest = memory.keys().next()
  if (memory.size > most && oldest.done !== true) memory.delete(oldest.value)
}
