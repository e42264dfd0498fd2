import { Backoff } from '@voltrail/runtime/backoff'
import type { Log } from '@voltrail/runtime/log'
import { StartError } from '@voltrail/runtime/start-error'
import { sleep } from '@voltrail/runtime/ticker'
import { applyBatch } from './apply-batch.ts'
import { inBatches } from './batches.ts'
import { CheckpointMoved, positionText, readCheckpoint } from './checkpoint.ts'
import { openDirectConnection } from './direct-connection.ts'
import type { DirectConnection } from './direct-connection.ts'
import { migrate, tryLock } from './migrate.ts'
import { CannotApply } from './projection.ts'
import type { Position, Projection, Subscribe } from './projection.ts'

export interface ProjectionOptions {
  readonly projection: Projection
  /** straight to Postgres: a session lock does not survive a transaction pooler */
  readonly databaseUrl: string
  readonly subscribe: Subscribe
  readonly log: Log
  /** events per transaction at most; default 500 */
  readonly batchSize?: number
  /** how often a standby asks whether the lock is free, in milliseconds; default 500 */
  readonly standbyPollMs?: number
  /** ceilings of the wait after a failure, in milliseconds; default 200 up to 10,000 */
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number }
}

/**
 * - `starting`  connecting, or Postgres is away
 * - `standby`   another instance writes; this one takes over when that ends
 * - `catchingUp`, `live`
 * - `waiting`   the log is away
 * - `stopped`   in front of an event that it cannot apply, or by `stop`
 */
export type ProjectionState = 'starting' | 'standby' | 'catchingUp' | 'live' | 'waiting' | 'stopped'

export interface RunningProjection {
  state(): ProjectionState
  /** Why it is not doing its work; `undefined` when it is, or stands by. For a readiness check. */
  failing(): string | undefined
  /** Where its checkpoint stands; `undefined` before the first event or while standing by. */
  position(): Position | undefined
  /** Seconds since the last applied event was received; 0 when caught up or standing by. */
  lagSeconds(): number
  eventsApplied(): number
  /** Ends after the batch under way, and lets a standby take over. */
  stop(): Promise<void>
}

/** The log's subscription broke. */
class FeedLost extends Error {
  constructor(cause: unknown) {
    super(`the log is away: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'FeedLost'
  }
}

/**
 * Keeps one read model up to date until it is stopped: one instance writes, others stand by. It outlives restarts of Postgres and of
 * the log; an event that it cannot apply ends its work (never skipped), and `failing` names stream and revision.
 */
export const runProjection = (options: ProjectionOptions): RunningProjection => {
  const { projection, databaseUrl, subscribe, log, batchSize = 500, standbyPollMs = 500 } = options
  const waits = { firstMs: 200, maxMs: 10_000, ...options.backoff, random: Math.random }
  const stopping = new AbortController()
  const stopped = stopping.signal

  let state: ProjectionState = 'starting'
  let trouble: string | undefined = 'is connecting to Postgres'
  let position: Position | undefined
  let lastReceivedAt: string | undefined
  let applied = 0

  const enter = (next: ProjectionState, why?: string): void => {
    if (next !== state || why !== trouble) log.info({ projection: projection.name, state: next, why, position: positionText(position) }, 'projection')
    state = next
    trouble = why
  }

  const followLog = async (connection: DirectConnection, backoff: Backoff): Promise<void> => {
    const ended = AbortSignal.any([stopped, connection.lost])
    const feedEnd = new AbortController()
    const feed = subscribe({
      ...(position !== undefined && { after: position }),
      streamPrefixes: projection.streamPrefixes,
      eventTypes: projection.eventTypes,
      signal: AbortSignal.any([ended, feedEnd.signal]),
    })
    try {
      for await (const batch of inBatches(lossNamed(feed), batchSize)) {
        if (ended.aborted) break
        position = await applyBatch(connection.db, projection, batch, position)
        backoff.reset()
        applied += batch.events.length
        lastReceivedAt = batch.events.at(-1)?.event.metadata.receivedAt ?? lastReceivedAt
        if (batch.caughtUp) enter('live')
        else if (state !== 'live') enter('catchingUp')
      }
    } finally {
      feedEnd.abort()
    }
    connection.lost.throwIfAborted()
    if (!stopped.aborted) throw new FeedLost(new Error('the subscription ended'))
  }

  /** The life of one connection: schema, lock, then the log until something breaks. */
  const work = async (backoff: Backoff): Promise<void> => {
    const connection = await openDirectConnection(databaseUrl, projection.schema, `projection ${projection.name}`)
    try {
      await migrate(connection.db, projection, projection.schema)
      while (!(await tryLock(connection.db, projection.schema))) {
        enter('standby')
        backoff.reset()
        if (!(await sleep(standbyPollMs, AbortSignal.any([stopped, connection.lost])))) break
      }
      connection.lost.throwIfAborted()
      if (stopped.aborted) return
      position = await readCheckpoint(connection.db, projection.name)
      while (!stopped.aborted) {
        enter('catchingUp')
        try {
          await followLog(connection, backoff)
        } catch (error) {
          if (!(error instanceof FeedLost)) throw error
          enter('waiting', error.message)
          await sleep(backoff.next(), AbortSignal.any([stopped, connection.lost]))
        }
      }
    } finally {
      await connection.close()
    }
  }

  const live = async (): Promise<void> => {
    const backoff = new Backoff(waits)
    while (!stopped.aborted) {
      try {
        await work(backoff)
      } catch (error) {
        if (stopped.aborted) break
        if (error instanceof CannotApply || error instanceof StartError) {
          log.error({ err: error, projection: projection.name }, 'the projection stops here: mend it or rebuild with a build that can')
          enter('stopped', error.message)
          return
        }
        position = undefined
        if (error instanceof CheckpointMoved) enter('standby')
        else enter('starting', `Postgres is away: ${error instanceof Error ? error.message : String(error)}`)
        await sleep(backoff.next(), stopped)
      }
    }
    enter('stopped', 'was stopped')
  }
  const running = live()

  return {
    state: () => state,
    failing: () => trouble,
    position: () => position,
    lagSeconds: () =>
      state === 'live' || state === 'standby' || lastReceivedAt === undefined
        ? 0
        : Math.max(0, (Date.now() - Date.parse(lastReceivedAt)) / 1000),
    eventsApplied: () => applied,
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Tells a broken log from a broken Postgres: both throw whatever their client throws. */
async function* lossNamed<T>(feed: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* feed
  } catch (error) {
    throw error instanceof CannotApply ? error : new FeedLost(error)
  }
}
