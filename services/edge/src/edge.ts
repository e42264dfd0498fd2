import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connectBus } from '@voltrail/bus/bus'
import type { Bus } from '@voltrail/bus/bus'
import { BusError } from '@voltrail/bus/bus-error'
import { ConnectedNotice, LogHealthNotice } from '@voltrail/contracts/facts'
import { allConnected, allLogHealth, parseSubject } from '@voltrail/contracts/subjects'
import { createFailedAttempts } from '@voltrail/runtime/failed-attempts'
import { createLeakyCounts } from '@voltrail/runtime/leaky-counts'
import { startHealthServer } from '@voltrail/runtime/health'
import { listen } from '@voltrail/runtime/listen'
import { createLog } from '@voltrail/runtime/log'
import type { Log } from '@voltrail/runtime/log'
import { createMetrics } from '@voltrail/runtime/metrics'
import type { RunningService } from '@voltrail/runtime/shutdown'
import { StartError } from '@voltrail/runtime/start-error'
import { sleep, startTicker } from '@voltrail/runtime/ticker'
import { createAdmission } from './admission.ts'
import { createChargerListener } from './charger-listener.ts'
import type { EdgeConfig } from './config.ts'
import type { Connection } from './connection.ts'
import { createConnections } from './connections.ts'
import type { Connections } from './connections.ts'
import { createEdgeMetrics } from './edge-metrics.ts'
import type { EdgeMetrics } from './edge-metrics.ts'
import { createFactRelay } from './fact-relay.ts'
import { refusalHeaders } from './http-refusal.ts'
import { defaultLimits } from './limits.ts'
import type { EdgeLimits } from './limits.ts'
import type { ListenerConfig } from './listeners.ts'
import { createLogWatch } from './log-watch.ts'
import type { LogWatch } from './log-watch.ts'
import { openPresence } from './presence.ts'
import { createRefusalLog, type RefusalLog } from './refusal-log.ts'
import { createQuietOutage } from './quiet-outage.ts'
import type { TlsPaths } from './tls-files.ts'
import { openTlsInUse } from './tls-in-use.ts'
import { watchTrust } from './trust-watch.ts'
import { createUpgrades } from './upgrade.ts'
import { within } from './within.ts'

export type RunningEdge = RunningService & {
  /** where chargers connect; the first of `ports` */
  readonly port: number
  /** of each listener, in the order of the settings */
  readonly ports: readonly number[]
  /** Looks at the TLS files now. Sockets stay open but those whose certificate is revoked; files that are wrong change nothing. */
  readonly reloadTls: () => Promise<void>
  readonly healthPort: number
}

/**
 * Starts an edge pod. Errors: StartError when NATS cannot be reached, a port is taken or a TLS file cannot be read.
 * @param overrides for tests: shorter times, smaller bounds, a silent log
 */
