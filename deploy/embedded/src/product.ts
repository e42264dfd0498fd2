import type { Environment } from '@voltrail/runtime/config'
import { StartError } from '@voltrail/runtime/start-error'
import { chooseBackends, describeBackends } from './backends.ts'
import type { Backends } from './backends.ts'
import { openDataDirectory } from './data-directory.ts'
import type { DataDirectory } from './data-directory.ts'
import { networkAddresses } from './network-addresses.ts'
import { freePort, tryPort } from './free-port.ts'
import { openLogs } from './logs.ts'
import type { Logs } from './logs.ts'
import { startNodeProcess } from './node-process.ts'
import { orAborted } from './or-aborted.ts'
import { openProcessRecords } from './process-records.ts'
import type { ProcessRecords } from './process-records.ts'
import type { Part } from './running-part.ts'
import { openSecrets } from './secrets.ts'
import { seedDemo, seedTariff } from './seed.ts'
import type { ApiAccess } from './seed.ts'
import { ensureDatabase, eventStorePart, findNats, natsPart, postgresPart } from './servers.ts'
import { serviceBundles } from './service-bundles.ts'
import { inheritedEnvironment } from './service-environment.ts'
import { nameOfCopy, ocppUrl, passivePorts, reachedAt, services, toldToChargers } from './services.ts'
import type { Service, Wiring } from './services.ts'
import type { ProductProcess } from './supervised-part.ts'
import { createSupervisor } from './supervisor.ts'

export interface ProductOptions {
  readonly dataDir: string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: a free one. */
  readonly apiPort?: number
  readonly ocppPort?: number
  readonly filesPort?: number
  /** Unless 0, the data connections of FTP have fixed ports too: see `passivePorts`. */
  readonly ftpPort?: number
  readonly sftpPort?: number
  /** Also run the simulated fleet. */
  readonly demo?: boolean
  /** How many edges run, each with an OCPP port of its own (the first has `ocppPort`). Default 1. */
  readonly edges?: number
  readonly centrals?: number
  /** The longest wait before a process that dies again and again is started again. Default 10,000 ms. */
  readonly longestRestartWaitMs?: number
  /** For tests of faults: our own event store takes fault switches (`/faults`), our own NATS tells its connections (`natsMonitorUrl`). */
  readonly breakable?: boolean
  /** What the services inherit, and where ESDB_URL, NATS_URL and POSTGRES_URL are looked for. Default: this process's. */
  readonly env?: Environment
  /** Gets lines for a person: what has started, what ended unexpectedly. */
  readonly note?: (line: string) => void
  /** Aborted: the start ends as soon as it can, and what was started is stopped. */
  readonly signal?: AbortSignal
}

export interface Product {
  readonly apiUrl: string
  /** Of the first edge, up to and including `/ocpp`. */
  readonly ocppUrl: string
  readonly ocppUrls: readonly string[]
  /** Where chargers bring and fetch files. */
  readonly filesUrl: string
  readonly ftpUrl: string
  readonly sftpUrl: string
  readonly operatorKey: string
  readonly operatorKeyFile: string
  readonly dataDir: string
  readonly version: string
  readonly backends: Backends
  /** For tests that look at the servers themselves. */
  readonly eventStoreUrl: string
  readonly natsUrl: string
  /** Only of a `breakable` product with a NATS of its own. */
  readonly natsMonitorUrl: string | undefined
  readonly databaseUrl: string
  /** `postgres`, `nats`, `event-store`, `central`, `billing`, `projector-reporting`, `projector-load`, `edge`, `edge-2`, …, `api`, `simulator`. */
  readonly processes: ReadonlyMap<string, ProductProcess>
  /** Ends everything in reverse order. May be called twice. */
  stop(): Promise<void>
}

const local = '127.0.0.1'

/** What a fresh installation is given, once. */
const seeds: readonly { step: string; demo: boolean; plant: (api: ApiAccess) => Promise<void>; told: string }[] = [
  { step: 'standard-tariff', demo: false, plant: seedTariff, told: 'the tariff "standard" applies to every charger' },
  { step: 'demo-id-tokens', demo: true, plant: seedDemo, told: 'the drivers of the demo have id tokens' },
]
const eventStoreFolder = 'libs/event-store-dev'

