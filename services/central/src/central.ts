import { inferenceDefaults } from '@voltrail/contracts/admin-commands'
import type { LogHealthNotice } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import {
  allCommands,
  allFacts,
  allPodFacts,
  centralQueue,
  logHealthSubject,
  telemetryStream,
} from '@voltrail/contracts/subjects'
import { connectBus } from '@voltrail/bus/bus'
import { session } from '@voltrail/domain/session'
import { wholeSession } from '@voltrail/domain/session-end'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { createLogCache } from '@voltrail/event-store/log-cache'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { openVault } from '@voltrail/key-store/vault'
import { startHealthServer } from '@voltrail/runtime/health'
import { createLog } from '@voltrail/runtime/log'
import { counter, createMetrics, histogram, latencyBuckets } from '@voltrail/runtime/metrics'
import type { RunningService } from '@voltrail/runtime/shutdown'
import { sleep, startTicker } from '@voltrail/runtime/ticker'
import type { CentralConfig } from './config.ts'
import type { CentralDeps } from './central-deps.ts'
import { createBackground } from './commands/background.ts'
import { createCommandHandler } from './commands/commands.ts'
import { deciding } from './deciding.ts'
import { createFactHandler, isFactType } from './facts/facts.ts'
import { createFrameStore } from './frame-store.ts'
import { createLogHealth, logProbe, watchedLog } from './log-health.ts'
import { lookUpFolds, lookUps } from './look-ups.ts'
import { followOpenByToken } from './open-by-token.ts'

export interface Central extends RunningService {
  readonly healthPort: number
}

/** how long a stop waits for what was done already to be recorded */
const backgroundMs = 5_000

