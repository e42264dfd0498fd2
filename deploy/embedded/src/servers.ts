import { findNatsServer } from '@voltrail/nats-dev/find-nats-server'
import { startNatsServer } from '@voltrail/nats-dev/nats-server'
import { startPostgres } from '@voltrail/postgres-dev/postgres'
import { StartError } from '@voltrail/runtime/start-error'
import pg from 'pg'
import type { LogFile } from './log-file.ts'
import { startNodeProcess } from './node-process.ts'
import { orAborted } from './or-aborted.ts'
import type { Part } from './running-part.ts'

const local = '127.0.0.1'

/** The embedded Postgres. `onUrl` is told the superuser's URL at every start; it stays the same. */
export const postgresPart = (options: {
  readonly dataDir: string
  readonly port: number
  readonly log: LogFile
  readonly onUrl: (url: string) => void
}): Part => ({
  name: 'postgres',
  async start(signal, spawned) {
    signal.throwIfAborted()
    const { dataDir, port, log } = options
    const server = await withLog(log, startPostgres({ dataDir, port, host: local, log: log.write }))
    spawned(server.pid)
    options.onUrl(server.url)
    return server
  },
})

/** A nats-server's path; one is fetched when there is none, which Ctrl-C interrupts. Throws StartError with the remedies. */
export function findNats(note: (line: string) => void, signal: AbortSignal): Promise<string> {
  const finding = findNatsServer({ log: note }).catch((error: unknown) => {
    const [problem, remedy] = splitOnce(error instanceof Error ? error.message : String(error), ': ')
    throw new StartError(problem, remedy, { cause: error })
  })
  return orAborted(finding, signal)
}

export const natsPart = (options: {
  readonly storeDir: string
  readonly port: number
  readonly binary: string
  readonly log: LogFile
  /** tells over HTTP who is connected and listens to what */
  readonly monitorPort?: number
}): Part => ({
  name: 'nats',
  async start(signal, spawned) {
    signal.throwIfAborted()
    const { storeDir, port, binary, log, monitorPort } = options
    const server = await withLog(
      log,
      startNatsServer({
        storeDir,
        port,
        host: local,
        binary,
        log: log.write,
        ...(monitorPort !== undefined && { configText: `http: "${local}:${monitorPort}"` }),
      }),
    )
    spawned(server.pid)
    return server
  },
})

/** The development event store. */
export const eventStorePart = (options: {
  readonly bundle: string
  readonly dataDir: string
  readonly port: number
  readonly log: LogFile
  readonly environment: Readonly<Record<string, string>>
  /** it can be told to fail: see its README */
  readonly faults: boolean
}): Part => ({
  name: 'event-store',
  start: (signal, spawned) =>
    startNodeProcess(
      {
        name: 'event-store',
        bundle: options.bundle,
        args: ['--data', options.dataDir, '--host', local, '--port', String(options.port)].concat(
          options.faults ? '--faults' : [],
        ),
        environment: options.environment,
        log: options.log,
        readyUrl: `http://${local}:${options.port}/health/live`,
      },
      signal,
      spawned,
    ),
})

/** Makes the database when it is missing and gives its URL. The server may take a moment to let us in. */
export async function ensureDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    const known = await client.query('select 1 from pg_database where datname = $1', [name])
    if (known.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Their errors are one line with a remedy already. */
function withLog<T>(log: LogFile, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!(error instanceof Error) || error.name === 'AbortError') throw error
    throw new StartError(error.message, `more in ${log.path}`, { cause: error })
  })
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, 'install nats-server'] : [text.slice(0, at), text.slice(at + separator.length)]
}