/**
 * Brings the whole product up on one machine, each part a process of its own, and resolves when it is ready.
 * Errors: StartError for whatever the operator can remove (port taken, data directory of another version or in use,
 * no nats-server, a service that cannot start); nothing is left running then.
 */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const env = options.env ?? process.env
  const note = options.note ?? (() => undefined)
  const stopping = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stopping.signal]) : stopping.signal
  signal.throwIfAborted()
  const backends = chooseBackends(env)
  const directory = openDataDirectory(options.dataDir)
  const closers: (() => Promise<void> | void)[] = [() => directory.release()]
  let closing: Promise<void> | undefined
  const stop = (): Promise<void> =>
    (closing ??= (async () => {
      stopping.abort(new Error('the product is being stopped'))
      for (const close of closers.toReversed()) await close()
    })())
  try {
    const records = openProcessRecords(directory.run)
    const leftovers = await records.endLeftovers()
    if (leftovers.length > 0) note(`stopped what an earlier run left behind: ${leftovers.join(', ')}`)
    const logs = openLogs(directory.logs)
    closers.push(logs.close)
    return { ...(await bringUp({ options, env, note, signal, backends, directory, records, logs, closers })), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Undertaking {
  readonly options: ProductOptions
  readonly env: Environment
  readonly note: (line: string) => void
  readonly signal: AbortSignal
  readonly backends: Backends
  readonly directory: DataDirectory
  readonly records: ProcessRecords
  readonly logs: Logs
  readonly closers: (() => Promise<void> | void)[]
}

async function bringUp(undertaking: Undertaking): Promise<Omit<Product, 'stop'>> {
  const { options, env, note, signal, backends, directory, records, logs, closers } = undertaking
  const host = options.host ?? local
  const apiPort = await publicPort(host, options.apiPort ?? 0, '--api-port')
  const ocppPorts = [await publicPort(host, options.ocppPort ?? 0, '--ocpp-port')]
  const filesPort = await publicPort(host, options.filesPort ?? 0, '--files-port')
  const ftpPort = await publicPort(host, options.ftpPort ?? 0, '--ftp-port')
  const ftpData = options.ftpPort ? passivePorts(options.ftpPort) : undefined
  for (let port = ftpData?.from ?? 1; port <= (ftpData?.to ?? 0); port += 1) await publicPort(host, port, '--ftp-port')
  const sftpPort = await publicPort(host, options.sftpPort ?? 0, '--sftp-port')
  const filesInternalPort = await freePort(local)
  while (ocppPorts.length < (options.edges ?? 1)) ocppPorts.push(await freePort(host))
  const secrets = openSecrets(directory.path)
  note(describeBackends(backends))

  const supervisor = createSupervisor({ records, note, longestWaitMs: options.longestRestartWaitMs })
  closers.push(() => supervisor.stop())
  const inherited = inheritedEnvironment(env)

  const servers: Part[] = []
  let natsUrl: string
  let natsMonitorUrl: string | undefined
  let eventStoreUrl: string
  let postgresUrl = ''
  if (backends.nats.kind === 'external') natsUrl = backends.nats.url
  else {
    const port = await freePort(local)
    natsUrl = `nats://${local}:${port}`
    // first of all: it is the one thing that npm does not bring along
    const binary = await findNats(note, signal)
    const monitorPort = options.breakable === true ? await freePort(local) : undefined
    if (monitorPort !== undefined) natsMonitorUrl = `http://${local}:${monitorPort}`
    const storeDir = directory.nats
    servers.push(
      natsPart({ storeDir, port, binary, log: logs.of('nats'), ...(monitorPort !== undefined && { monitorPort }) }),
    )
  }
  if (backends.postgres.kind === 'external') postgresUrl = backends.postgres.url
  else {
    const onUrl = (url: string): void => void (postgresUrl = url)
    servers.push(
      postgresPart({ dataDir: directory.postgres, port: await freePort(local), log: logs.of('postgres'), onUrl }),
    )
  }
  // the bundles take longest at the first start
  const bundling = serviceBundles([...services.map(({ folder }) => folder), eventStoreFolder], () =>
    note('bundling the services (only when sources have changed)'),
  )
  const bundles = await both(
    orAborted(bundling, signal),
    supervisor.start('server', servers.map(announced(note)), signal),
  )
  signal.throwIfAborted()
  if (backends.eventStore.kind === 'external') eventStoreUrl = backends.eventStore.url
  else {
    const port = await freePort(local)
    eventStoreUrl = `esdb://${local}:${port}?tls=false`
    const store = eventStorePart({
      bundle: bundles.fileOf(eventStoreFolder),
      dataDir: directory.eventStore,
      port,
      log: logs.of('event-store'),
      environment: inherited,
      faults: options.breakable === true,
    })
    await supervisor.start('server', [announced(note)(store)], signal)
  }
  const databaseName = backends.postgres.kind === 'external' ? `voltrail_${directory.id}` : 'voltrail'
  const databaseUrl = await ensureDatabase(postgresUrl, databaseName)

  const wiring: Wiring = {
    natsUrl,
    eventStoreUrl,
    databaseUrl,
    secrets,
    pkiFolder: directory.pki,
    filesFolder: directory.files,
    filesPort,
    filesInternalPort,
    ftpPort,
    sftpPort,
    ftpData,
    filesHost: toldToChargers(host, networkAddresses()),
    host,
    apiPort,
    ocppPorts,
    centrals: options.centrals ?? 1,
    build: `${bundles.version}+${bundles.stamp.slice(0, 8)}`,
  }
  const partOf = (service: Service, copy: number, overrides: Readonly<Record<string, string>> = {}): Part => {
    const name = nameOfCopy(service.name, copy)
    return {
      name,
      async start(partSignal, spawned) {
        for (let attempt = 1; ; attempt += 1) {
          const healthPort = await freePort(local)
          const process_ = {
            name,
            bundle: bundles.fileOf(service.folder),
            environment: {
              ...inherited,
              ...service.environment(wiring, copy),
              HEALTH_HOST: local,
              HEALTH_PORT: String(healthPort),
              ...overrides,
            },
            log: logs.of(name),
            readyUrl: `http://${local}:${healthPort}/readyz`,
            ...(service.stopDeadlineMs !== undefined && { stopDeadlineMs: service.stopDeadlineMs }),
          }
          try {
            return await startNodeProcess(process_, partSignal, spawned)
          } catch (error) {
            // somebody else may have taken the port since we found it free
            if (attempt >= 3 || !(error instanceof StartError && error.message.includes(`:${healthPort}, which`)))
              throw error
          }
        }
      },
    }
  }
  const startTurn = (turn: number): Promise<void> => {
    const parts = services
      .filter((service) => service.turn === turn && (!service.demo || options.demo === true))
      .flatMap((service) =>
        Array.from({ length: service.copies?.(wiring) ?? 1 }, (_, copy) => announced(note)(partOf(service, copy))),
      )
    return supervisor.start('service', parts, signal)
  }

  await startTurn(1)
  await startTurn(2)
  const operatorKey = secrets.operatorKeyText
  const due = seeds.filter(({ step, demo }) => (!demo || options.demo === true) && !directory.done(step))
  if (due.length > 0) {
    // through an api that nobody else can reach yet: once the public one answers, everything is there
    const api = services.find(({ name }) => name === 'api') as Service
    const port = await freePort(local)
    const running = await partOf(api, 0, { API_HOST: local, API_PORT: String(port) }).start(signal, () => undefined)
    try {
      for (const { step, plant, told } of due) {
        await plant({ url: `http://${local}:${port}`, operatorKey })
        directory.markDone(step)
        note(told)
      }
    } finally {
      await running.stop()
    }
  }
  await startTurn(3)
  await startTurn(4)

  const ocppUrls = ocppPorts.map((port) => ocppUrl(host, port))
  return {
    apiUrl: `http://${reachedAt(host)}:${apiPort}`,
    ocppUrl: ocppUrls[0] as string,
    ocppUrls,
    filesUrl: `http://${reachedAt(host)}:${filesPort}`,
    ftpUrl: `ftp://${reachedAt(host)}:${ftpPort}`,
    sftpUrl: `sftp://${reachedAt(host)}:${sftpPort}`,
    operatorKey,
    operatorKeyFile: secrets.operatorKey,
    dataDir: directory.path,
    version: bundles.version,
    backends,
    eventStoreUrl,
    natsUrl,
    natsMonitorUrl,
    databaseUrl,
    processes: supervisor.processes,
  }
}

/** A part that says when it has come up for the first time, and how long that took. */
const announced =
  (note: (line: string) => void) =>
  (part: Part): Part => {
    let told = false
    return {
      name: part.name,
      async start(signal, spawned) {
        const begun = performance.now()
        const running = await part.start(signal, spawned)
        if (!told) note(`${part.name} ready (${((performance.now() - begun) / 1_000).toFixed(1)} s)`)
        told = true
        return running
      },
    }
  }

/** The port itself, or a free one for 0. Throws StartError when it is taken. */
async function publicPort(host: string, port: number, option: string): Promise<number> {
  if (port === 0) return freePort(host)
  try {
    await tryPort(host, port)
    return port
  } catch (error) {
    if ((error as { cause?: NodeJS.ErrnoException }).cause?.code !== 'EADDRINUSE') throw error
    throw new StartError(
      `port ${port} on ${host} is taken by another process`,
      `stop that one, or pass ${option} with another port`,
      { cause: error },
    )
  }
}

/** Waits for both before it throws what one of them threw: nothing may come up behind a cleanup. */
async function both<T>(work: Promise<T>, other: Promise<void>): Promise<T> {
  const [first, second] = await Promise.allSettled([work, other])
  if (second.status === 'rejected') throw second.reason
  if (first.status === 'rejected') throw first.reason
  return first.value
}
