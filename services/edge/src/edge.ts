import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connectBus } from '@voltrail/bus/bus'
import type { Bus } from '@voltrail/bus/bus'
import { BusError } from '@voltrail/bus/bus-error'
import { ConnectedNotice, LogHealthNotice } from '@voltrail/contracts/facts'
import { allConnected, allLogHealth, parseSubject } from '@voltrail/contracts/subjects'
import { startHealthServer } from '@voltrail/runtime/health'
import { listen } from '@voltrail/runtime/listen'
import { createLog } from '@voltrail/runtime/log'
import type { Log } from '@voltrail/runtime/log'
import { createMetrics } from '@voltrail/runtime/metrics'
import type { RunningService } from '@voltrail/runtime/shutdown'
import { StartError } from '@voltrail/runtime/start-error'
import { sleep, startTicker } from '@voltrail/runtime/ticker'
import { createAdmission } from './admission.ts'
import type { EdgeConfig } from './config.ts'
import type { Connection } from './connection.ts'
import { createConnections } from './connections.ts'
import type { Connections } from './connections.ts'
import { createEdgeMetrics } from './edge-metrics.ts'
import { createFactRelay } from './fact-relay.ts'
import { refusalHeaders } from './http-refusal.ts'
import { defaultLimits } from './limits.ts'
import type { EdgeLimits } from './limits.ts'
import { createLogWatch } from './log-watch.ts'
import type { LogWatch } from './log-watch.ts'
import { openPresence } from './presence.ts'
import { createQuietOutage } from './quiet-outage.ts'
import { createUpgrades } from './upgrade.ts'
import { within } from './within.ts'

export type RunningEdge = RunningService & {
  /** where chargers connect */
  readonly port: number
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
  const background = new Set<Promise<unknown>>()
  const stopped = new AbortController()
  let stopping = false

  const tls = readTlsFiles(config)
  const bus = await connect(config, log)
  const opened: (() => Promise<unknown>)[] = [() => bus.close()]
  try {
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
      edge: config.POD_NAME,
      instance: `${config.POD_NAME}-${randomBytes(6).toString('hex')}`,
      relay,
      presence,
      limits,
      metrics,
      log,
      now,
      ticks,
      bus,
      connections,
      tenants: new Set(config.TENANTS),
      pepper: Buffer.from(config.PEPPER, 'hex'),
      tls: tls !== undefined,
      defaultSubprotocol: config.DEFAULT_SUBPROTOCOL,
      stopping: () => stopping,
      background(work) {
        const tracked = work.catch((error: unknown) => log.error({ err: error }, 'work in the background failed'))
        background.add(tracked)
        void tracked.then(() => background.delete(tracked))
      },
    })
    const server =
      tls === undefined
        ? createServer(answerPlainRequest)
        : createTlsServer({ ...tls, minVersion: 'TLSv1.2', handshakeTimeout: 15_000 }, answerPlainRequest)
    server.on('upgrade', (request, socket, head) => void upgrade(request, socket, head))
    server.on('clientError', (error, socket) => {
      log.info({ problem: error.message }, 'a malformed HTTP request')
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      else socket.destroy()
    })
    server.headersTimeout = 15_000
    server.maxConnections = limits.maxConnections + limits.pendingUpgrades

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
    const port = await listen(server, { host: config.OCPP_HOST, port: config.OCPP_PORT }, 'the OCPP listener')
    const sweeper = startTicker(
      () => {
        const time = ticks()
        for (const connection of connections.all()) connection.sweep(time)
        if (quietOutage.lasted(time)) closeWave(connections, limits.drainWave)
      },
      {
        everyMs: Math.max(10, Math.min(1_000, limits.pingMs / 5, limits.presenceMs / 5)),
        onError: (error) => log.error({ err: error }, 'the sweep over the connections failed'),
      },
    )
    health.setReady()
    log.info({ port, healthPort: health.port, tls: tls !== undefined, tenants: config.TENANTS }, 'taking chargers')

    /** SIGTERM: not ready, no new sockets, the open ones in waves, so that the other edges are not met by all at once. */
    const stop = async (): Promise<void> => {
      if (stopping) return
      stopping = true
      health.setReady(false)
      server.close()
      server.closeIdleConnections()
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
      takeovers.stop()
      logNews.stop()
      await bus.drain({ timeoutMs: limits.drainMs })
      server.closeAllConnections()
      await health.stop()
    }
    return { port, healthPort: health.port, stop }
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

const readTlsFiles = (config: EdgeConfig): { cert: Buffer; key: Buffer } | undefined => {
  const { TLS_CERT_PATH: cert, TLS_KEY_PATH: key } = config
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) {
    throw new StartError('only one of TLS_CERT_PATH and TLS_KEY_PATH is set', 'set both for wss or none for ws')
  }
  try {
    return { cert: readFileSync(cert), key: readFileSync(key) }
  } catch (error) {
    throw new StartError(
      `a TLS file cannot be read: ${(error as Error).message}`,
      'correct TLS_CERT_PATH and TLS_KEY_PATH',
      {
        cause: error,
      },
    )
  }
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

/** Some stacks forget `Connection: Upgrade` (https://github.com/lbbrhzn/ocpp/pull/1984): then Node sees a plain request. */
const answerPlainRequest = (_request: IncomingMessage, response: ServerResponse): void => {
  const detail = 'this is an OCPP endpoint: connect a WebSocket (headers Connection: Upgrade and Upgrade: websocket)'
  const refusal = { status: 426, detail } as const
  response.writeHead(refusal.status, refusalHeaders(refusal)).end(`${detail}\n`)
}
