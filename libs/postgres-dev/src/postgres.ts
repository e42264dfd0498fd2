import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createInterface } from 'node:readline'
import pg from 'pg'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { checkVersion, loadOrMakePassword, makeCluster, serverEnvironment } from './postgres-cluster.ts'
import { livingProcess, stopByPid } from '@voltrail/runtime/server-process'
import type { RunAs } from './unprivileged.ts'
import { chooseRunAs, reachableBinaries } from './unprivileged.ts'

export interface PostgresOptions {
  /** Made on first use. The superuser's password lies beside it in `<dataDir>.password` (mode 0600). */
  readonly dataDir: string
  /** 0 or absent: a free port. */
  readonly port?: number
  /** A loopback address (others are refused by the server's own rules). Default 127.0.0.1. */
  readonly host?: string
  /** Gets each line of the server's log. */
  readonly log?: (line: string) => void
  /** false: no fsync. Only for data that nobody needs after a power cut, such as that of tests. Default true. */
  readonly durable?: boolean
  /** false: the running server does not keep the calling process alive. Default true. */
  readonly holdsProcess?: boolean
}

export interface RunningPostgres {
  /** Of the superuser `postgres` and the database `postgres`. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Resolves with the reason when the server has ended, whoever ended it. */
  readonly exited: Promise<string>
  /** Rolls open transactions back, writes a checkpoint and returns when the server has gone. May be called twice. */
  stop(): Promise<void>
}

