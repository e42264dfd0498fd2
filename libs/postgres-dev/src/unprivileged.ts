import { execFile } from 'node:child_process'
import { chownSync, existsSync, statSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { PostgresBinaries } from './postgres-binaries.ts'

const run = promisify(execFile)

/** How to start a program as the user that owns the data: arguments to put before it, and spawn options. */
export interface RunAs {
  readonly prefix: readonly string[]
  readonly identity: { readonly uid?: number; readonly gid?: number }
  /** Gives a path to that user. Does nothing when we are that user. */
  own(path: string): void
}

const NOBODY = 65534

const asOurselves: RunAs = { prefix: [], identity: {}, own: () => {} }

/**
 * Postgres refuses to run as root, so root runs it as the owner of the data, or as `nobody` for new data.
 *
 * A home folder of mode 700 (root's own, most often) keeps that user out of the data. Where `setpriv` exists
 * the server then gets the one capability that opens directories; otherwise the error says what to move.
 */
export async function chooseRunAs(dataDir: string, parent: string, postgres: string): Promise<RunAs> {
  const uid = process.getuid?.()
  if (uid === undefined) return asOurselves
  const owner = existsSync(dataDir) ? statSync(dataDir) : undefined
  if (uid !== 0) {
    if (owner !== undefined && owner.uid !== uid) {
      throw new Error(
        `the Postgres data in ${dataDir} belongs to user id ${owner.uid}, but this is user id ${uid}: ` +
          'start as that user, or choose another data directory',
      )
    }
    return asOurselves
  }
  const id = owner !== undefined && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : { uid: NOBODY, gid: NOBODY }
  const own = (path: string): void => chownSync(path, id.uid, id.gid)
  if (!(await works(id, [], postgres, ['--version']))) {
    throw new Error(`user id ${id.uid}, as which root runs Postgres, cannot run ${postgres}: move the installation`)
  }
  const look = ['-d', `${parent}/.`] // not `test -x`: access(2) leaves out the capability that this is about
  if (await works(id, [], 'ls', look)) return { prefix: [], identity: id, own }
  for (const capability of ['dac_read_search', 'dac_override']) {
    const prefix = [
      'setpriv',
      `--reuid=${id.uid}`,
      `--regid=${id.gid}`,
      '--clear-groups',
      `--inh-caps=-all,+${capability}`,
      `--ambient-caps=-all,+${capability}`,
      '--no-new-privs',
    ]
    if (await works({}, prefix, 'ls', look)) return { prefix, identity: {}, own }
  }
  throw new Error(
    `Postgres must not run as root, and user id ${id.uid} cannot reach ${parent} (a folder above has mode 700?): ` +
      'start as an ordinary user, or choose a data directory where others may look, for example below /srv',
  )
}

/** Whether that user can run it: asked by trying, for mode bits do not tell all. */
async function works(
  identity: RunAs['identity'],
  prefix: readonly string[],
  ...command: [string, string[]]
): Promise<boolean> {
  const [program, ...args] = [...prefix, command[0], ...command[1]]
  return run(program as string, args, { ...identity, cwd: '/' }).then(
    () => true,
    () => false,
  )
}

/** For root: the binaries, or a copy below `cacheDir` when they lie in a folder that only root may enter. */
export async function reachableBinaries(
  binaries: PostgresBinaries,
  cacheDir = '/var/cache/voltrail',
): Promise<PostgresBinaries> {
  if (process.getuid?.() !== 0) return binaries
  if (await works({ uid: NOBODY, gid: NOBODY }, [], binaries.postgres, ['--version'])) return binaries
  const native = dirname(dirname(binaries.postgres))
  const { size, mtimeMs } = statSync(binaries.postgres)
  const copy = join(cacheDir, `postgres-${size}-${Math.floor(mtimeMs)}`)
  if (!existsSync(copy)) {
    const making = `${copy}.making-${process.pid}`
    await mkdir(making, { recursive: true, mode: 0o755 })
    await cp(native, making, { recursive: true, verbatimSymlinks: true })
    await rename(making, copy).catch(() => rm(making, { recursive: true })) // another process was faster
  }
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') }
}
