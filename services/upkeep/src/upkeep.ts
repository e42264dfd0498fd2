import { connectBus } from '@voltrail/bus/bus'
import { centralClient } from '@voltrail/bus/central-client'
import { holdLease } from '@voltrail/bus/lease'
import { eventsByCategory } from '@voltrail/contracts/events/registry'
import { categoryPrefix } from '@voltrail/contracts/streams'
import { trustBucket } from '@voltrail/contracts/trust'
import { fileService } from '@voltrail/domain/device/file-addresses'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { derivedPaceMs, subscribeInBatches } from '@voltrail/event-store/subscription'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { startHealthServer } from '@voltrail/runtime/health'
import { createLog } from '@voltrail/runtime/log'
import { createMetrics, gauge } from '@voltrail/runtime/metrics'
import type { RunningService } from '@voltrail/runtime/shutdown'
import { startTicker } from '@voltrail/runtime/ticker'
import { cachedTokens } from './cached-tokens.ts'
import { campaigns } from './campaigns.ts'
import { certificates } from './certificates.ts'
import type { UpkeepConfig } from './config.ts'
import { configuration } from './configuration.ts'
import { decidedReviews } from './decided-reviews.ts'
import { createDuties } from './duties.ts'
import type { Duty, DutyDeps } from './duty.ts'
import { localLists } from './local-lists.ts'
import { openAuthority } from './open-authority.ts'
import { outcomes } from './outcomes.ts'
import { profiles } from './profiles.ts'
import { securityUpgrade } from './security-upgrade.ts'
import { publishTrust } from './publish-trust.ts'
import { reservations } from './reservations.ts'
import { transfers } from './transfers.ts'

/** what duties hear of whole, and of sessions that one began: what they measure is most of the log */
const categories = ['charger', 'device', 'tenant', 'token', 'campaign'] as const
const feedFilter = {
  streamPrefixes: [...categories, 'session' as const].map(categoryPrefix),
  types: [...categories.flatMap((category) => Object.keys(eventsByCategory[category])), 'SessionStarted'],
}

/** Every duty, each made of what duties work with. */
const createAll: readonly ((deps: DutyDeps) => Duty)[] = [
  outcomes,
  securityUpgrade,
  profiles,
  configuration,
  transfers,
  reservations,
  localLists,
  cachedTokens,
  decidedReviews,
]

export interface Upkeep extends RunningService {
  readonly healthPort: number
  /** whether this instance does the work, or stands by */
  active(): boolean
}

export interface UpkeepPace {
  /** ms since 1970 */
  readonly now: () => number
  readonly tickMs: number
  readonly leaseMs: number
}

const pace: UpkeepPace = { now: Date.now, tickMs: 200, leaseMs: 10_000 }

/** The composition of upkeep: everything that it holds is opened here and closed in the reverse order. */
export const startUpkeep = async (config: UpkeepConfig, given: Partial<UpkeepPace> = {}): Promise<Upkeep> => {
  const { now, tickMs, leaseMs } = { ...pace, ...given }
  const log = createLog({ service: 'upkeep', level: config.LOG_LEVEL, pretty: config.LOG_PRETTY }).child({
    pod: config.POD_NAME,
  })
  const metrics = createMetrics('upkeep')
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
    const deps: DutyDeps = {
      loop: createWriteLoop({ log: eventLog, cacheSize: 10_000, build: config.BUILD }),
      central: (tenant) => centralClient(bus, tenant),
      now,
      pod: config.POD_NAME,
      build: config.BUILD,
      log,
    }
    const certificateTerms = {
      authority: await openAuthority(config, now),
      publish: publishTrust({
        bucket: await bus.keyValue(trustBucket),
        folder: config.PKI_PUBLISH_FOLDER,
        logEnd: async () => (await eventLog.readTail(1))[0]?.position.commit ?? 0n,
        log,
      }),
      renewBeforeMs: config.PKI_RENEW_BEFORE,
    }
    const files = fileService(config.FILES_URLS, config.FILES_KEY)
    const duties = createDuties({
      duties: [...createAll, certificates(certificateTerms), campaigns({ files })].map((create) => create(deps)),
      now,
      onWaits: (duty, reason) => log.warn({ duty, reason }, 'a duty waits'),
      onFailed: (error, what) => log.error({ err: error, what }, 'a duty failed'),
    })
    gauge(metrics, {
      name: 'voltrail_upkeep_waiting',
      help: 'Keys of all duties that are to be looked at',
      read: () => duties.status().waiting,
    })

    const feed = subscribeInBatches({
      connectionString: config.ESDB_URL,
      filter: feedFilter,
      from: 'start',
      paceMs: derivedPaceMs,
      onDown: (reason) => log.warn({ reason }, 'the feed of upkeep is down'),
      onBatch: ({ events }) => {
        for (const event of events) duties.hear(event)
      },
    })
    void feed.done.then((end) => {
      if (end.outcome === 'failed')
        log.error({ err: end.error }, 'upkeep cannot go on: an event cannot be read, see the error for which')
    })
    closers.push(() => feed.stop())
    const lease = holdLease({
      bucket: await bus.keyValue('leases', { ttlMs: leaseMs }),
      key: 'upkeep',
      holder: config.POD_NAME,
      ttlMs: leaseMs,
      onChange: (held) => log.info(held ? 'this instance is the active one' : 'this instance stands by'),
    })
    closers.push(() => lease.stop())
    const ticker = startTicker(
      // a feed that is behind does not know yet what has been done
      (signal) => duties.run(() => !signal.aborted && lease.held() && feed.status().state === 'live'),
      { everyMs: tickMs, onError: (error) => log.error({ err: error }, 'looking after chargers failed') },
    )
    closers.push(() => ticker.stop())

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
        duties: () => duties.status().failing,
      },
    })
    closers.push(() => health.stop())
    health.setReady()
    log.info({ healthPort: health.port }, 'upkeep is ready')
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
