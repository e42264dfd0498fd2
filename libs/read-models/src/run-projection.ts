import { Backoff } from '@voltrail/runtime/backoff'
import type { Log } from '@voltrail/runtime/log'
import { StartError } from '@voltrail/runtime/start-error'
import { sleep } from '@voltrail/runtime/ticker'
import { applyBatch } from './apply-batch.ts'
import { CheckpointMoved, positionText, readCheckpoint } from './checkpoint.ts'
import { openDirectConnection } from './direct-connection.ts'
import type { DirectConnection } from './direct-connection.ts'
import { migrate, tryLock } from './migrate.ts'
import { CannotApply, feedError } from './projection.ts'
import type { Position, Projection, Subscribe } from './projection.ts'

export interface ProjectionOptions {
  readonly projection: Projection
  /** straight to Postgres: a session lock does not survive a transaction pooler */
  readonly databaseUrl: string
  readonly subscribe: Subscribe
  readonly log: Log
  /** events per transaction at most; default 500 */
  readonly batchSize?: number
  /** told how many events each transaction held */
  readonly onApplied?: (events: number) => void
  /** how often a standby asks whether the lock is free, in milliseconds; default 500 */
  readonly standbyPollMs?: number
  /** ceilings of the wait after a failure, in milliseconds; default 200 up to 10,000 */
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number }
}

/**
 * - `starting`  connecting, or Postgres is away
 * - `standby`   another instance writes; this one takes over when that ends
 * - `catchingUp`, `live`
 * - `waiting`   the log is away; events go on by themselves when it is back
 * - `stopped`   in front of an event that it cannot apply, or by `stop`
 */
export type ProjectionState = 'starting' | 'standby' | 'catchingUp' | 'live' | 'waiting' | 'stopped'

export interface RunningProjection {
  state(): ProjectionState
  /** Why it is not doing its work; `undefined` when it is, or stands by. For a readiness check. */
  failing(): string | undefined
  /** Where its checkpoint stands; `undefined` before the first event or while standing by. */
  position(): Position | undefined
  /** Seconds since the event was received that is being applied, or was last; 0 when caught up or standing by. */
  lagSeconds(): number
  /** Ends after the batch under way, and lets a standby take over. */
  stop(): Promise<void>
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
  let beingApplied: string | undefined

  const enter = (next: ProjectionState, why?: string): void => {
    if (next !== state || why !== trouble)
      log.info({ projection: projection.name, state: next, why, position: positionText(position) }, 'projection')
    state = next
    trouble = why
  }

  const followLog = async (connection: DirectConnection, backoff: Backoff): Promise<void> => {
    const feed = subscribe({
      filter: { streamPrefixes: projection.streamPrefixes, types: projection.eventTypes },
      from: position ?? 'start',
      maxEvents: batchSize,
      onDown: (reason) => enter('waiting', `the log is away: ${reason}`),
      async onBatch(batch) {
        const oldest = batch.events[0]?.metadata.receivedAt
        if (oldest !== undefined) beingApplied = oldest
        position = await applyBatch(connection, projection, batch, position)
        beingApplied = undefined
        backoff.reset()
        options.onApplied?.(batch.events.length)
        lastReceivedAt = batch.events.at(-1)?.metadata.receivedAt ?? lastReceivedAt
        if (batch.caughtUp) enter('live')
        else if (state !== 'live') enter('catchingUp')
      },
      signal: AbortSignal.any([stopped, connection.lost]),
    })
    const end = await feed.done
    if (end.outcome === 'failed') throw feedError(projection.name, end.error)
    connection.lost.throwIfAborted()
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
      enter('catchingUp')
      await followLog(connection, backoff)
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
          log.error(
            { err: error, projection: projection.name },
            'the projection stops here: mend it or rebuild with a build that can',
          )
          enter('stopped', error.message)
          return
        }
        position = undefined
        beingApplied = undefined
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
    lagSeconds() {
      if (state === 'standby') return 0
      const since = beingApplied ?? (state === 'live' ? undefined : lastReceivedAt)
      return since === undefined ? 0 : Math.max(0, (Date.now() - Date.parse(since)) / 1000)
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