export const startEdge = async (
  config: EdgeConfig,
  overrides: { readonly limits?: Partial<EdgeLimits>; readonly log?: Log } = {},
): Promise<RunningEdge> => {
  const limits: EdgeLimits = {
    ...defaultLimits,
    maxConnections: config.MAX_CONNECTIONS,
    upgradesPerSecond: config.UPGRADES_PER_SECOND,
    upgradesBurst: config.UPGRADES_PER_SECOND * 2,
    readmissionsPerSecond: config.READMISSIONS_PER_SECOND,
    readmissionsBurst: config.READMISSIONS_PER_SECOND,
    failuresPerMinute: config.REFUSALS_PER_MINUTE,
    connectsPerMinute: config.CONNECTS_PER_MINUTE,
    holdMs: config.ANSWER_HOLD,
    quietOutageMs: config.QUIET_OUTAGE,
    pingMs: config.PING_INTERVAL,
    framesPerSecond: config.FRAMES_PER_SECOND,
    framesBurst: config.FRAMES_PER_SECOND * 10,
    ...overrides.limits,
  }
  const log = overrides.log ?? createLog({ service: 'edge', level: config.LOG_LEVEL, pretty: config.LOG_PRETTY })
  const registry = createMetrics('edge')
  const connections = createConnections<Connection>()
  const metrics = createEdgeMetrics(registry, { connections: () => connections.size })
  const now = Date.now
  const ticks = (): number => performance.now()
  const refusals = createRefusalLog(log, ticks)
  const background = new Set<Promise<unknown>>()
  const stopped = new AbortController()
  let stopping = false

  const listening = listenersOf(config)
  const tlsPaths: TlsPaths = {
    certificates: config.TLS_CERT_PATH,
    keys: config.TLS_KEY_PATH,
    ours: config.TLS_CLIENT_CA_PATH,
    vendors: config.TLS_VENDOR_CA_PATH,
    revocations: config.TLS_CRL_PATH,
  }
  const tls = listening.some(({ kind }) => kind !== 'ws') ? await openTlsInUse(tlsPaths, log) : undefined
  const bus = await connect(config, log)
  const opened: (() => Promise<unknown>)[] = [() => bus.close()]
  try {
    // before the first charger: one whose certificate was revoked must not come in because that is not heard of yet
    const trust =
      tls !== undefined && listening.some(({ kind }) => kind === 'mtls')
        ? await watchTrust(bus, tls.trust, (err) =>
            log.error({ err }, 'what the bus says of certificates cannot be used: that from before stays in use'),
          )
        : undefined
    if (trust !== undefined && tls?.now().ca.length === 0)
      log.warn(
        'no root of client certificates is known yet: the mtls listeners trust none until upkeep publishes one, or TLS_CLIENT_CA_PATH or TLS_VENDOR_CA_PATH name one',
      )
    const relay = createFactRelay({
      bus,
      limits,
      stopped: stopped.signal,
      onReply: (seconds, outcome) => metrics.factSeconds.observe({ outcome }, seconds),
      onReask: () => metrics.reasks.inc(),
      onBadReply: (subject, problem) => log.error({ subject, problem }, 'central answered something that is no answer'),
    })
    const presence = await openPresence(bus, {
      edge: config.POD_NAME,
      ttlMs: limits.presenceTtlMs,
      onError: (error) => {
        metrics.presenceFailures.inc()
        log.debug({ err: error }, 'presence was not written')
      },
    })
    const takeovers = bus.listen(allConnected, ({ subject, data }) => {
      const notice = ConnectedNotice.parse(JSON.parse(Buffer.from(data).toString('utf8')))
      const parsed = parseSubject(subject)
      if (parsed.kind === 'connected') connections.announced(parsed.tenant, parsed.chargerId, notice.epoch)
    })
    await takeovers.ready

    const logWatch = createLogWatch(limits.logHealthTtlMs)
    const logNews = bus.listen(allLogHealth, ({ data }) => {
      logWatch.heard(LogHealthNotice.parse(JSON.parse(Buffer.from(data).toString('utf8'))), ticks())
    })
    await logNews.ready
    const quietOutage = createQuietOutage(limits, {
      bus: () => bus.status() === 'connected',
      log: (time) => logWatch.state(time),
      centralWasThere: () => logWatch.everHeard,
    })
    const admission = createAdmission(limits, noEntry(bus, logWatch), ticks())

    const upgrade = createUpgrades({
      admission,
      attempts: createFailedAttempts({
        failedAttempts: limits.failuresPerMinute,
        failedAttemptMs: 60_000 / limits.failuresPerMinute,
      }),
      connects: createLeakyCounts({
        most: limits.connectsBurst,
        eachMs: 60_000 / limits.connectsPerMinute,
        // those that are connected now, and as many that were before
        names: 2 * limits.maxConnections,
      }),
      edge: config.POD_NAME,
      instance: `${config.POD_NAME}-${randomBytes(6).toString('hex')}`,
      relay,
      presence,
      limits,
      metrics,
      log,
      refusals,
      now,
      ticks,
      bus,
      connections,
      tenants: new Set(config.TENANTS),
      pepper: Buffer.from(config.PEPPER, 'hex'),
      defaultSubprotocol: config.DEFAULT_SUBPROTOCOL,
      stopping: () => stopping,
      revocations: () => tls?.now(),
      background(work) {
        const tracked = work.catch((error: unknown) => log.error({ err: error }, 'work in the background failed'))
        background.add(tracked)
        void tracked.then(() => background.delete(tracked))
      },
    })
    const plainRequests = answerPlainRequest(log, refusals, metrics)
    const onUnreadable = (
      detail: string,
      whence: { requestLine?: string; remoteAddress?: string | undefined },
    ): void => {
      refusals.say({ ...whence, status: 400, detail }, 'refused')
      metrics.upgrades.inc({ status: '400' })
    }
    const listeners = listening.map((one) =>
      createChargerListener({
        config: one,
        tlsFiles: one.kind === 'ws' ? undefined : tls?.now(),
        proxyFrom: config.PROXY_FROM,
        answerPlainRequest: plainRequests,
        onUnreadable,
        headersMs: limits.headersMs,
        onUpgrade: (request, socket, head, arrival) => void upgrade(request, socket, head, arrival),
        maxConnections: limits.maxConnections + limits.pendingUpgrades,
        unfinished: limits.unfinishedHeads,
        now,
        refusals,
      }),
    )
    const servers = listeners.map(({ server }) => server)
    tls?.use((newer) => {
      for (const listener of listeners) listener.useTlsFiles(newer)
      for (const connection of connections.all()) connection.judgeCertificate(newer)
    })
    const reloadTls = async (): Promise<void> => tls?.reload()

    const health = await startHealthServer({
      host: config.HEALTH_HOST,
      port: config.HEALTH_PORT,
      registry,
      checks: {
        nats: () => (bus.status() === 'connected' ? undefined : `the connection is ${bus.status()}`),
        central: () => relay.unreachable(),
      },
    })
    opened.push(() => health.stop())
    const ports: number[] = []
    for (const { server, config: one } of listeners) {
      opened.push(async () => server.close())
      ports.push(await listen(server, one, 'the OCPP listener'))
    }
    const [port = 0] = ports
    const reloader = startTicker(reloadTls, {
      everyMs: config.TLS_RELOAD,
      onError: (error) => log.error({ err: error }, 'the TLS files are wrong: those from before stay in use'),
    })
    opened.push(() => reloader.stop())
    const sweeper = startTicker(
      () => {
        const time = ticks()
        refusals.sweep(time)
        for (const connection of connections.all()) connection.sweep(time)
        if (quietOutage.lasted(time)) closeWave(connections, limits.drainWave)
      },
      {
        everyMs: Math.max(10, Math.min(1_000, limits.pingMs / 5, limits.presenceMs / 5)),
        onError: (error) => log.error({ err: error }, 'the sweep over the connections failed'),
      },
    )
    health.setReady()
    const kinds = listening.map(({ kind }, i) => `${kind}:${ports[i]}`)
    log.info({ port, listeners: kinds, healthPort: health.port, tenants: config.TENANTS }, 'taking chargers')

    /** SIGTERM: not ready, no new sockets, the open ones in waves, so that the other edges are not met by all at once. */
    const stop = async (): Promise<void> => {
      if (stopping) return
      stopping = true
      health.setReady(false)
      for (const listener of listeners) listener.stop()
      const deadline = ticks() + limits.drainMs
      const held = connections.all()
      for (let i = 0; i < held.length; i += limits.drainWave) {
        if (i > 0) await sleep(limits.drainWaveMs)
        const wave = held.slice(i, i + limits.drainWave)
        await Promise.all(wave.map((connection) => connection.drain(Math.max(0, deadline - ticks()))))
      }
      await within(Promise.all(background), limits.drainMs)
      stopped.abort()
      await sweeper.stop()
      refusals.sweep(Number.POSITIVE_INFINITY)
      await reloader.stop()
      await trust?.stop()
      takeovers.stop()
      logNews.stop()
      await bus.drain({ timeoutMs: limits.drainMs })
      for (const server of servers) server.closeAllConnections()
      await health.stop()
    }
    return { port, ports, healthPort: health.port, reloadTls, stop }
  } catch (error) {
    await Promise.allSettled(opened.map((close) => close()))
    throw error
  }
}

