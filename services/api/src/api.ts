import { inferenceDefaults } from '@voltrail/contracts/admin-commands'
import { randomUUID } from 'node:crypto'
import { connectBus } from '@voltrail/bus/bus'
import { fileService } from '@voltrail/domain/device/file-addresses'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { passwordDigests } from '@voltrail/key-store/password-digest'
import { openVault } from '@voltrail/key-store/vault'
import { startHealthServer } from '@voltrail/runtime/health'
import { listenError } from '@voltrail/runtime/listen'
import { createLog } from '@voltrail/runtime/log'
import { createMetrics } from '@voltrail/runtime/metrics'
import type { RunningService } from '@voltrail/runtime/shutdown'
import { startTracing } from '@voltrail/runtime/trace'
import { centralClient } from '@voltrail/bus/central-client'
import { trustBucket } from '@voltrail/contracts/trust'
import type { ApiConfig } from './config.ts'
import { connectFileService } from './file-service.ts'
import { followLog } from './follow-log.ts'
import { openReporting } from './reporting.ts'
import { buildServer } from './server.ts'
import { readTrust } from './trust.ts'

export type Api = RunningService & { readonly port: number; readonly healthPort: number }

const heartbeatMs = 15_000
/** an event that was never asked for again is not a reason to be unready; the log is asked at most this often */
const probeEveryMs = 2_000

/**
 * Opens what the API needs, then listens. Errors: StartError when a setting, a port or a server is wrong.
 * `stop` takes no more requests, ends the event streams, lets requests under way finish and closes everything.
 */
export async function startApi(config: ApiConfig): Promise<Api> {
  const log = createLog({ service: 'api', level: config.LOG_LEVEL, pretty: config.LOG_PRETTY })
  const metrics = createMetrics('api')
  const tenant = config.OPERATOR_TENANT
  const stopping = new AbortController()
  const closers: (() => Promise<unknown>)[] = []
  const closeAll = async () => {
    for (const close of closers.toReversed())
      await close().catch((error: unknown) => log.warn({ err: error }, 'closing failed'))
  }
  try {
    const tracing = startTracing({ service: 'api', endpoint: config.OTLP_ENDPOINT })
    closers.push(() => tracing.stop())
    const onConnectionLost = (error: Error) => log.warn({ err: error }, 'a connection to Postgres was lost')
    const vault = await openVault({
      databaseUrl: config.DATABASE_URL,
      masterKey: Buffer.from(config.MASTER_KEY, 'hex'),
      onConnectionLost,
    })
    closers.push(() => vault.close())
    const reporting = openReporting({ databaseUrl: config.DATABASE_URL, tenant, vault, onConnectionLost })
    closers.push(() => reporting.close())
    const eventLog = connectEventLog({ connectionString: config.ESDB_URL, log, readOnly: true })
    closers.push(() => eventLog.close())
    const bus = await connectBus({
      url: config.NATS_URL,
      name: 'api',
      log: (line) => log.info(line),
      ...(config.NATS_CREDS !== undefined && { credentials: { creds: config.NATS_CREDS } }),
    })
    closers.push(() => bus.drain())

    let ready = false
    const pepper = Buffer.from(config.PEPPER, 'hex')
    let probedAt = -Infinity
    const checks = {
      bus: () => (bus.status() === 'connected' ? undefined : `the message bus is ${bus.status()}`),
      log: async () => {
        if (performance.now() - probedAt > probeEveryMs) {
          probedAt = performance.now()
          await eventLog.probe()
        }
        const status = eventLog.status()
        return status.state === 'down' ? status.reason : undefined
      },
      database: () => reporting.failing(),
      keys: () => vault.failing(),
    }
    const app = await buildServer({
      ocppPort: config.OCPP_PORT,
      operatorKey: config.OPERATOR_KEY,
      log,
      metrics,
      checks,
      isReady: () => ready,
      mostEventStreams: config.EVENT_STREAMS_MAX,
      heartbeatMs,
      signal: stopping.signal,
      sources: {
        tenant,
        actorId: 'operator-key',
        roles: config.OPERATOR_ROLES,
        central: centralClient(bus, tenant),
        log: eventLog,
        follow: followLog(eventLog, config.ESDB_URL, tenant, (reason) =>
          log.warn({ reason }, 'an event stream lost the log'),
        ),
        reporting,
        vault,
        passwordDigests: (chargerId, password) =>
          passwordDigests(pepper, tenant, chargerId, Buffer.from(password, 'utf8')),
        defaultSettings: {
          adoption: config.ADOPTION,
          unknownTokens: config.UNKNOWN_TOKENS,
          heartbeatSeconds: config.HEARTBEAT_SECONDS,
          ...inferenceDefaults,
        },
        trust: readTrust(await bus.keyValue(trustBucket)),
        files: fileService(config.FILES_URLS, config.FILES_KEY),
        fileService:
          config.FILES_INTERNAL_URL === undefined || config.FILES_KEY === undefined
            ? undefined
            : connectFileService({
                url: config.FILES_INTERNAL_URL,
                key: Buffer.from(config.FILES_KEY, 'hex'),
                tenant,
                maxBytes: config.FILES_MAX_BYTES,
              }),
        commandTimeoutMs: config.COMMAND_TIMEOUT,
        now: Date.now,
        newId: randomUUID,
      },
    })
    closers.push(() => app.close())
    const health = await startHealthServer({
      host: config.HEALTH_HOST,
      port: config.HEALTH_PORT,
      registry: metrics,
      checks,
    })
    closers.push(() => health.stop())

    const address = { host: config.API_HOST, port: config.API_PORT }
    await app.listen(address).catch((error: unknown) => {
      throw listenError(error, address, 'the api')
    })
    const bound = app.server.address()
    const port = bound !== null && typeof bound === 'object' ? bound.port : config.API_PORT
    ready = true
    health.setReady()
    log.info({ host: config.API_HOST, port, tenant }, 'the api listens')
    return {
      port,
      healthPort: health.port,
      deadlineMs: config.SHUTDOWN_DEADLINE,
      async stop() {
        ready = false
        health.setReady(false)
        stopping.abort()
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}
