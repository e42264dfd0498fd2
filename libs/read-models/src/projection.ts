import type { Kysely } from 'kysely'
import type { DomainEvent, EventType } from '@voltrail/contracts/events/registry'
import type { EventMetadata } from '@voltrail/contracts/envelope'
import type { Rows } from './rows.ts'

/** A connection or a transaction whose tables are those of whatever schema its search path names. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyDatabase = Kysely<any>

/** A place in the log, after which reading goes on. */
export type Position = { readonly commit: bigint; readonly prepare: bigint }

/** An event as a projection takes it: from the log, in its current version. */
export type ProjectedEvent = DomainEvent & {
  readonly stream: string
  readonly revision: number
  readonly metadata: EventMetadata
}

/**
 * One read model: a Postgres schema and how each event changes its rows. Rows follow from events alone: no now(), no serial, no
 * random value, or a rebuild would not be identical.
 */
export interface Projection {
  /** of the checkpoint, the lock and the metrics */
  readonly name: string
  readonly schema: string
  readonly eventTypes: readonly EventType[]
  readonly streamPrefixes: readonly string[]
  /** SQL, in order, each run once; table names without a schema. A change that needs earlier events asks for a rebuild. */
  readonly migrations: readonly string[]
  /**
   * Events of different groups touch different rows, so they may be written in any order; within a group the order of the log is
   * kept. A group is best what has a row of its own: a session, a charger.
   */
  groupOf(event: ProjectedEvent): string
  /**
   * Each event once, in the order of the log. Table names are written without a schema: the connection's search path says which
   * (the live one, or the one beside it during a rebuild). Throws when it cannot apply the event: that stops the projector.
   */
  apply(rows: Rows, event: ProjectedEvent): void | Promise<void>
}

export type PlacedEvent = ProjectedEvent & { readonly position: Position }

/** What arrived together and is written together. */
export type FeedBatch = {
  /** in the order of the log; empty when only the position moved */
  readonly events: readonly PlacedEvent[]
  /** everything up to here came with this batch, or was none of ours */
  readonly position?: Position
  /** the end of the log was reached with this batch */
  readonly caughtUp: boolean
}

export type FeedRequest = {
  readonly filter: { readonly streamPrefixes: readonly string[]; readonly types: readonly EventType[] }
  /** events after this position */
  readonly from: Position | 'start'
  readonly maxEvents: number
  /** one at a time; when it throws, the subscription has failed */
  readonly onBatch: (batch: FeedBatch) => Promise<void>
  /** the log is away; the subscription goes on by itself when it is back */
  readonly onDown: (reason: string) => void
  readonly signal: AbortSignal
}

/** A filtered catch-up subscription that outlives the log's restarts (`subscribeInBatches` of `libs/event-store`). */
export type Subscribe = (request: FeedRequest) => {
  /** never rejects; `error` is what `onBatch` threw, or says which event cannot be read */
  readonly done: Promise<{ readonly outcome: 'stopped' } | { readonly outcome: 'failed'; readonly error: unknown }>
}

/** An event that this projection cannot apply: the projector stops in front of it. */
export class CannotApply extends Error {
  readonly stream: string
  readonly revision: number

  constructor(
    projection: string,
    event: { readonly stream: string; readonly revision: number; readonly type?: string },
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(
      `projection ${projection} cannot apply ${event.type ?? 'the event'} at ${event.stream}@${event.revision}: ${reason}`,
      { cause },
    )
    this.name = 'CannotApply'
    this.stream = event.stream
    this.revision = event.revision
  }
}

/** The error of a failed subscription; one about an event that this build cannot read names the event as CannotApply does. */
export const feedError = (projection: string, error: unknown): unknown => {
  if (error instanceof CannotApply) return error
  const { stream, revision } = (error ?? {}) as { stream?: unknown; revision?: unknown }
  return typeof stream === 'string' && typeof revision === 'number'
    ? new CannotApply(projection, { stream, revision }, error)
    : error
}
