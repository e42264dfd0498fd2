import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { PostgresBinaries } from './postgres-binaries.ts'
import type { RunAs } from './unprivileged.ts'

const run = promisify(execFile)

/** Refuses data of another major version than the binaries', and a folder that holds something else. */
export async function checkVersion(
  dataDir: string,
  { postgres }: PostgresBinaries,
  { prefix, identity }: RunAs,
): Promise<void> {
  const [program, ...args] = [...prefix, postgres, '--version']
  let stdout: string
  try {
    stdout = (await run(program, args, { ...identity, cwd: '/' })).stdout
  } catch (error) {
    throw new Error(
      `the Postgres binary ${postgres} does not run here (it needs glibc): name a server of your own with POSTGRES_URL`,
      { cause: error },
    )
  }
  const ours = /\)\s+(\d+)/.exec(stdout)?.[1]
  const theirs = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )
  if (theirs === undefined) {
    const entries = await readdir(dataDir).catch(() => [])
    if (entries.length > 0)
      throw new Error(`${dataDir} holds files but no Postgres data: choose an empty data directory`)
  } else if (theirs !== ours) {
    throw new Error(
      `the Postgres data in ${dataDir} is of version ${theirs}, this installation runs version ${ours}: ` +
        'export it with the older release and import it, or choose another data directory',
    )
  }
}

/** The superuser's password: made once, readable by its owner only. */
export async function loadOrMakePassword(path: string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => '')
  if (known.trim() !== '') return known.trim()
  const password = randomBytes(24).toString('hex')
  await writeFile(path, `${password}\n`, { mode: 0o600 })
  await chmod(path, 0o600)
  return password
}

/** Makes the cluster in a folder of its own and renames it, so that a half-made one is never taken for data. */
export async function makeCluster(
  dataDir: string,
  password: string,
  { initdb }: PostgresBinaries,
  runAs: RunAs,
): Promise<void> {
  const parent = dirname(dataDir)
  const stem = `${basename(dataDir)}.making-`
  for (const entry of await readdir(parent)) {
    if (entry.startsWith(stem)) await rm(join(parent, entry), { recursive: true, force: true })
  }
  const making = join(parent, `${stem}${process.pid}`)
  const passwordFile = `${making}.password`
  await mkdir(making, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  runAs.own(making)
  runAs.own(passwordFile)
  const [program, ...args] = [
    ...runAs.prefix,
    initdb,
    `--pgdata=${making}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // sorts the same on every machine, whatever locales it has
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
  try {
    await run(program, args, { ...runAs.identity, cwd: '/', env: serverEnvironment() })
    if (existsSync(dataDir)) await rmdir(dataDir)
    await rename(making, dataDir)
  } catch (error) {
    await rm(making, { recursive: true, force: true })
    const detail = String((error as { stderr?: string }).stderr || error).trim()
    throw new Error(`cannot make a Postgres database cluster in ${dataDir}: ${detail.replaceAll('\n', ' | ')}`, {
      cause: error,
    })
  } finally {
    await rm(passwordFile, { force: true })
  }
}

/** The caller's environment without the variables that would change what Postgres does or in which language it speaks. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('PG') && !name.startsWith('LC_') && name !== 'LANGUAGE',
  )
  return { ...Object.fromEntries(kept), LC_ALL: 'C', LANG: 'C' }
}
