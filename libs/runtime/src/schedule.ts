/**
 * When each key is to be looked at next, in ms since 1970. A wake-up may come too early (whoever is woken looks again at what is
 * due), never too late: a time that moves on keeps its earlier wake-up, so that a key has one entry however often it is put off.
 */
export interface Schedule {
  /** Wakes the key then, or earlier if it is to be woken earlier already. */
  wake(key: string, at: number): void
  /** The keys whose time has come, earliest first; they are no longer in the schedule. */
  take(now: number, most?: number): readonly { readonly key: string; readonly at: number }[]
  /** The earliest time, if there is any. */
  next(): number | undefined
  readonly size: number
}

type Entry = { readonly key: string; readonly at: number }

export const createSchedule = (): Schedule => {
  const times = new Map<string, number>()
  /** a binary heap; entries that `times` does not know (any more) are passed over */
  const heap: Entry[] = []
  const before = (a: number, b: number): boolean => (heap[a] as Entry).at < (heap[b] as Entry).at
  const swap = (a: number, b: number): void => {
    const entry = heap[a] as Entry
    heap[a] = heap[b] as Entry
    heap[b] = entry
  }
  const push = (entry: Entry): void => {
    heap.push(entry)
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!before(i, parent)) break
      swap(i, parent)
      i = parent
    }
  }
  const pop = (): void => {
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    heap[0] = last
    for (let i = 0; ;) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let least = i
      if (left < heap.length && before(left, least)) least = left
      if (right < heap.length && before(right, least)) least = right
      if (least === i) return
      swap(i, least)
      i = least
    }
  }
  const first = (): Entry | undefined => {
    while (heap[0] !== undefined && times.get(heap[0].key) !== heap[0].at) pop()
    return heap[0]
  }

  return {
    wake(key, at) {
      const known = times.get(key)
      if (known !== undefined && known <= at) return
      times.set(key, at)
      push({ key, at })
    },
    take(now, most = Infinity) {
      const taken: Entry[] = []
      for (let entry = first(); entry !== undefined && entry.at <= now && taken.length < most; entry = first()) {
        taken.push(entry)
        times.delete(entry.key)
        pop()
      }
      return taken
    },
    next: () => first()?.at,
    get size() {
      return times.size
    },
  }
}
