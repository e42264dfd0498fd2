import type { Kysely } from 'kysely'
import type { DomainEvent, EventType } from '@voltrail/contracts/events/registry'
import type { EventMetadata } from '@voltrail/contracts/envelope'

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
   * Each event once, in the order of the log. Table names are written without a schema: the connection's search path says which
   * (the live one, or the one beside it during a rebuild). Throws when it cannot apply the event: that stops the projector.
   */
  apply(tx: AnyDatabase, event: ProjectedEvent): Promise<void>
}

/** What a subscription to the log yields. `checkpoint`: nothing for us up to there. `caughtUp`: from here on live. */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: ProjectedEvent; readonly position: Position }
  | { readonly kind: 'checkpoint'; readonly position: Position }
  | { readonly kind: 'caughtUp' }

export type FeedRequest = {
  /** exclusive; absent: from the first event on */
  readonly after?: Position
  readonly streamPrefixes: readonly string[]
  readonly eventTypes: readonly EventType[]
  /** ends the subscription, also one that waits */
  readonly signal: AbortSignal
}

/**
 * A filtered catch-up subscription, in the order of the log. It ends when the signal is aborted; it throws a CannotApply for an
 * event that cannot be read, anything else when the log is away.
 */
export type Subscribe = (request: FeedRequest) => AsyncIterable<FeedItem>

/** An event that this projection cannot apply: the projector stops in front of it. */
export class CannotApply extends Error {
  readonly stream: string
  readonly revision: number

  constructor(projection: string, event: { readonly stream: string; readonly revision: number; readonly type?: string }, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`projection ${projection} cannot apply ${event.type ?? 'the event'} at ${event.stream}@${event.revision}: ${reason}`, { cause })
    this.name = 'CannotApply'
    this.stream = event.stream
    this.revision = event.revision
  }
}
