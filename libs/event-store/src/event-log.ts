import type { EventMetadata } from '@voltrail/contracts/envelope'
import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { Recorded } from '@voltrail/domain/decider'

/**
 * A place in the whole log, ordered by `commit`, then `prepare` (both the same for an append of one event). Dense they are not,
 * and they may pass 2^53.
 */
export type LogPosition = { readonly commit: bigint; readonly prepare: bigint }

/** Below 0: `a` stands before `b`. */
export const comparePositions = (a: LogPosition, b: LogPosition): number =>
  a.commit === b.commit ? Number(a.prepare - b.prepare) : a.commit < b.commit ? -1 : 1

/** Bytes to append under an id. The same id always has the same bytes. */
export interface AppendableEvent {
  readonly id: string
  readonly type: string
  /** JSON text */
  readonly data: Uint8Array
  /** JSON text */
  readonly metadata: Uint8Array
}

/** An event made ready to append: its bytes are final (see `prepare.ts`). */
export interface PreparedEvent extends AppendableEvent {
  /** the same event as an evolve function takes it */
  readonly recorded: Recorded<DomainEvent>
}

/** A stored event: ours, upcast to the current version. */
export type LogEvent = Recorded<DomainEvent> & {
  readonly id: string
  readonly stream: string
  readonly position?: LogPosition
  readonly metadata: EventMetadata
}

export type AppendOutcome =
  | { readonly outcome: 'appended'; readonly revision: number; readonly position?: LogPosition }
  /** other events stand at that revision */
  | { readonly outcome: 'conflict' }
  /** not known to be written, and not to be had within the deadline; asking again with the same bytes is safe */
  | { readonly outcome: 'unavailable'; readonly reason: string }

/** The log as the rest of the house sees it. Reads throw `LogUnavailable` or `EventUnreadable`; appends answer. */
export interface EventLog {
  /** @param expected the revision of the last event of the stream, -1 when it has none */
  append(stream: string, events: readonly PreparedEvent[], expected: number): Promise<AppendOutcome>
  /** Forward from a revision; nothing when the stream does not exist. */
  readForward(stream: string, from: number, limit?: number): AsyncIterable<LogEvent>
  /** Backward, newest first, from the end or from a revision (inclusive). */
  readBackward(stream: string, limit?: number, from?: number): AsyncIterable<LogEvent>
}

/** The log did not answer in time, or not at all. Nothing is known to be wrong with the request: ask again later. */
export class LogUnavailable extends Error {
  constructor(doing: string, reason: string, options?: { cause?: unknown }) {
    super(`the event log is unavailable: ${doing}: ${reason}`, options)
    this.name = 'LogUnavailable'
  }
}

/** A stored event that this build cannot read: not ours, damaged, or written by a newer build. It is never skipped. */
export class EventUnreadable extends Error {
  readonly stream: string
  readonly revision: number
  /** a build that knows this type or version can read it: nothing is wrong with the event */
  readonly newer: boolean

  constructor(stream: string, revision: number, problem: string, options?: { cause?: unknown; newer?: boolean }) {
    super(`event ${revision} of ${stream} cannot be read: ${problem}`, options)
    this.name = 'EventUnreadable'
    this.stream = stream
    this.revision = revision
    this.newer = options?.newer ?? false
  }
}