/** SIGINT = fast shutdown, SIGQUIT = immediate (the next start recovers), SIGKILL at last. */
const STOP_STEPS = [
  ['SIGINT', 20_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
] as const

const START_PATIENCE_MS = 60_000

/**
 * Runs the Postgres that npm installed on a data directory: makes the database cluster on first use, keeps it afterwards.
 * A server that an earlier, killed process left behind on the same data is stopped first.
 * Errors (one line each): no binaries for the platform, data of another major version, data in use, port taken.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const dataDir = resolve(options.dataDir)
  const host = options.host ?? '127.0.0.1'
  const binaries = await reachableBinaries(await findPostgresBinaries())
  await mkdir(dirname(dataDir), { recursive: true })
  const runAs = await chooseRunAs(dataDir, dirname(dataDir), binaries.postgres)
  await checkVersion(dataDir, binaries, runAs)
  await stopLeftBehind(dataDir)
  const password = await loadOrMakePassword(`${dataDir}.password`)
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await makeCluster(dataDir, password, binaries, runAs)

  const giveUpAt = Date.now() + START_PATIENCE_MS
  for (;;) {
    const port = options.port || (await findFreePort(host))
    const launch = await launchServer(dataDir, host, port, options, binaries, runAs)
    if ('server' in launch) {
      const url = `postgres://postgres:${password}@${urlHost(host)}:${port}/postgres`
      try {
        await checkLogin(url, dataDir)
      } catch (error) {
        await launch.server.stop()
        throw error
      }
      return { url, port, ...launch.server }
    }
    // Another process may take the free port before we do, and the children of a killed server let go of their memory a little later.
    const again = (launch.failed === 'port-taken' && !options.port) || launch.failed === 'memory-in-use'
    if (again && Date.now() < giveUpAt) {
      await sleep(50)
      continue
    }
    if (launch.failed === 'port-taken') {
      throw new Error(
        `Postgres cannot listen on ${host} port ${port}: it is taken. Choose another port or stop whoever has it`,
      )
    }
    throw new Error(`Postgres does not start on ${dataDir}: ${launch.lines.slice(-5).join(' | ') || launch.failed}`)
  }
}

/**
 * After kill -9 of its parent a server runs on: stop it. One whose parent still lives is somebody else's: refuse.
 * A pid file without a server goes, for Postgres would take any process that has that id now for itself.
 */
async function stopLeftBehind(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid')
  const readNumber = async (path: string): Promise<number> =>
    Number((await readFile(path, 'utf8').catch(() => '')).split('\n')[0] || Number.NaN)
  const server = livingProcess(await readNumber(pidFile))
  if (server !== undefined && server.command.includes('postgres') && server.command.includes(dataDir)) {
    if (server.parentPid === (await readNumber(`${dataDir}.owner`)) && livingProcess(server.parentPid) !== undefined) {
      throw new Error(
        `the Postgres data in ${dataDir} is in use by process ${server.parentPid} (server ${server.pid}): ` +
          'stop it, or choose another data directory',
      )
    }
    await stopByPid(server.pid, STOP_STEPS)
  }
  await rm(pidFile, { force: true })
}

type Launch =
  | { server: Pick<RunningPostgres, 'pid' | 'exited' | 'stop'> }
  | { failed: 'port-taken' | 'memory-in-use' | 'ended' | 'not ready in time'; lines: string[] }

async function launchServer(
  dataDir: string,
  host: string,
  port: number,
  options: PostgresOptions,
  { postgres }: PostgresBinaries,
  { prefix, identity }: RunAs,
): Promise<Launch> {
  const settings = {
    listen_addresses: host,
    port,
    unix_socket_directories: '',
    max_connections: 200,
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    log_checkpoints: 'off',
    ...(options.durable === false && {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
    }),
  }
  const [program, ...args] = [
    ...prefix,
    postgres,
    '-D',
    dataDir,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  await writeFile(`${dataDir}.owner`, `${process.pid}\n`)
  // detached: a Ctrl-C in the terminal must reach us, who stop the server last, and not the server itself
  const child = spawn(program as string, args, {
    ...identity,
    cwd: '/',
    env: serverEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const lines: string[] = []
  const exited = whenExited(child)
  const endWithUs = (): void => void child.kill('SIGINT')
  process.once('exit', endWithUs)
  void exited.then(() => process.off('exit', endWithUs))
  let timer: NodeJS.Timeout | undefined
  const outcome = await new Promise<'ready' | 'ended' | 'not ready in time'>((settle) => {
    timer = setTimeout(() => settle('not ready in time'), START_PATIENCE_MS)
    createInterface({ input: child.stderr }).on('line', (line) => {
      options.log?.(line)
      if (lines.push(line) > 50) lines.shift()
      if (line.includes('database system is ready to accept connections')) settle('ready')
    })
    // 'close', not 'exit': only then has every line of the log been read
    child.once('close', () => settle('ended'))
    child.once('error', () => settle('ended'))
  })
  clearTimeout(timer)
  if (outcome !== 'ready') {
    if (child.pid !== undefined && child.exitCode === null) await stopByPid(child.pid, STOP_STEPS)
    const text = lines.join('\n')
    if (/could not (bind|create any TCP)/.test(text)) return { failed: 'port-taken', lines }
    if (/pre-existing shared memory block/.test(text)) return { failed: 'memory-in-use', lines }
    return { failed: outcome, lines }
  }
  const pid = child.pid as number
  if (options.holdsProcess === false) {
    child.unref()
    ;(child.stderr as unknown as { unref(): void }).unref()
  }
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= (
      child.exitCode === null && child.signalCode === null ? stopByPid(pid, STOP_STEPS) : Promise.resolve()
    ).then(async () => {
      await exited
      await rm(`${dataDir}.owner`, { force: true })
    })
    return stopping
  }
  return { server: { pid, exited, stop } }
}

function whenExited(child: ChildProcess): Promise<string> {
  return new Promise((settle) => {
    child.once('exit', (code, signal) => settle(signal === null ? `exit code ${code}` : `signal ${signal}`))
    child.once('error', (error) => settle(error.message))
  })
}

async function checkLogin(url: string, dataDir: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error
    throw new Error(
      `the password in ${dataDir}.password is not the one this Postgres data was made with: restore that file`,
      { cause: error },
    )
  } finally {
    await client.end().catch(() => {})
  }
}

function findFreePort(host: string): Promise<number> {
  return new Promise((settle, fail) => {
    const probe = createServer()
    probe.once('error', fail)
    probe.listen(0, host, () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => settle(port))
    })
  })
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
