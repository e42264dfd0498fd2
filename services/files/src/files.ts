import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connectBus } from '@voltrail/bus/bus'
import { centralClient } from '@voltrail/bus/central-client'
import { instant } from '@voltrail/contracts/quantities'
import { categoryPrefix } from '@voltrail/contracts/streams'
import { fileServiceToken } from '@voltrail/domain/device/transfer-credential'
import { subscribeInBatches } from '@voltrail/event-store/subscription'
import { openDiskStore } from '@voltrail/object-store/disk-store'
import type { ObjectStore } from '@voltrail/object-store/object-store'
import { openS3Store, type S3Store } from '@voltrail/object-store/s3-store'
import { createFailedAttempts } from '@voltrail/runtime/failed-attempts'
import { startHealthServer } from '@voltrail/runtime/health'
import { listen } from '@voltrail/runtime/listen'
import { createLog } from '@voltrail/runtime/log'
import { createMetrics, gauge } from '@voltrail/runtime/metrics'
import type { RunningService } from '@voltrail/runtime/shutdown'
import { StartError } from '@voltrail/runtime/start-error'
import { startTicker } from '@voltrail/runtime/ticker'
import { createAdmit } from './access.ts'
import type { FilesConfig } from './config.ts'
import { createFirmwareImages } from './firmware-images.ts'
import { createFindFirmware } from './firmware.ts'
import { startFtpListener } from './ftp-listener.ts'
import { createHttpListener } from './http-listener.ts'
import { createInternalServer } from './internal-server.ts'
import { createOpenTransfers } from './open-transfers.ts'
import { removeExpired } from './retention.ts'
import { ownHostKeys, readHostKeys } from './sftp-host-keys.ts'
import { startSftpListener } from './sftp-listener.ts'
import { createUploads, type RecordFile } from './uploads.ts'

export interface Files extends RunningService {
  readonly healthPort: number
  readonly httpPort: number
  readonly internalPort: number
}

const retryMs = 10_000
const cleanMs = 10 * 60_000
const dayMs = 86_400_000
/** how long the log may take to tell of a request that a charger acts on already */
const lagMs = 3_000
const attempts = { failedAttempts: 60, failedAttemptMs: 2_000 }

