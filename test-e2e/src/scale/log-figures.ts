import { categories, categoryPrefix } from '@voltrail/contracts/streams'
import { subscribeInBatches } from '@voltrail/event-store/subscription'

/** What a log holds, by type of event. */
export interface LogFigures {
  readonly events: number
  /** JSON of data and metadata */
  readonly bytes: number
  readonly types: ReadonlyMap<string, { readonly events: number; readonly bytes: number }>
}

/** Reads the whole log once. */
export const readLogFigures = async (connectionString: string): Promise<LogFigures> => {
  const types = new Map<string, { events: number; bytes: number }>()
  const end = new AbortController()
  const reading = subscribeInBatches({
    connectionString,
    filter: { streamPrefixes: categories.map(categoryPrefix) },
    from: 'start',
    signal: end.signal,
    onBatch({ events, caughtUp }) {
      for (const { type, data, metadata } of events) {
        const bytes = Buffer.byteLength(JSON.stringify(data)) + Buffer.byteLength(JSON.stringify(metadata))
        const before = types.get(type) ?? { events: 0, bytes: 0 }
        types.set(type, { events: before.events + 1, bytes: before.bytes + bytes })
      }
      if (caughtUp) end.abort()
    },
  })
  const ended = await reading.done
  if (ended.outcome === 'failed') throw ended.error
  const all = [...types.values()]
  return {
    events: all.reduce((total, one) => total + one.events, 0),
    bytes: all.reduce((total, one) => total + one.bytes, 0),
    types,
  }
}
