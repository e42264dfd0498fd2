import type { TariffEvent } from '@voltrail/contracts/events/registry'
import { categoryPrefix } from '@voltrail/contracts/streams'
import type { Recorded } from '@voltrail/domain/decider'
import { readCheckpoint, writeCheckpoint } from '@voltrail/event-store/checkpoint'
import { connectEventLog, type EsdbLog } from '@voltrail/event-store/esdb-log'
import { LogUnavailable, type LogEvent, type LogPosition } from '@voltrail/event-store/event-log'
import {
  derivedPaceMs,
  subscribeInBatches,
  subscribeLog,
  type Batch,
  type Subscription,
} from '@voltrail/event-store/subscription'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { Backoff } from '@voltrail/runtime/backoff'
import { startHealthServer } from '@voltrail/runtime/health'
import { createLog, type Log } from '@voltrail/runtime/log'
import { counter, createMetrics } from '@voltrail/runtime/metrics'
import type { RunningService } from '@voltrail/runtime/shutdown'
import { sleep } from '@voltrail/runtime/ticker'
import type { BillingConfig } from './config.ts'
import { rate } from './rate.ts'
import { createSessionStarts, type SessionStarts } from './session-starts.ts'
import { createTariffBook, type TariffBook } from './tariff-book.ts'

const checkpointStream = 'checkpoint-billing'
const tariffs = categoryPrefix('tariff')
const sessions = categoryPrefix('session')
/** what makes or changes a bill, and what it is rated with; nothing else of a session is looked at */
const ends = ['SessionStopped', 'SessionCorrected']
const begins = 'SessionStarted'
const changes = ['TariffDefined', 'TariffAssigned']

export interface Billing extends RunningService {
  readonly healthPort: number
}

/**
 * Rates every session that ends. It reads sessions and tariffs as one ordered feed, so that a bill knows each tariff that was
 * decided before the session's end; how far it has come is kept in a stream of one event.
 */
export const startBilling = async (config: BillingConfig): Promise<Billing> => {
  const log = createLog({ service: 'billing', level: config.LOG_LEVEL, pretty: config.LOG_PRETTY })
  const metrics = createMetrics('billing')
  const rated = counter(metrics, {
    name: 'voltrail_billing_events_total',
    help: 'Events appended, by type',
    labels: ['type'],
  })
  const stopping = new AbortController()
  const eventLog = connectEventLog({ connectionString: config.ESDB_URL, log })
  const loop = createWriteLoop({ log: eventLog, cacheSize: 10_000, build: config.BUILD })
  const book = createTariffBook()
  const starts = createSessionStarts(eventLog)
  const deps = { starts, loop, book, pod: config.POD_NAME, build: config.BUILD }

  /** One session's end, until it is rated: the log may be away for a while, the feed waits. */
  const settle = async (event: LogEvent): Promise<void> => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 5_000, random: Math.random })
    while (!stopping.signal.aborted) {
      const reason = await rate(event, deps).then(
        (decided) => {
          if (decided.outcome === 'unavailable') return decided.reason
          if (decided.outcome === 'accepted') for (const { type } of decided.appended) rated.inc({ type })
          return undefined
        },
        (error: unknown) => {
          if (error instanceof LogUnavailable) return error.message
          const problem = error instanceof Error ? error.message : String(error)
          throw new Error(`event ${event.revision} of ${event.stream} cannot be rated: ${problem}`, { cause: error })
        },
      )
      if (reason === undefined) return
      log.warn({ reason, stream: event.stream }, 'a session waits for its rating')
      await sleep(backoff.next(), stopping.signal)
    }
    throw new Error('billing is shutting down')
  }

  const feed = await openFeed({
    config,
    eventLog,
    book,
    starts,
    log,
    signal: stopping.signal,
    onEnd: settle,
  }).catch(async (error: unknown) => {
    await eventLog.close()
    throw error
  })
  const health = await startHealthServer({
    host: config.HEALTH_HOST,
    port: config.HEALTH_PORT,
    registry: metrics,
    checks: { feed: () => feed.failing() },
  }).catch(async (error: unknown) => {
    stopping.abort()
    await feed.stop()
    await eventLog.close()
    throw error
  })
  health.setReady()
  log.info({ healthPort: health.port }, 'billing is ready')
  return {
    healthPort: health.port,
    log,
    deadlineMs: config.SHUTDOWN_DEADLINE,
    async stop() {
      health.setReady(false)
      stopping.abort()
      await feed.stop()
      await eventLog.close()
      await health.stop()
    },
  }
}

