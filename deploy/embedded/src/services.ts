import { join } from 'node:path'
import type { SecretFiles } from './secrets.ts'
import { demoIdTokens } from './seed.ts'

/** Both included. */
export interface PassivePorts {
  readonly from: number
  readonly to: number
}

/** Ten data connections at a time, on ports that follow from FTP's own: 2130 to 2139 for 2121. */
export const passivePorts = (ftpPort: number): PassivePorts => ({ from: ftpPort + 9, to: ftpPort + 18 })

/** What the services are told of each other and of the machine. */
export interface Wiring {
  readonly natsUrl: string
  readonly eventStoreUrl: string
  readonly databaseUrl: string
  readonly secrets: SecretFiles
  /** the certificate authority, and what is told of it */
  readonly pkiFolder: string
  readonly filesFolder: string
  readonly filesPort: number
  readonly ftpPort: number
  readonly sftpPort: number
  /** of FTP's data connections; `undefined`: any free ones */
  readonly ftpData: PassivePorts | undefined
  /** what chargers are told as the host of the file service: never `0.0.0.0` */
  readonly filesHost: string
  /** of the file service, for the api alone */
  readonly filesInternalPort: number
  /** Where api and edge listen. */
  readonly host: string
  readonly apiPort: number
  /** One per edge. */
  readonly ocppPorts: readonly number[]
  readonly centrals: number
  readonly build: string
}

export interface Service {
  readonly name: string
  readonly folder: string
  /** Side by side with those of the same number, after those of a smaller one. */
  readonly turn: 1 | 2 | 3 | 4
  /** Runs only with the demo. */
  readonly demo?: true
  /** How long it may take to end after SIGTERM; 10 s unless told. */
  readonly stopDeadlineMs?: number
  /** Default 1. Each is a process of its own, with its own number from 0. */
  copies?(wiring: Wiring): number
  environment(wiring: Wiring, copy: number): Readonly<Record<string, string>>
}

const podName = (name: string, copy: number): string => `${name}-${copy + 1}`
const log = (wiring: Wiring) => ({ ESDB_URL: wiring.eventStoreUrl })
const bus = (wiring: Wiring) => ({ NATS_URL: wiring.natsUrl })
const database = (wiring: Wiring) => ({ DATABASE_URL: wiring.databaseUrl })
const masterKey = (wiring: Wiring) => ({ MASTER_KEY_FILE: wiring.secrets.masterKey })
const pepper = (wiring: Wiring) => ({ PEPPER_FILE: wiring.secrets.pepper })
/** What the locations are made of that chargers are given. */
const fileService = (wiring: Wiring) => ({
  FILES_URLS: [
    `http://${wiring.filesHost}:${wiring.filesPort}`,
    `ftp://${wiring.filesHost}:${wiring.ftpPort}`,
    `sftp://${wiring.filesHost}:${wiring.sftpPort}`,
  ].join(','),
  FILES_KEY_FILE: wiring.secrets.filesKey,
})
/** An evaluator's charger is not refused; elsewhere the default is `closed`. */
const adoption = { ADOPTION: 'open' }

