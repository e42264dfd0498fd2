import { randomBytes } from 'node:crypto'
import { appendQueue } from './append-queue.ts'
import type { AppendQueue } from './append-queue.ts'
import { openDataDirectory } from './data-directory.ts'
import type { DataDirectory } from './data-directory.ts'
import { checkExpectedRevision } from './expected-revision.ts'
import type { ExpectedRevision } from './expected-revision.ts'
import { FRAME_HEADER_BYTES } from './frame.ts'
import { createLogIndex } from './log-index.ts'
import type { StreamEntry } from './log-index.ts'
import { messageCache } from './message-cache.ts'
import { recentFrames } from './recent-frames.ts'
import { decodeRecord, decodeRecordHead, encodeRecord, recordLength, TOMBSTONE_REVISION } from './record.ts'
import type { ProposedEvent, RecordedEvent } from './record.ts'
import { recentEventIds } from './recent-event-ids.ts'
import { closingFrame, openSegments } from './segment-files.ts'
import type { LogStorage } from './segment-files.ts'
import { metadataStartingAt, parseStreamMetadata, SOFT_DELETE_JSON } from './stream-metadata.ts'

export interface EventLogOptions {
  /** A directory, or `memory` for a log that ends with the process. */
  readonly data: string
  readonly segmentBytes: number
  /** Bound of each of the two payload caches: the newest frames, and pages of older ones. */
  readonly cacheBytes: number
  readonly positionBase: bigint
  onFatal(error: Error): void
  onNotice(message: string): void
}

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly revision: bigint; readonly position: bigint | undefined }
  | { readonly kind: 'wrong_expected_version'; readonly current: bigint | 'no_stream' }
  | { readonly kind: 'stream_deleted' }

export type EventLog = ReturnType<typeof openEventLog>

const SYSTEM_STREAM = '$event-store-dev'
const NO_BYTES = Buffer.alloc(0)

/**
 * The log: commit rules, index, group commit and payload reads in one place. Appends are checked against staged state and answered when
 * durable; readers see durable events only. Throws DataDirectoryError when the directory cannot be opened.
 */