interface FeedOptions {
  readonly config: BillingConfig
  readonly eventLog: EsdbLog
  readonly book: TariffBook
  readonly starts: SessionStarts
  readonly log: Log
  readonly signal: AbortSignal
  readonly onEnd: (event: LogEvent) => Promise<void>
}

/** how often a feed that moves says how far it is, in ms */
const checkpointEveryMs = 1_000

/** The ordered feed of tariffs and session ends, from the checkpoint on; before it, every tariff that was decided earlier. */
const openFeed = async ({ config, eventLog, book, starts, log, signal, onEnd }: FeedOptions) => {
  const hear = (event: LogEvent) => book.hear(event.stream, event as unknown as Recorded<TariffEvent>)
  await tariffsSoFar(config.ESDB_URL, hear, log, signal)
  let checkpoint = await readCheckpoint(eventLog, checkpointStream)
  let writtenAt = 0

  const keep = async (position: LogPosition): Promise<void> => {
    if (performance.now() - writtenAt < checkpointEveryMs) return
    const written = await writeCheckpoint(eventLog, checkpointStream, position, checkpoint?.revision ?? -1)
    writtenAt = performance.now()
    if (written.outcome === 'appended') checkpoint = { position, revision: written.revision }
    // another instance writes too: harmless, each rating is made once; go on after whichever is there
    else if (written.outcome === 'conflict') checkpoint = await readCheckpoint(eventLog, checkpointStream)
  }

  const subscription: Subscription = subscribeInBatches({
    connectionString: config.ESDB_URL,
    filter: { streamPrefixes: [sessions, tariffs], types: [begins, ...ends, ...changes] },
    from: checkpoint?.position ?? 'start',
    signal,
    paceMs: derivedPaceMs,
    onDown: (reason) => log.warn({ reason }, 'the feed of billing is down'),
    async onBatch({ events, position }: Batch) {
      // sessions side by side, each with the tariffs that were decided before its end
      let ends: LogEvent[] = []
      for (const event of events) {
        if (event.type === begins) starts.hear(event)
        else if (!event.stream.startsWith(tariffs)) ends.push(event)
        else {
          await inOrderOfEach(ends, onEnd)
          ends = []
          hear(event)
        }
      }
      await inOrderOfEach(ends, onEnd)
      if (position !== undefined)
        await keep(position).catch((error: unknown) => log.warn({ err: error }, 'no checkpoint was written'))
    },
  })
  void subscription.done.then((end) => {
    if (end.outcome === 'failed' && !signal.aborted)
      log.error({ err: end.error }, 'billing cannot go on: an event could not be rated, see the error for which')
  })
  return {
    failing: (): string | undefined => {
      const status = subscription.status()
      return status.state === 'down' || status.state === 'failed' ? `${status.state}: ${status.reason}` : undefined
    },
    stop: () => subscription.stop(),
  }
}

/** The events of one stream one after the other, streams side by side. Rejects with the first failure, when all have ended. */
const inOrderOfEach = async (
  events: readonly LogEvent[],
  handle: (event: LogEvent) => Promise<void>,
): Promise<void> => {
  const last = new Map<string, Promise<void>>()
  for (const event of events)
    last.set(
      event.stream,
      (last.get(event.stream) ?? Promise.resolve()).then(() => handle(event)),
    )
  const ended = await Promise.allSettled(last.values())
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}

const tariffsSoFar = async (
  connectionString: string,
  hear: (event: LogEvent) => void,
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  let caughtUp = () => {}
  const all = new Promise<undefined>((resolve) => (caughtUp = () => resolve(undefined)))
  const reading = subscribeLog({
    connectionString,
    filter: { streamPrefixes: [tariffs], types: changes },
    from: 'start',
    signal,
    onDown: (reason) => log.warn({ reason }, 'waiting for the log'),
    onEvent: hear,
    onCaughtUp: () => caughtUp(),
  })
  const end = await Promise.race([all, reading.done])
  await reading.stop()
  // without all of them a session would get another's tariff, or none
  if (end?.outcome === 'failed') throw new Error('not every tariff can be read', { cause: end.error })
}
