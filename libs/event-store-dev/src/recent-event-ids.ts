/** The last event ids with their places. Bounded, and empty after a start, as on the real server: `any` must not be relied on for dedup. */
export interface RecentEventIds {
  remember(id: Buffer, stream: string, revision: number): void
  revisionOf(id: Buffer, stream: string): number | undefined
}

export function recentEventIds(bound: number): RecentEventIds {
  const places = new Map<string, { stream: string; revision: number }>()
  return {
    remember(id, stream, revision) {
      const key = id.toString('latin1')
      places.delete(key)
      places.set(key, { stream, revision })
      if (places.size <= bound) return
      const oldest = places.keys().next()
      if (!oldest.done) places.delete(oldest.value)
    },
    revisionOf(id, stream) {
      const place = places.get(id.toString('latin1'))
      return place?.stream === stream ? place.revision : undefined
    },
  }
}