/** Every service that embedded mode runs. */
export const services: readonly Service[] = [
  {
    name: 'central',
    folder: 'services/central',
    turn: 1,
    copies: ({ centrals }) => centrals,
    environment: (wiring, copy) => ({
      ...log(wiring),
      ...bus(wiring),
      ...database(wiring),
      ...masterKey(wiring),
      ...adoption,
      POD_NAME: podName('central', copy),
      BUILD: wiring.build,
    }),
  },
  {
    name: 'billing',
    folder: 'services/billing',
    turn: 1,
    environment: (wiring, copy) => ({ ...log(wiring), POD_NAME: podName('billing', copy), BUILD: wiring.build }),
  },
  {
    name: 'timers',
    folder: 'services/timers',
    turn: 1,
    environment: (wiring, copy) => ({
      ...log(wiring),
      ...bus(wiring),
      POD_NAME: podName('timers', copy),
      BUILD: wiring.build,
    }),
  },
  {
    name: 'upkeep',
    folder: 'services/upkeep',
    turn: 1,
    environment: (wiring, copy) => ({
      ...log(wiring),
      ...bus(wiring),
      ...fileService(wiring),
      POD_NAME: podName('upkeep', copy),
      BUILD: wiring.build,
      // the one process that holds the key of the certificate authority
      PKI_AUTHORITY: 'folder',
      PKI_FOLDER: join(wiring.pkiFolder, 'authority'),
      PKI_CREATE: 'true',
      PKI_PUBLISH_FOLDER: join(wiring.pkiFolder, 'trust'),
    }),
  },
  {
    name: 'files',
    folder: 'services/files',
    turn: 2,
    environment: (wiring) => ({
      ...log(wiring),
      ...bus(wiring),
      POD_NAME: 'files',
      FILES_KEY_FILE: wiring.secrets.filesKey,
      FILES_FOLDER: wiring.filesFolder,
      FILES_HOST: wiring.host,
      FILES_HTTP_PORT: String(wiring.filesPort),
      FTP_PORT: String(wiring.ftpPort),
      ...(wiring.ftpData && {
        FTP_PASSIVE_FROM: String(wiring.ftpData.from),
        FTP_PASSIVE_TO: String(wiring.ftpData.to),
      }),
      SFTP_PORT: String(wiring.sftpPort),
      FILES_INTERNAL_PORT: String(wiring.filesInternalPort),
    }),
  },
  {
    name: 'projector-reporting',
    folder: 'services/projector-reporting',
    turn: 1,
    environment: (wiring) => ({ ...log(wiring), ...database(wiring) }),
  },
  {
    name: 'projector-load',
    folder: 'services/projector-load',
    turn: 1,
    environment: (wiring) => ({ ...log(wiring), ...database(wiring) }),
  },
  {
    name: 'edge',
    folder: 'services/edge',
    turn: 2,
    copies: ({ ocppPorts }) => ocppPorts.length,
    environment: (wiring, copy) => ({
      ...bus(wiring),
      ...pepper(wiring),
      OCPP_HOST: wiring.host,
      OCPP_PORT: String(wiring.ocppPorts[copy]),
      POD_NAME: podName('edge', copy),
    }),
  },
  {
    name: 'api',
    folder: 'services/api',
    turn: 3,
    environment: (wiring) => ({
      ...log(wiring),
      ...bus(wiring),
      ...database(wiring),
      ...masterKey(wiring),
      ...pepper(wiring),
      ...adoption,
      ...fileService(wiring),
      FILES_INTERNAL_URL: `http://127.0.0.1:${wiring.filesInternalPort}`,
      OPERATOR_KEY_FILE: wiring.secrets.operatorKey,
      API_HOST: wiring.host,
      API_PORT: String(wiring.apiPort),
      OCPP_PORT: String(wiring.ocppPorts[0]),
    }),
  },
  {
    name: 'simulator',
    folder: 'services/simulator',
    turn: 4,
    demo: true,
    // its sessions end and its queues are delivered before it goes
    stopDeadlineMs: 15_000,
    environment: (wiring) => ({
      DEMO: 'true',
      SHUTDOWN_DEADLINE: '14s',
      OCPP_URL: ocppUrl(wiring.host, wiring.ocppPorts[0] as number),
      TOKENS: demoIdTokens.map(({ token }) => token).join(','),
    }),
  },
]

/** Where chargers of this machine connect, without their id. */
export const ocppUrl = (host: string, port: number): string => `ws://${reachedAt(host)}:${port}/ocpp`

/** The host of a URL for what listens on `host`. */
export function reachedAt(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/**
 * The host that chargers of the network are told for what listens on `host`: of what listens everywhere, an address that they can
 * reach; this machine's own where it has no other.
 */
export const toldToChargers = (host: string, addresses: readonly string[]): string =>
  host === '0.0.0.0' || host === '::' ? (addresses[0] ?? '127.0.0.1') : reachedAt(host)

/** `edge`, `edge-2`, `edge-3`: the first keeps the plain name. */
export const nameOfCopy = (name: string, copy: number): string => (copy === 0 ? name : `${name}-${copy + 1}`)
