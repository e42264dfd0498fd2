import type { StoredEvent } from '@voltrail/domain/hash-chain'
import { decodeEvent } from './decode.ts'
import type { ClientEvent } from './decode.ts'
import type { AppendOutcome, EventLog, LogEvent, PreparedEvent } from './event-log.ts'

export interface MemoryLog extends EventLog {
  /** one stream as stored, not upcast */
  stored(stream: string): StoredEvent[]
  /** how many events were handed out by reads */
  eventsRead(): number
}

/** The log's twin in memory, for tests: same answers, same bytes, no durability. */
export function createMemoryLog(): MemoryLog {
  const streams = new Map<string, ClientEvent[]>()
  let commit = 0n
  let eventsRead = 0

  async function* read(events: readonly ClientEvent[]): AsyncIterable<LogEvent> {
    for (const event of events) {
      eventsRead += 1
      yield decodeEvent(event)
    }
  }

  return {
    async append(stream: string, events: readonly PreparedEvent[], expected: number): Promise<AppendOutcome> {
      // as over a network: the answer never comes within the same turn
      await new Promise((resolve) => setImmediate(resolve))
      const stored = streams.get(stream) ?? []
      if (stored.length !== expected + 1) {
        const again = events.length > 0 && events.every((event, i) => stored[expected + 1 + i]?.id === event.id)
        return again ? appended(stored, expected + events.length) : { outcome: 'conflict' }
      }
      streams.set(stream, stored)
      for (const { id, type, data, metadata } of events) {
        commit += 1n
        stored.push({
          streamId: stream,
          id,
          type,
          revision: BigInt(stored.length),
          data: JSON.parse(Buffer.from(data).toString()),
          metadata: JSON.parse(Buffer.from(metadata).toString()),
          position: { commit, prepare: commit },
        })
      }
      return appended(stored, stored.length - 1)
    },
    readForward: (stream, from, limit = Number.MAX_SAFE_INTEGER) =>
      read((streams.get(stream) ?? []).slice(from, from + limit)),
    readBackward(stream, limit = Number.MAX_SAFE_INTEGER, from = Number.MAX_SAFE_INTEGER) {
      return read(
        (streams.get(stream) ?? [])
          .slice(0, from + 1)
          .reverse()
          .slice(0, limit),
      )
    },
    stored: (stream) =>
      (streams.get(stream) ?? []).map((event) => ({
        id: event.id,
        stream,
        revision: Number(event.revision),
        type: event.type,
        data: event.data,
        metadata: event.metadata,
      })),
    eventsRead: () => eventsRead,
  }
}

function appended(stored: readonly ClientEvent[], revision: number): AppendOutcome {
  const position = stored[revision]?.position
  return { outcome: 'appended', revision, ...(position && { position }) }
}