const connect = async (config: EdgeConfig, log: Log): Promise<Bus> => {
  try {
    return await connectBus({
      url: config.NATS_URL,
      name: config.POD_NAME,
      log: (line) => log.info(line),
      ...(config.NATS_CREDS !== undefined && { credentials: { creds: config.NATS_CREDS } }),
    })
  } catch (error) {
    if (!(error instanceof BusError)) throw error
    throw new StartError(error.message, 'start nats-server or correct NATS_URL', { cause: error })
  }
}

/** The listeners of the settings. Without `LISTENERS`: one at OCPP_PORT, with TLS if there is a certificate. */
const listenersOf = (config: EdgeConfig): readonly ListenerConfig[] => {
  const { LISTENERS, OCPP_HOST, OCPP_PORT, TLS_CERT_PATH, TLS_KEY_PATH } = config
  const certified = TLS_CERT_PATH.length > 0 || TLS_KEY_PATH.length > 0
  if (TLS_CERT_PATH.length !== TLS_KEY_PATH.length && (TLS_CERT_PATH.length === 0 || TLS_KEY_PATH.length === 0)) {
    throw new StartError('only one of TLS_CERT_PATH and TLS_KEY_PATH is set', 'set both for wss or none for ws')
  }
  if (LISTENERS === undefined) {
    const kind = certified ? 'wss' : 'ws'
    return [{ kind, host: OCPP_HOST, port: OCPP_PORT, proxy: false, staticRsa: false }]
  }
  if (!certified && LISTENERS.some(({ kind }) => kind !== 'ws')) {
    throw new StartError(
      'LISTENERS names one with TLS and there is no certificate',
      'set TLS_CERT_PATH and TLS_KEY_PATH',
    )
  }
  if (config.PROXY_FROM === undefined && LISTENERS.some(({ proxy }) => proxy)) {
    throw new StartError('LISTENERS has one expect PROXY headers, and no balancer is trusted', 'set PROXY_FROM')
  }
  return LISTENERS
}