/** The composition of the file service: everything that it holds is opened here and closed in the reverse order. */
export const startFiles = async (config: FilesConfig): Promise<Files> => {
  const log = createLog({ service: 'files', level: config.LOG_LEVEL, pretty: config.LOG_PRETTY }).child({
    pod: config.POD_NAME,
  })
  const metrics = createMetrics('files')
  const closers: (() => unknown)[] = []
  const closeAll = async () => {
    for (const close of closers.toReversed())
      await Promise.resolve()
        .then(close)
        .catch((error: unknown) => log.warn({ err: error }, 'closing failed'))
  }
  try {
    const key = Buffer.from(config.FILES_KEY, 'hex')
    const tls = await readTls(config)
    const { store, close } = await openStore(config)
    closers.push(close)
    const bus = await connectBus({ url: config.NATS_URL, name: config.POD_NAME, log: (line) => log.info(line) })
    closers.push(() => bus.drain())
    const transfers = createOpenTransfers(key)
    const images = createFirmwareImages()
    const findFirmware = createFindFirmware(store, images)
    const record: RecordFile = async ({ tenant, chargerId, requestId }, file, protocol) => {
      const reply = await centralClient(bus, tenant).decide({
        requestId: createHash('sha256').update(file.object).digest('hex'),
        actor: { kind: 'service', id: 'files' },
        requestedAt: instant(Date.now()),
        command: { type: 'RecordFile', chargerId, requestId, file, protocol },
      })
      return reply.outcome === 'done' ? { outcome: 'recorded', changed: reply.changed } : reply
    }
    const { FILES_MAX_BYTES: maxBytes } = config
    const uploads = createUploads({ store, transfers, record, maxBytes, now: Date.now })
    gauge(metrics, {
      name: 'voltrail_files_unrecorded',
      help: 'Files that are stored and not known to be in the log',
      read: () => uploads.waiting(),
    })
    const feed = subscribeInBatches({
      connectionString: config.ESDB_URL,
      filter: { streamPrefixes: (['device', 'campaign', 'firmware'] as const).map(categoryPrefix) },
      from: 'start',
      onDown: (reason) => log.warn({ reason }, 'the feed of the file service is down'),
      onBatch: ({ events }) => {
        for (const event of events) {
          transfers.hear(event)
          images.hear(event)
        }
      },
    })
    void feed.done.then((end) => {
      if (end.outcome === 'failed')
        log.error({ err: end.error }, 'no transfer is heard of any more: an event cannot be read, see the error')
    })
    closers.push(() => feed.stop())
    let recovered = false
    const ticker = startTicker(
      async () => {
        // what is open is known once the log has been heard to its end
        if (feed.status().state !== 'live') return
        if (!recovered) await uploads.recover()
        recovered = true
        await uploads.retry()
      },
      { everyMs: retryMs, onError: (error) => log.error({ err: error }, 'writing stored files into the log failed') },
    )
    closers.push(() => ticker.stop())
    const { FILES_KEEP_DAYS: keepDays } = config
    const cleaner = startTicker(
      async () => {
        // which requests are open is known once the log has been heard to its end
        if (keepDays === 0 || feed.status().state !== 'live') return
        const removed = await removeExpired({ store, transfers, keepMs: keepDays * dayMs, now: Date.now })
        if (removed > 0) log.info({ removed, keepDays }, 'uploads whose time is over were removed')
      },
      { everyMs: cleanMs, onError: (error) => log.error({ err: error }, 'removing old uploads failed') },
    )
    closers.push(() => cleaner.stop())
    const admit = createAdmit({ key, transfers, attempts: createFailedAttempts(attempts), now: Date.now, lagMs })
    const secured = tls === undefined ? {} : { tls }
    const doors = { admit, uploads, store, findFirmware, log }
    const server = createHttpListener({ ...doors, maxBytes, ...secured })
    const address = { host: config.FILES_HOST, port: config.FILES_HTTP_PORT }
    const httpPort = await listen(server, address, 'the file service')
    closers.push(() => closed(server))
    const { FTP_PASSIVE_ADDRESS: told, FTP_PASSIVE_FROM: from, FTP_PASSIVE_TO: to } = config
    const passive = { from, to, ...(told === undefined ? {} : { address: told }) }
    const ftp = async (port: number | undefined, implicit: boolean) => {
      if (port === undefined) return undefined
      const listener = await startFtpListener({
        ...doors,
        ...secured,
        host: config.FILES_HOST,
        port,
        passive,
        implicit,
      })
      closers.push(() => listener.stop())
      return listener.port
    }
    const ftpPort = await ftp(config.FTP_PORT, false)
    const ftpsPort = await ftp(config.FTPS_PORT, true)
    const sftp =
      config.SFTP_PORT === undefined
        ? undefined
        : await startSftpListener({
            ...doors,
            host: config.FILES_HOST,
            port: config.SFTP_PORT,
            hostKeys: await (config.SFTP_HOST_KEY_PATHS === undefined
              ? ownHostKeys(config.FILES_FOLDER)
              : readHostKeys(config.SFTP_HOST_KEY_PATHS.split(',').map((path) => path.trim()))),
          })
    closers.push(() => sftp?.stop())
    const internal = createInternalServer({
      store,
      images,
      transfers,
      token: fileServiceToken(key),
      maxBytes,
      log,
      knows: () => feed.status().state === 'live',
    })
    const internalPort = await listen(
      internal,
      { host: config.FILES_INTERNAL_HOST, port: config.FILES_INTERNAL_PORT },
      'the file service, for the api,',
    )
    closers.push(() => closed(internal))
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
      },
    })
    closers.push(() => health.stop())
    health.setReady()
    log.info(
      { httpPort, ftpPort, ftpsPort, sftpPort: sftp?.port, healthPort: health.port },
      'the file service is ready',
    )
    return {
      healthPort: health.port,
      httpPort,
      internalPort,
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

/** No new request; those under way end first. */
const closed = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })

const openStore = async (config: FilesConfig): Promise<{ readonly store: ObjectStore; readonly close: () => void }> => {
  const { FILES_S3_BUCKET: bucket, FILES_S3_ENDPOINT: endpoint, FILES_S3_REGION: region } = config
  const { FILES_S3_ACCESS_KEY: accessKeyId, FILES_S3_SECRET_KEY: secretAccessKey } = config
  if (bucket === undefined) return { store: await openDiskStore(config.FILES_FOLDER), close: () => undefined }
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    throw new StartError('half of a key of S3 is set', 'set FILES_S3_ACCESS_KEY and FILES_S3_SECRET_KEY, or neither')
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey } }
  const where = endpoint === undefined ? {} : { endpoint }
  const store: S3Store = await openS3Store({ bucket, region, ...where, ...credentials }).catch((error: Error) => {
    throw new StartError(error.message, 'see FILES_S3_BUCKET and FILES_S3_ENDPOINT', { cause: error })
  })
  return { store, close: () => store.close() }
}

const readTls = async ({ FILES_TLS_CERT_PATH: certPath, FILES_TLS_KEY_PATH: keyPath }: FilesConfig) => {
  if (certPath === undefined && keyPath === undefined) return undefined
  if (certPath === undefined || keyPath === undefined)
    throw new StartError(
      'HTTPS needs a certificate and its key',
      'set FILES_TLS_CERT_PATH and FILES_TLS_KEY_PATH, or neither',
    )
  const [cert, key] = await Promise.all(
    [certPath, keyPath].map((path) =>
      readFile(path, 'utf8').catch((error: unknown) => {
        throw new StartError(`${path} cannot be read`, 'name a PEM file that this process may read', { cause: error })
      }),
    ),
  )
  return { cert: cert as string, key: key as string }
}
