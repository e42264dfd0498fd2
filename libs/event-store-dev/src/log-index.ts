import { growingArray } from './growing-array.ts'
import { NO_METADATA } from './stream-metadata.ts'
import type { StreamMetadata } from './stream-metadata.ts'
import { TOMBSTONE_REVISION } from './record.ts'
import type { RecordHead } from './record.ts'

/** One stream. What is staged guards appends; what is committed is what readers see. */
export interface StreamEntry {
  readonly id: number
  readonly name: string
  /** Global index of the event at each revision. */
  readonly events: number[]
  /** How many of `events` are durable. */
  committed: number
  /** Global index of the tombstone, or -1. */
  tombstone: number
  tombstoneCommitted: boolean
  stagedMetadata: StreamMetadata
  metadata: StreamMetadata
}

/**
 * Where every event is: 20 bytes per event and 8 per stream slot, no payload. Rebuilt from the segments at start.
 * Events are numbered by a global index in log order; those below `committed` are durable and readable.
 */
export function createLogIndex() {
  const offsets = growingArray('f64')
  const lengths = growingArray('u32')
  const streamIds = growingArray('u32')
  const typeIds = growingArray('u32')
  const streams: StreamEntry[] = []
  const streamByName = new Map<string, StreamEntry>()
  const typeNames: string[] = []
  const typeByName = new Map<string, number>()
  const metadataToCommit = new Map<number, { entry: StreamEntry; metadata: StreamMetadata }>()
  let committed = 0

  function internType(name: string): number {
    let id = typeByName.get(name)
    if (id === undefined) {
      id = typeNames.length
      typeNames.push(name)
      typeByName.set(name, id)
    }
    return id
  }

  /** The entry of a stream, made when missing: an append (or metadata) is about to give it a meaning. */
  function entryFor(name: string): StreamEntry {
    let entry = streamByName.get(name)
    if (!entry) {
      entry = {
        id: streams.length,
        name,
        events: [],
        committed: 0,
        tombstone: -1,
        tombstoneCommitted: false,
        stagedMetadata: NO_METADATA,
        metadata: NO_METADATA,
      }
      streams.push(entry)
      streamByName.set(name, entry)
    }
    return entry
  }

  return {
    entryFor,
    find: (name: string): StreamEntry | undefined => streamByName.get(name),
    /** Events that are staged or durable. */
    get staged(): number {
      return offsets.length
    },
    /** Events that are durable. */
    get committed(): number {
      return committed
    },
    offsetAt: (index: number): number => offsets.at(index),
    lengthAt: (index: number): number => lengths.at(index),
    streamIdAt: (index: number): number => streamIds.at(index),
    typeIdAt: (index: number): number => typeIds.at(index),
    streamName: (id: number): string => streams[id]!.name,
    typeName: (id: number): string => typeNames[id]!,
    streamCount: (): number => streams.length,

    /** Adds an event behind all others; `metadata` is given for an event of a `$$` stream. Throws when its revision does not follow. */
    stage(head: RecordHead, offset: number, metadata: StreamMetadata | undefined): void {
      const entry = entryFor(head.stream)
      const index = offsets.length
      if (head.revision === TOMBSTONE_REVISION) {
        entry.tombstone = index
      } else {
        if (head.revision !== BigInt(entry.events.length)) {
          throw new Error(
            `stream ${head.stream} holds ${entry.events.length} events but the log goes on with revision ${head.revision}`,
          )
        }
        entry.events.push(index)
      }
      offsets.push(offset)
      lengths.push(head.length)
      streamIds.push(entry.id)
      typeIds.push(internType(head.type))
      if (metadata) {
        const described = entryFor(head.stream.slice(2))
        described.stagedMetadata = metadata
        metadataToCommit.set(index, { entry: described, metadata })
      }
    },

    /** Makes the events below `until` readable. */
    commit(until: number): void {
      for (; committed < until; committed++) {
        const entry = streams[streamIds.at(committed)]!
        if (entry.tombstone === committed) entry.tombstoneCommitted = true
        else entry.committed++
        const change = metadataToCommit.get(committed)
        if (change) {
          change.entry.metadata = change.metadata
          metadataToCommit.delete(committed)
        }
      }
    },

    /** Global index of the first durable event at or behind a log offset (binary search). */
    firstAtOrAfter(offset: number): number {
      let low = 0
      let high = committed
      while (low < high) {
        const middle = (low + high) >>> 1
        if (offsets.at(middle) < offset) low = middle + 1
        else high = middle
      }
      return low
    },
  }
}

export type LogIndex = ReturnType<typeof createLogIndex>
