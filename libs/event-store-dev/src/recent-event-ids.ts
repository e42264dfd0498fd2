/** The last event ids with their places. Bounded, and empty after a start, as on the real server: `any` must not be relied on for dedup. */
export interface RecentEventIds {
  remember(id: Buffer, stream: string, revision: number): void
  revisionOf(id: Buffer, stream: string): number | undefined
}

interface Place {
  readonly stream: string
  readonly revision: number
}

/**
 * @param bound Holds at least half of it, at most all of it. Two generations, because a Map from which the oldest key is taken again and
 * again has to walk over all the holes before it.
 */
export function recentEventIds(bound: number): RecentEventIds {
  let young = new Map<string, Place>()
  let old = new Map<string, Place>()
  return {
    remember(id, stream, revision) {
      if (young.size >= bound / 2) {
        old = young
        young = new Map()
      }
      young.set(id.toString('latin1'), { stream, revision })
    },
    revisionOf(id, stream) {
      const key = id.toString('latin1')
      const place = young.get(key) ?? old.get(key)
      return place?.stream === stream ? place.revision : undefined
    },
  }
}