/** Why no charger may connect now: what it would send could not be stored. */
const noEntry =
  (bus: Pick<Bus, 'status'>, log: LogWatch) =>
  (now: number): string | undefined => {
    if (bus.status() !== 'connected') return 'the message bus is away, connect again later'
    const state = log.state(now)
    return state === 'away' || state === 'recovering' ? `the event log is ${state}, connect again later` : undefined
  }

/** Some of the sockets that have nothing to answer; the others end by themselves when their answer is held for too long. */
const closeWave = (connections: Connections<Connection>, size: number): void => {
  const quiet = connections.all().filter((connection) => !connection.waiting)
  for (const connection of quiet.slice(0, size)) connection.close(1013, 'nothing can be stored, connect again later')
}

/** Answers what is no WebSocket handshake, and could not be mended into one. */
const answerPlainRequest =
  (log: Log, refusals: RefusalLog, metrics: Pick<EdgeMetrics, 'upgrades'>) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const { headers } = request
    const detail = `this is an OCPP endpoint: connect a WebSocket (headers Connection: Upgrade and Upgrade: websocket); ${
      headers.upgrade === undefined
        ? 'there is no Upgrade header'
        : `Connection is ${JSON.stringify(headers.connection ?? '')}`
    }`
    const refusal = { status: 426, detail } as const
    metrics.upgrades.inc({ status: '426' })
    const line = { path: request.url?.slice(0, 120), remoteAddress: request.socket.remoteAddress, ...refusal }
    // a browser or a probe is no news; a charger that tries is
    if (headers.upgrade === undefined && headers['sec-websocket-key'] === undefined) log.debug(line, 'refused')
    else refusals.say(line, 'refused')
    response.writeHead(refusal.status, refusalHeaders(refusal)).end(`${detail}\n`)
  }