export function openEventLog(options: EventLogOptions) {
  const index = createLogIndex()
  const ids = recentEventIds(65_536)
  const listeners = new Set<() => void>()
  const directory: DataDirectory | undefined =
    options.data === 'memory' ? undefined : openDataDirectory(options.data, options.positionBase)
  const positionBase = directory?.positionBase ?? options.positionBase
  let storage: LogStorage
  let end = 0
  try {
    if (directory) {
      const opened = openSegments({
        directory: directory.path,
        segmentBytes: options.segmentBytes,
        cacheBytes: options.cacheBytes,
        onFrame: replayFrame,
        onTruncated: options.onNotice,
      })
      storage = opened.storage
      end = opened.end
    } else {
      storage = memoryStorage
    }
  } catch (error) {
    directory?.release()
    throw error
  }
  index.commit(index.staged)
  const recent = recentFrames(end, directory ? options.cacheBytes : Infinity)
  const queue: AppendQueue = appendQueue(storage, end, options.onFatal)
  // a real server's $all begins with system events too: readers must cope from the first day
  if (index.staged === 0)
    stage([{ stream: SYSTEM_STREAM, events: [event('$initialized', '{"note":"not EventStoreDB"}')] }], () => undefined)

  function replayFrame(source: Buffer, bodyAt: number, bodyEnd: number, bodyOffset: number): void {
    for (let at = bodyAt; at < bodyEnd;) {
      const head = decodeRecordHead(source, at)
      const metadata = head.stream.startsWith('$$') ? parseStreamMetadata(decodeRecord(source, at).data) : undefined
      index.stage(head, bodyOffset + at - bodyAt, metadata)
      at += head.length
    }
  }

  function recordAt(globalIndex: number): RecordedEvent {
    const offset = index.offsetAt(globalIndex)
    const length = index.lengthAt(globalIndex)
    return decodeRecord(recent.read(offset, length) ?? storage.read(offset, length))
  }

  /** Puts the events of one append into one frame; returns the log offset of the last event. */
  function stage(
    writes: readonly { stream: string; events: readonly ProposedEvent[]; tombstone?: boolean }[],
    onDurable: () => void,
  ): number {
    const created = Date.now()
    const prepared = writes.flatMap(({ stream, events, tombstone }) => {
      const name = Buffer.from(stream)
      const next = index.entryFor(stream).events.length
      return events.map((proposed, at) => ({
        name,
        stream,
        proposed,
        type: Buffer.from(proposed.type),
        revision: tombstone ? TOMBSTONE_REVISION : BigInt(next + at),
      }))
    })
    let bytes = FRAME_HEADER_BYTES
    for (const { name, type, proposed } of prepared) bytes += recordLength(name.length, type.length, proposed)
    const frame = Buffer.allocUnsafe(bytes)
    const frameOffset = queue.nextOffset
    let at = FRAME_HEADER_BYTES
    let lastOffset = 0
    for (const { name, stream, proposed, type, revision } of prepared) {
      const end = encodeRecord(frame, at, name, type, revision, created, proposed)
      lastOffset = frameOffset + at
      const metadata = stream.startsWith('$$') ? parseStreamMetadata(proposed.data) : undefined
      index.stage({ length: end - at, stream, type: proposed.type, revision }, lastOffset, metadata)
      if (revision !== TOMBSTONE_REVISION) ids.remember(proposed.id, stream, Number(revision))
      at = end
    }
    const until = index.staged
    recent.push(frameOffset, frame)
    queue.push(frame, () => {
      index.commit(until)
      recent.durable(frameOffset + frame.length)
      onDurable()
      for (const listener of listeners) listener()
    })
    return lastOffset
  }

  function isTombstoned(name: string): boolean {
    // the metadata stream of a tombstoned stream is deleted with it
    return (
      (index.find(name)?.tombstone ?? -1) >= 0 ||
      (name.startsWith('$$') && (index.find(name.slice(2))?.tombstone ?? -1) >= 0)
    )
  }

  function check(stream: string, expected: ExpectedRevision, proposed: readonly Buffer[]) {
    const entry = index.find(stream)
    const metadataStream = index.find(`$$${stream}`)
    return checkExpectedRevision(
      {
        lastRevision: (entry?.events.length ?? 0) - 1,
        tombstoned: isTombstoned(stream),
        softDeleted: entry?.stagedMetadata.softDeleted ?? false,
        hasMetadata: (metadataStream?.events.length ?? 0) > 0,
        idAt: (revision) => {
          const at = entry?.events[revision]
          return at === undefined ? undefined : recordAt(at).id
        },
        recentRevisionOf: (id) => ids.revisionOf(id, stream),
      },
      expected,
      proposed,
    )
  }

  function current(entry: StreamEntry | undefined): bigint | 'no_stream' {
    return !entry || entry.events.length === 0 ? 'no_stream' : BigInt(entry.events.length - 1)
  }

  function position(offset: number): bigint {
    return positionBase + BigInt(offset)
  }

  /** `$all` position of the event with a global index. */
  const positionAt = (globalIndex: number): bigint => position(index.offsetAt(globalIndex))

  const log = {
    index,
    recordAt,
    position,
    positionAt,
    /** The event with a global index as a subscriber is sent it. */
    messageAt: messageCache(recordAt, positionAt),
    /** Global index of the first durable event at or behind an `$all` position. */
    firstAtOrAfter(from: bigint): number {
      const offset = from - positionBase
      if (offset <= 0n) return 0
      return offset > BigInt(Number.MAX_SAFE_INTEGER) ? index.committed : index.firstAtOrAfter(Number(offset))
    },
    get pendingBytes(): number {
      return queue.pendingBytes
    },
    drained: (): Promise<void> => queue.drained(),

    /** Runs after every commit, with the index already moved on. Returns the function that ends it. */
    onCommit(listener: () => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },

    /** Appends all events or none; `answer` is called once, when the outcome is durable. */
    append(
      stream: string,
      expected: ExpectedRevision,
      events: readonly ProposedEvent[],
      answer: (outcome: AppendOutcome) => void,
    ): void {
      const verdict = check(
        stream,
        expected,
        events.map(({ id }) => id),
      )
      const entry = index.find(stream)
      if (verdict.kind === 'stream_deleted') return answer(verdict)
      if (verdict.kind === 'wrong_expected_version') return answer({ kind: verdict.kind, current: current(entry) })
      if (verdict.kind === 'repeat') {
        const at = entry!.events[verdict.last]!
        const repeated: AppendOutcome = {
          kind: 'appended',
          revision: BigInt(verdict.last),
          position: position(index.offsetAt(at)),
        }
        // the first arrival may still be on its way to the disk
        return at < index.committed ? answer(repeated) : void queue.drained().then(() => answer(repeated))
      }
      if (events.length === 0) {
        const last = current(entry)
        return answer({ kind: 'appended', revision: last === 'no_stream' ? -1n : last, position: undefined })
      }
      const writes = [{ stream, events }]
      if (verdict.undelete && entry) {
        const metadataEvents = index.find(`$$${stream}`)!.events
        const body = metadataStartingAt(recordAt(metadataEvents.at(-1)!).data, entry.events.length)
        writes.unshift({ stream: `$$${stream}`, events: [event('$metadata', body)] })
      }
      const revision = BigInt((entry?.events.length ?? 0) + events.length - 1)
      const offset = stage(writes, () => answer({ kind: 'appended', revision, position: position(offset) }))
    },

    /** Soft-deletes (`$tb` at its maximum) or tombstones a stream. */
    remove(
      stream: string,
      expected: ExpectedRevision,
      how: 'soft' | 'tombstone',
      answer: (outcome: AppendOutcome) => void,
    ): void {
      const verdict = check(stream, expected, [randomBytes(16)])
      const entry = index.find(stream)
      if (verdict.kind === 'stream_deleted') return answer(verdict)
      if (verdict.kind !== 'append') return answer({ kind: 'wrong_expected_version', current: current(entry) })
      const write =
        how === 'soft'
          ? { stream: `$$${stream}`, events: [event('$metadata', SOFT_DELETE_JSON)] }
          : { stream, events: [event('$streamDeleted', '{}')], tombstone: true }
      const offset = stage([write], () => answer({ kind: 'appended', revision: -1n, position: position(offset) }))
    },

    /** What a reader sees of a stream. */
    view(
      stream: string,
    ):
      | { readonly kind: 'not_found' }
      | { readonly kind: 'deleted' }
      | { readonly kind: 'found'; readonly entry: StreamEntry } {
      const entry = index.find(stream)
      if (entry?.tombstoneCommitted || (stream.startsWith('$$') && index.find(stream.slice(2))?.tombstoneCommitted))
        return { kind: 'deleted' }
      if (!entry || entry.committed === 0 || entry.metadata.softDeleted) return { kind: 'not_found' }
      return { kind: 'found', entry }
    },

    /** Waits for what is staged, marks the clean end and gives the directory free. No append may follow. */
    async close(): Promise<void> {
      await queue.drained()
      if (directory) {
        await storage.write([closingFrame(queue.nextOffset)], queue.nextOffset)
        storage.close()
        directory.release()
      }
    },
  }
  return log
}

function event(type: string, json: string | Buffer): ProposedEvent {
  return { id: randomBytes(16), type, json: true, data: Buffer.from(json), metadata: NO_BYTES }
}

/** The frames themselves stay in `recentFrames`, which memory mode leaves unbounded. */
const memoryStorage: LogStorage = {
  write: async () => undefined,
  read: (offset) => {
    throw new Error(`memory log holds nothing at offset ${offset}`)
  },
  close: () => undefined,
}
