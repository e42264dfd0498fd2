import type { EventMetadata } from '@voltrail/contracts/envelope'
import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { Recorded } from '@voltrail/domain/decider'

/** The log as the rest of the house sees it. Positions are opaque, ordered decimal text `commit` (and `prepare`, equal on a single append). */
export type LogPosition = { readonly commit: bigint; readonly prepare: bigint }

/** An event made ready to append: its bytes are final (see `prepare.ts`). */
export interface PreparedEvent {
  readonly id: string
  readonly type: string
  readonly data: Uint8Array
  readonly metadata: Uint8Array
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

export interface EventLog {
  /** @param expected the revision of the last event of the stream, -1 when it has none */
  append(stream: string, events: readonly PreparedEvent[], expected: number): Promise<AppendOutcome>
  /** Forward from a revision; nothing when the stream does not exist. */
  readForward(stream: string, from: number, limit?: number): AsyncIterable<LogEvent>
  readBackward(stream: string, limit?: number): AsyncIterable<LogEvent>
}
