import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

export interface FindNatsServerOptions {
  /** Where a fetched copy is kept. Default: `voltrail` in the user's cache folder. */
  readonly cacheDir?: string
  /** Default: that of this process. Read: NATS_SERVER_BIN, PATH, HOME, XDG_CACHE_HOME. */
  readonly env?: NodeJS.ProcessEnv
  /** Is told what is tried and why it did not help. */
  readonly log?: (line: string) => void
}

const run = promisify(execFile)

/** The oldest one whose JetStream and key-value behaviour we are tested with. */
const OLDEST = [2, 9] as const

const DOCKER_IMAGE = 'nats:2.11'

/** Debian puts servers where only root's PATH looks; Homebrew is often missing from the PATH of a desktop program. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin']

/**
 * The path of a nats-server that runs here: NATS_SERVER_BIN, PATH, a copy fetched earlier, the system's package
 * (downloaded and unpacked into the cache, which needs no root and installs nothing), the Docker image's binary.
 * Error (one line, with the remedies): there is none, or NATS_SERVER_BIN does not name one.
 */
export async function findNatsServer(options: FindNatsServerOptions = {}): Promise<string> {
  const env = options.env ?? process.env
  const log = options.log ?? (() => {})
  const named = env['NATS_SERVER_BIN']
  if (named) {
    const fault = await faultOf(named)
    if (fault === undefined) return named
    throw new Error(`NATS_SERVER_BIN names ${named}, but ${fault}: correct the variable or remove it`)
  }

  const cacheDir =
    options.cacheDir ?? join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'voltrail')
  const cached = join(cacheDir, 'nats-server')
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter(Boolean), ...(options.env ? [] : MORE_FOLDERS)]
  for (const candidate of [...folders.map((folder) => join(folder, 'nats-server')), cached]) {
    if (!(await isExecutable(candidate))) continue
    const fault = await faultOf(candidate)
    if (fault === undefined) return candidate
    log(`${candidate} is not used: ${fault}`)
  }

  const fetchers = { "the system's package": fetchWithApt, 'the Docker image': fetchWithDocker }
  for (const [source, fetch] of Object.entries(fetchers)) {
    if (process.platform !== 'linux') break // neither gives a binary for another system
    await mkdir(cacheDir, { recursive: true })
    const workDir = await mkdtemp(join(cacheDir, 'fetching-'))
    try {
      log(`no nats-server found; trying ${source}`)
      const fetched = await fetch(workDir, env)
      const fault = await faultOf(fetched)
      if (fault !== undefined) throw new Error(fault)
      // rename: another process may be fetching too, or running the copy that is there
      await copyFile(fetched, join(workDir, 'ready'))
      await chmod(join(workDir, 'ready'), 0o755)
      await rename(join(workDir, 'ready'), cached)
      return cached
    } catch (error) {
      log(
        `${source} did not help: ${String(error instanceof Error ? error.message : error)
          .trim()
          .replaceAll('\n', ' | ')}`,
      )
    } finally {
      await rm(workDir, { recursive: true, force: true })
    }
  }
  throw new Error(
    'no nats-server found: install one (macOS: brew install nats-server, Debian or Ubuntu: apt-get install nats-server, ' +
      'others: https://github.com/nats-io/nats-server/releases), or name its path in NATS_SERVER_BIN, or start Docker',
  )
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** What is wrong with a binary, or undefined. */
async function faultOf(binary: string): Promise<string | undefined> {
  let output: string
  try {
    output = (await run(binary, ['--version'], { timeout: 10_000 })).stdout
  } catch (error) {
    return `it does not run (${(error as NodeJS.ErrnoException).code ?? String(error)})`
  }
  const version = /nats-server: v(\d+)\.(\d+)/.exec(output)
  if (version === null) return 'it is not a nats-server'
  const [major, minor] = [Number(version[1]), Number(version[2])]
  const oldEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  return oldEnough ? undefined : `it is version ${major}.${minor}, older than ${OLDEST.join('.')}`
}

/** Debian, Ubuntu and their kin: download and unpack, nothing is installed. Needs no root. */
async function fetchWithApt(workDir: string, env: NodeJS.ProcessEnv): Promise<string> {
  const inWorkDir = { cwd: workDir, env, timeout: 120_000 }
  // as root, apt would download as a user that may not write here
  const asCaller = ['-o', 'APT::Sandbox::User=root', '-q']
  try {
    await run('apt-get', [...asCaller, 'download', 'nats-server'], inWorkDir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error('there is no apt-get', { cause: error })
    // The package list may be missing or old (a container image has none): fetch one of our own, for the system's belongs to root.
    await mkdir(join(workDir, 'lists', 'partial'), { recursive: true })
    await mkdir(join(workDir, 'cache', 'archives', 'partial'), { recursive: true })
    const own = ['-o', `Dir::State::Lists=${join(workDir, 'lists')}`, '-o', `Dir::Cache=${join(workDir, 'cache')}`]
    await run('apt-get', [...asCaller, ...own, 'update'], inWorkDir)
    await run('apt-get', [...asCaller, ...own, 'download', 'nats-server'], inWorkDir)
  }
  const archive = (await readdir(workDir)).find((name) => name.endsWith('.deb'))
  if (archive === undefined) throw new Error('apt-get downloaded nothing')
  await run('dpkg', ['-x', archive, 'unpacked'], inWorkDir)
  for (const folder of ['usr/sbin', 'usr/bin']) {
    const binary = join(workDir, 'unpacked', folder, 'nats-server')
    if (await isExecutable(binary)) return binary
  }
  throw new Error('the package holds no nats-server')
}

/** The image holds one static binary: copy it out, so that no container has to run. */
async function fetchWithDocker(workDir: string, env: NodeJS.ProcessEnv): Promise<string> {
  const options = { env, timeout: 300_000 }
  const container = (await run('docker', ['create', DOCKER_IMAGE], options)).stdout.trim().split('\n').at(-1) ?? ''
  try {
    const binary = join(workDir, 'from-image')
    await run('docker', ['cp', `${container}:/nats-server`, binary], options)
    return binary
  } finally {
    await run('docker', ['rm', container], options).catch(() => {})
  }
}
