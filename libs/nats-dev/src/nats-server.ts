import { spawn } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { findNatsServer } from './find-nats-server.ts'
import { livingProcess, stopByPid } from '@voltrail/runtime/server-process'

export interface NatsServerOptions {
  /** JetStream's files. Made on first use. `<storeDir>.conf`, `.pid` and `.owner` are written beside it. */
  readonly storeDir: string
  /** 0 or absent: a free port. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** A nats-server to run. Default: the one that findNatsServer finds. */
  readonly binary?: string
  /** Where a fetched nats-server is kept, see findNatsServer. */
  readonly cacheDir?: string
  /** The largest message in bytes. Default 8 MiB (the server's own default is 1 MiB; a frame of a charger may have 4). */
  readonly maxPayload?: number
  /** More lines of the server's configuration, such as accounts or TLS. */
  readonly configText?: string
  /** Gets each line of the server's log. */
  readonly log?: (line: string) => void
  /** false: the running server does not keep the calling process alive. Default true. */
  readonly holdsProcess?: boolean
}

export interface RunningNatsServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Resolves with the reason when the server has ended, whoever ended it. */
  readonly exited: Promise<string>
  /** Returns when the server has written its state and gone. May be called twice. */
  stop(): Promise<void>
}

const STOP_STEPS = [
  ['SIGTERM', 10_000],
  ['SIGKILL', 5_000],
] as const

const START_PATIENCE_MS = 30_000
const MIB = 1024 * 1024

/**
 * Runs a nats-server with JetStream on a store directory; what it stored is there again at the next start.
 * A server that an earlier, killed process left behind on the same store is stopped first.
 * Errors (one line each): no nats-server, store in use, port taken, configuration refused.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<RunningNatsServer> {
  const storeDir = resolve(options.storeDir)
  const host = options.host ?? '127.0.0.1'
  const log = options.log ?? (() => {})
  const binary =
    options.binary ??
    (await findNatsServer({ log, ...(options.cacheDir !== undefined && { cacheDir: options.cacheDir }) }))
  await mkdir(storeDir, { recursive: true })
  await stopLeftBehind(storeDir)
  const configFile = `${storeDir}.conf`
  // owner only: configText may hold passwords
  await writeFile(configFile, configuration(storeDir, host, options), { mode: 0o600 })
  await writeFile(`${storeDir}.owner`, `${process.pid}\n`)

  // detached: a Ctrl-C in the terminal must reach us, who stop the server last, and not the server itself
  const child = spawn(binary, ['-c', configFile], { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  const exited = new Promise<string>((settle) => {
    child.once('exit', (code, signal) => settle(signal === null ? `exit code ${code}` : `signal ${signal}`))
    child.once('error', (error) => settle(error.message))
  })
  const endWithUs = (): void => void child.kill('SIGTERM')
  process.once('exit', endWithUs)
  void exited.then(() => process.off('exit', endWithUs))

  const lines: string[] = []
  let timer: NodeJS.Timeout | undefined
  const port = await new Promise<number | undefined>((settle) => {
    let listening: number | undefined
    timer = setTimeout(() => settle(undefined), START_PATIENCE_MS)
    createInterface({ input: child.stderr }).on('line', (line) => {
      log(line)
      if (lines.push(line) > 50) lines.shift()
      const announced = /Listening for client connections on \S+:(\d+)/.exec(line)?.[1]
      if (announced !== undefined) listening = Number(announced)
      if (line.includes('Server is ready')) settle(listening)
    })
    // 'close', not 'exit': only then has every line of the log been read
    child.once('close', () => settle(undefined))
    child.once('error', () => settle(undefined))
  })
  clearTimeout(timer)
  const isRunning = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  if (port === undefined) {
    if (isRunning()) await stopByPid(child.pid as number, STOP_STEPS)
    throw startFault(binary, host, options, await exited, lines)
  }

  const pid = child.pid as number
  if (options.holdsProcess === false) {
    child.unref()
    ;(child.stderr as unknown as { unref(): void }).unref()
  }
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= (isRunning() ? stopByPid(pid, STOP_STEPS) : Promise.resolve()).then(async () => {
      await exited
      await rm(`${storeDir}.pid`, { force: true })
      await rm(`${storeDir}.owner`, { force: true })
    })
    return stopping
  }
  return { url: `nats://${urlHost(host)}:${port}`, port, pid, exited, stop }
}

function configuration(storeDir: string, host: string, options: NatsServerOptions): string {
  const maxPayload = options.maxPayload ?? 8 * MIB
  return [
    '# Written at every start.',
    `listen: ${JSON.stringify(`${host.includes(':') ? `[${host}]` : host}:${options.port || -1}`)}`,
    `pid_file: ${JSON.stringify(`${storeDir}.pid`)}`,
    `max_payload: ${maxPayload}`,
    // what the server holds for a slow reader; must not be smaller than one message
    `max_pending: ${Math.max(64 * MIB, 2 * maxPayload)}`,
    'jetstream {',
    `  store_dir: ${JSON.stringify(storeDir)}`,
    '}',
    options.configText ?? '',
    '',
  ].join('\n')
}

function startFault(binary: string, host: string, options: NatsServerOptions, reason: string, lines: string[]): Error {
  if (lines.some((line) => /Error listening on port.*(address already in use|in use)/.test(line))) {
    return new Error(
      `nats-server cannot listen on ${host} port ${options.port}: it is taken. Choose another port or stop whoever has it`,
    )
  }
  return new Error(
    `nats-server (${binary} -c ${resolve(options.storeDir)}.conf) does not start: ${lines.slice(-5).join(' | ') || reason}`,
  )
}

/** After kill -9 of its parent a server runs on: stop it. One whose parent still lives is somebody else's: refuse. */
async function stopLeftBehind(storeDir: string): Promise<void> {
  const readNumber = async (path: string): Promise<number> =>
    Number((await readFile(path, 'utf8').catch(() => '')).trim() || Number.NaN)
  const server = livingProcess(await readNumber(`${storeDir}.pid`))
  if (server !== undefined && server.command.includes(`${storeDir}.conf`)) {
    if (server.parentPid === (await readNumber(`${storeDir}.owner`)) && livingProcess(server.parentPid) !== undefined) {
      throw new Error(
        `the NATS store in ${storeDir} is in use by process ${server.parentPid} (server ${server.pid}): ` +
          'stop it, or choose another data directory',
      )
    }
    await stopByPid(server.pid, STOP_STEPS)
  }
  await rm(`${storeDir}.pid`, { force: true })
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
