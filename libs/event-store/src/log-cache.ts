import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { StreamName } from '@voltrail/contracts/streams'
import type { Aggregate, Recorded } from '@voltrail/domain/decider'
import type { Log } from '@voltrail/runtime/log'
import { startTicker } from '@voltrail/runtime/ticker'
import type { EsdbLog } from './esdb-log.ts'
import { comparePositions } from './event-log.ts'
import type { LogPosition } from './event-log.ts'
import { emptyStream, fold, loadCold } from './load.ts'
import type { Loaded } from './load.ts'
import { subscribeInBatches } from './subscription.ts'
import type { SubscriptionEnd, SubscriptionStatus } from './subscription.ts'

export interface LookedUp<S> {
  readonly state: S
  /** -1: the stream does not exist */
  readonly revision: number
  readonly from: 'cache' | 'stream'
}

export interface LogCache {
  /**
   * What a decision reads beside its own stream: from memory while that is known to be at most `maxLagMs` behind the log, else
   * from the stream itself.
   * @throws {LogUnavailable | EventUnreadable} when the stream has to be read and cannot be
   */
  get<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, stream: StreamName): Promise<LookedUp<S>>
  status(): { readonly fresh: boolean; readonly streams: number; readonly feed: SubscriptionStatus }
  /** Resolves as failed when an event could not be folded: from then on every look-up reads its stream. */
  readonly done: Promise<SubscriptionEnd>
  stop(): Promise<void>
}

export interface LogCacheOptions {
  readonly connectionString: string
  readonly log: Pick<EsdbLog, 'readForward' | 'readBackward' | 'readTail' | 'append'>
  /** Which streams are held (`categoryPrefix('token')`), and the aggregate that folds them: the very object that `get` is called with. */
  readonly folds: readonly { readonly streamPrefix: string; readonly aggregate: SomeAggregate }[]
  /** 2 s unless told */
  readonly maxLagMs?: number
  /** how often the end of the log is compared; 500 ms unless told */
  readonly compareEveryMs?: number
  readonly logger?: Log
  readonly signal?: AbortSignal
}

/** The server tells how far the feed is each 32 events of others; the newest of the log are looked through for the rest. */
const tailEvents = 64
/** One tail sample per comparison: more than this many cannot be younger than the lag that is borne. */
const maxSamples = 32

/** An aggregate of any state and events, to be told apart by being the very same object. */
type SomeAggregate = { readonly initialState: unknown; readonly evolve: (state: never, event: never) => unknown }
type AnyAggregate = Aggregate<unknown, DomainEvent>
type Entry = {
  readonly aggregate: AnyAggregate
  readonly streamPrefix: string
  readonly streams: Map<string, Loaded<unknown>>
}

/**
 * Look-ups fed by one filtered subscription. It holds the folded state of *every* stream of its categories from the start of the
 * log (tokens, tariffs, settings: some hundred bytes each), so that an absent stream is known to be absent too.
 */
export function createLogCache(options: LogCacheOptions): LogCache {
  const { log, maxLagMs = 2_000, compareEveryMs = 500, logger } = options
  const entries: readonly Entry[] = options.folds.map(({ streamPrefix, aggregate }) => ({
    streamPrefix,
    aggregate: aggregate as unknown as AnyAggregate,
    streams: new Map(),
  }))
  const entryOf = (stream: string) => entries.find(({ streamPrefix }) => stream.startsWith(streamPrefix))
  let reached: LogPosition | undefined
  let freshAt = -Infinity
  /** ends of the log that the feed had not reached when they were read */
  let samples: { readonly readAt: number; readonly tail: LogPosition }[] = []
  let failed = false

  /** Whatever is ours up to here is folded. */
  const advance = (position: LogPosition) => {
    if (reached !== undefined && comparePositions(position, reached) < 0) return
    reached = position
    for (const { readAt, tail } of samples)
      if (comparePositions(tail, position) <= 0) freshAt = Math.max(freshAt, readAt)
    samples = samples.filter(({ tail }) => comparePositions(tail, position) > 0)
  }

  const feed = subscribeInBatches({
    connectionString: options.connectionString,
    filter: { streamPrefixes: entries.map(({ streamPrefix }) => streamPrefix) },
    from: 'start',
    ...(options.signal && { signal: options.signal }),
    onDown: (reason) => logger?.warn({ reason }, 'the feed of the look-up cache is down: look-ups read their streams'),
    onBatch({ events, position }) {
      for (const event of events) {
        const { aggregate, streams } = entryOf(event.stream)!
        const before = streams.get(event.stream) ?? emptyStream(aggregate)
        streams.set(event.stream, fold(aggregate, before, event as unknown as Recorded<DomainEvent>))
      }
      if (position !== undefined) advance(position)
    },
  })
  void feed.done.then((end) => {
    failed = end.outcome === 'failed'
    if (end.outcome === 'failed')
      logger?.error({ err: end.error }, 'the look-up cache cannot go on: look-ups read their streams')
  })

  /** Marks the cache fresh as of now when nothing of ours stands between what the feed has reached and the end of the log. */
  async function compare(): Promise<void> {
    const readAt = performance.now()
    const [tail] = await log.readTail()
    if (tail === undefined || (reached !== undefined && comparePositions(tail.position, reached) <= 0)) {
      freshAt = Math.max(freshAt, readAt)
      return
    }
    // while much is written the feed soon tells that it has passed this end of the log; if it has not by the next time, we look
    const waited = samples.length > 0
    samples = [...samples, { readAt, tail: tail.position }].slice(-maxSamples)
    if (!waited) return
    const newest = await log.readTail(tailEvents)
    const at = reached
    const unseen = at === undefined ? newest : newest.filter(({ position }) => comparePositions(position, at) > 0)
    const allThere = unseen.length < newest.length || newest.length < tailEvents
    const [end] = newest
    if (end !== undefined && allThere && unseen.every(({ stream }) => entryOf(stream) === undefined))
      advance(end.position)
  }
  const comparing = startTicker(() => compare(), {
    everyMs: compareEveryMs,
    immediately: true,
    ...(options.signal && { signal: options.signal }),
    // the log says itself that it is down; the cache only grows old
    onError: () => undefined,
  })

  const fresh = () => !failed && performance.now() - freshAt <= maxLagMs

  return {
    async get<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, stream: StreamName): Promise<LookedUp<S>> {
      const entry = entryOf(stream)
      if ((entry?.aggregate as unknown) !== aggregate)
        throw new Error(`the look-up cache was not made for ${stream} with this aggregate`)
      if (fresh()) {
        const { state, revision } = (entry?.streams.get(stream) as Loaded<S> | undefined) ?? emptyStream(aggregate)
        return { state, revision, from: 'cache' }
      }
      const { state, revision } = await loadCold(log, aggregate, stream)
      return { state, revision, from: 'stream' }
    },
    status: () => ({
      fresh: fresh(),
      streams: entries.reduce((sum, { streams }) => sum + streams.size, 0),
      feed: feed.status(),
    }),
    done: feed.done,
    async stop() {
      await Promise.all([comparing.stop(), feed.stop()])
    },
  }
}
