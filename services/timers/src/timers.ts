import { connectBus } from '@voltrail/bus/bus'
import { categoryPrefix } from '@voltrail/contracts/streams'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { derivedPaceMs, subscribeInBatches } from '@voltrail/event-store/subscription'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { startHealthServer } from '@voltrail/runtime/health'
import { createLog } from '@voltrail/runtime/log'
import { counter, createMetrics, gauge, histogram } from '@voltrail/runtime/metrics'
import type { RunningService } from '@voltrail/runtime/shutdown'
import { startTicker } from '@voltrail/runtime/ticker'
import type { TimersConfig } from './config.ts'
import { createEngine } from './engine.ts'
import { holdLease } from '@voltrail/bus/lease'
import { busPresence } from './presence.ts'

const categories = ['charger', 'session', 'billing', 'tenant'] as const

export interface Timers extends RunningService {
  readonly healthPort: number
  /** whether this instance does the work, or stands by */
  active(): boolean
}

export interface TimersPace {
  /** ms since 1970; time-outs, presence and what is appended go by it */
  readonly now: () => number
  readonly tickMs: number
  readonly sweepMs: number
  readonly leaseMs: number
}

const pace: TimersPace = { now: Date.now, tickMs: 1_000, sweepMs: 60_000, leaseMs: 10_000 }

/** The composition of timers: everything that it holds is opened here and closed in the reverse order. */
export const startTimers = async (config: TimersConfig, given: Partial<TimersPace> = {}): Promise<Timers> => {
  const { now, tickMs, sweepMs, leaseMs } = { ...pace, ...given }
  const log = createLog({ service: 'timers', level: config.LOG_LEVEL, pretty: config.LOG_PRETTY }).child({
    pod: config.POD_NAME,
  })
  const metrics = createMetrics('timers')
  const closers: (() => unknown)[] = []
  const closeAll = async () => {
    for (const close of closers.toReversed())
      await Promise.resolve()
        .then(close)
        .catch((error: unknown) => log.warn({ err: error }, 'closing failed'))
  }
  try {
    const eventLog = connectEventLog({ connectionString: config.ESDB_URL, log })
    closers.push(() => eventLog.close())
    const bus = await connectBus({ url: config.NATS_URL, name: config.POD_NAME, log: (line) => log.info(line) })
    closers.push(() => bus.drain())
    const presence = busPresence(bus, now)
    closers.push(() => presence.stop())

    const fired = counter(metrics, {
      name: 'voltrail_timers_fired_total',
      help: 'Time-outs that appended something, by kind',
      labels: ['kind'],
    })
    const lag = histogram(metrics, {
      name: 'voltrail_timers_lag_seconds',
      help: 'From the time that a time-out was due to its append',
      labels: ['kind'],
      buckets: [0.5, 1, 2, 5, 10, 30, 60, 300, 3_600],
    })
    const engine = createEngine({
      loop: createWriteLoop({ log: eventLog, cacheSize: 10_000, build: config.BUILD }),
      presence,
      now,
      pod: config.POD_NAME,
      build: config.BUILD,
      onFired(kind, types, lagMs) {
        fired.inc({ kind })
        lag.observe({ kind }, Math.max(0, lagMs) / 1000)
        log.info({ kind, types }, 'a time-out fired')
      },
      onWaits: (reason) => log.warn({ reason }, 'a time-out waits for the log'),
      onFailed: (error, what) => log.error({ err: error, what }, 'a time-out cannot be decided'),
    })
    gauge(metrics, {
      name: 'voltrail_timers_waiting',
      help: 'Chargers and sessions that something is waited for',
      read: () => engine.status().waiting,
    })
    gauge(metrics, {
      name: 'voltrail_timers_overdue_seconds',
      help: 'How long the earliest wake-up is overdue here; a standby does not take it',
      read: () => Math.max(0, now() - (engine.status().dueAt ?? Infinity)) / 1000,
    })

    const feed = subscribeInBatches({
      connectionString: config.ESDB_URL,
      filter: { streamPrefixes: categories.map(categoryPrefix) },
      from: 'start',
      paceMs: derivedPaceMs,
      onDown: (reason) => log.warn({ reason }, 'the feed of timers is down'),
      onBatch: ({ events }) => {
        for (const event of events) engine.hear(event)
      },
    })
    void feed.done.then((end) => {
      if (end.outcome === 'failed')
        log.error({ err: end.error }, 'timers cannot go on: an event cannot be read, see the error for which')
    })
    closers.push(() => feed.stop())
    const lease = holdLease({
      bucket: await bus.keyValue('leases', { ttlMs: leaseMs }),
      key: 'timers',
      holder: config.POD_NAME,
      ttlMs: leaseMs,
      onChange: (held) => log.info(held ? 'this instance is the active one' : 'this instance stands by'),
    })
    closers.push(() => lease.stop())

    // a feed that is behind does not know yet what has come meanwhile
    const goOn = (signal: AbortSignal) => () => !signal.aborted && lease.held() && feed.status().state === 'live'
    const ticking = (everyMs: number, doing: string, tick: (mayGoOn: () => boolean) => Promise<void>) => {
      const ticker = startTicker((signal) => tick(goOn(signal)), {
        everyMs,
        onError: (error) => log.error({ err: error }, `${doing} failed`),
      })
      closers.push(() => ticker.stop())
    }
    ticking(tickMs, 'firing time-outs', (mayGoOn) => engine.run(mayGoOn))
    ticking(sweepMs, 'looking for dead edges', (mayGoOn) => engine.sweep(mayGoOn))

    const health = await startHealthServer({
      host: config.HEALTH_HOST,
      port: config.HEALTH_PORT,
      registry: metrics,
      checks: {
        bus: () => (bus.status() === 'connected' ? undefined : `the bus is ${bus.status()}`),
        feed: () => {
          const status = feed.status()
          return status.state === 'down' || status.state === 'failed' ? `${status.state}: ${status.reason}` : undefined
        },
        decisions: () => engine.status().failing,
      },
    })
    closers.push(() => health.stop())
    health.setReady()
    log.info({ healthPort: health.port }, 'timers is ready')
    return {
      healthPort: health.port,
      active: () => lease.held(),
      async stop() {
        health.setReady(false)
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}