/** The composition of central: everything that it holds is opened here and closed in the reverse order. */
export const startCentral = async (config: CentralConfig): Promise<Central> => {
  const log = createLog({ service: 'central', level: config.LOG_LEVEL, pretty: config.LOG_PRETTY }).child({
    pod: config.POD_NAME,
  })
  const metrics = createMetrics('central')
  const closers: (() => Promise<unknown>)[] = []
  const closeAll = async () => {
    for (const close of closers.toReversed())
      await close().catch((error: unknown) => log.warn({ err: error }, 'closing failed'))
  }
  try {
    const vault = await openVault({
      databaseUrl: config.DATABASE_URL,
      masterKey: Buffer.from(config.MASTER_KEY, 'hex'),
      onConnectionLost: (error) => log.warn({ err: error }, 'the key store lost a connection'),
    })
    closers.push(() => vault.close())
    const eventLog = connectEventLog({
      connectionString: config.ESDB_URL,
      log,
      appendTimeoutMs: config.LOG_APPEND_TIMEOUT,
      appendDeadlineMs: config.LOG_APPEND_DEADLINE,
    })
    closers.push(() => eventLog.close())
    const bus = await connectBus({
      url: config.NATS_URL,
      name: config.POD_NAME,
      ...(config.NATS_CREDS !== undefined && { credentials: { creds: config.NATS_CREDS } }),
      log: (line) => log.info(line),
    })
    closers.push(() => bus.drain())
    await bus.ensureStream({
      name: telemetryStream.name,
      subjects: telemetryStream.subjects,
      maxAgeMs: config.TELEMETRY_RETENTION,
      description: 'meter values that belong to no session',
    })

    const probe = logProbe(eventLog, config.POD_NAME, config.LOG_APPEND_TIMEOUT)
    // nothing is said of the log, and no charger let in, before it was tried
    const begins = { state: await probe.first(), at: performance.now() }
    if (begins.state !== 'well') log.warn({ state: begins.state }, 'the event log is not well yet')
    const tellLogHealth = () => {
      const notice: LogHealthNotice = { pod: config.POD_NAME, state: logHealth.state }
      bus.publish(logHealthSubject(config.POD_NAME), Buffer.from(JSON.stringify(notice)))
    }
    const logHealth = createLogHealth(config.LOG_WELL_AFTER, begins, (state) => {
      log.warn({ state }, 'the health of the event log has changed')
      tellLogHealth()
    })
    const watched = watchedLog(eventLog, () => logHealth.failed(performance.now()))
    const ticking = (everyMs: number, immediately: boolean) => ({
      everyMs,
      immediately,
      onError: (error: unknown) => log.error({ err: error }, 'the health of the event log could not be told'),
    })
    const telling = startTicker(tellLogHealth, ticking(config.LOG_PROBE_EVERY, true))
    // apart: a probe may hang for as long as an append may
    const probing = startTicker(
      async () => {
        if (logHealth.state === 'well') return
        const state = logHealth.probed(await probe.write('recovering'), performance.now())
        // so that the next process of this pod begins where this one is
        if (state === 'well') await probe.write('well')
      },
      ticking(config.LOG_PROBE_EVERY, true),
    )
    // a log that fails while nobody calls it is found out too
    const looking = startTicker(
      async () => {
        if (logHealth.state === 'well' && !(await probe.look())) logHealth.failed(performance.now())
      },
      ticking(config.LOG_IDLE_PROBE_EVERY, false),
    )
    closers.push(async () => {
      // not waited for: a probe under way ends when the log is closed
      void probing.stop()
      void looking.stop()
      await telling.stop()
    })

    const loop = createWriteLoop({
      log: watched,
      cacheSize: config.CACHE_STREAMS,
      build: config.BUILD,
      // a stop is decided on all of a session: known by then where its start was decided here
      sameStreams: [[session, wholeSession]],
    })
    const cache = createLogCache({
      connectionString: config.ESDB_URL,
      log: eventLog,
      folds: lookUpFolds,
      logger: log,
    })
    closers.push(() => cache.stop())
    const openByToken = followOpenByToken(config.ESDB_URL, log)
    closers.push(() => openByToken.stop())
    const defaultSettings = {
      adoption: config.ADOPTION,
      unknownTokens: config.UNKNOWN_TOKENS,
      heartbeatSeconds: config.HEARTBEAT_SECONDS,
      ...inferenceDefaults,
    }
    const deps: CentralDeps = {
      ...deciding(loop),
      bus,
      frames: createFrameStore(eventLog),
      history: watched,
      logHealth,
      vault,
      lookUps: lookUps(cache, defaultSettings),
      openByToken,
      log,
      now: () => instant(Date.now()),
      pod: config.POD_NAME,
      build: config.BUILD,
      defaultSettings,
      ...(config.CPO_NAME !== undefined && { cpoName: config.CPO_NAME }),
      offlineAfterMs: config.OFFLINE_AFTER,
    }

    const facts = counter(metrics, {
      name: 'voltrail_central_facts_total',
      help: 'Facts that were decided on, by outcome',
      labels: ['fact', 'outcome'],
    })
    const seconds = histogram(metrics, {
      name: 'voltrail_central_fact_seconds',
      help: 'From the arrival of a fact to its answer',
      labels: ['fact'],
      buckets: latencyBuckets,
    })
    const onFact = createFactHandler(deps)
    const background = createBackground(log)
    closers.push(async () => {
      const recorded = new AbortController()
      await Promise.race([background.idle(), sleep(backgroundMs, recorded.signal)])
      recorded.abort()
    })
    const onCommand = createCommandHandler({ ...deps, background })
    const answerFact = async (message: { subject: string; data: Uint8Array; reply(data: Uint8Array): boolean }) => {
      const word = message.subject.slice(message.subject.lastIndexOf('.') + 1)
      // whoever may publish chooses this word: only known ones make a series
      const fact = isFactType(word) ? word : 'unknown'
      const end = seconds.startTimer({ fact })
      const reply = await onFact(message.data, message.subject)
      end()
      facts.inc({ fact, outcome: reply.outcome })
      message.reply(Buffer.from(JSON.stringify(reply)))
    }
    const responders = [
      bus.respond(allFacts, { queue: centralQueue }, answerFact),
      bus.respond(allPodFacts(config.POD_NAME), {}, answerFact),
      bus.respond(allCommands, { queue: centralQueue }, async (message) => {
        message.reply(Buffer.from(JSON.stringify(await onCommand(message.subject, message.data))))
      }),
    ]
    await Promise.all(responders.map((responder) => responder.ready))

    const health = await startHealthServer({
      host: config.HEALTH_HOST,
      port: config.HEALTH_PORT,
      registry: metrics,
      checks: {
        bus: () => (bus.status() === 'connected' ? undefined : `the bus is ${bus.status()}`),
        log: async () => {
          const status = await eventLog.probe()
          return status.state === 'down' ? status.reason : undefined
        },
        keys: () => vault.failing(),
      },
    })
    closers.push(() => health.stop())
    health.setReady()
    log.info({ healthPort: health.port }, 'central is ready')
    return {
      healthPort: health.port,
      log,
      deadlineMs: config.SHUTDOWN_DEADLINE,
      stop: async () => {
        health.setReady(false)
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}
