import { execFile } from 'node:child_process'
import { chownSync, existsSync, statSync } from 'node:fs'
import { promisify } from 'node:util'

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
 * A home folder of mode 700 (root's own, most often) keeps that user out of data and binaries. Where `setpriv` exists
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
  if (await canReach(id, [], parent, postgres)) return { prefix: [], identity: id, own }
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
    if (await canReach({}, prefix, parent, postgres)) return { prefix, identity: {}, own }
  }
  throw new Error(
    `Postgres must not run as root and user id ${id.uid} cannot reach both ${parent} and ${postgres} ` +
      '(a folder above has mode 700?): start as an ordinary user, or move the installation and the data directory to where others may look, for example below /srv',
  )
}

/** Runs the binary from inside the folder's path: whether that works is the question, so no guess from mode bits. */
async function canReach(
  identity: RunAs['identity'],
  prefix: readonly string[],
  folder: string,
  postgres: string,
): Promise<boolean> {
  const attempt = async (program: string, args: readonly string[]): Promise<void> => {
    const [first, ...rest] = [...prefix, program, ...args]
    await run(first as string, rest, { ...identity, cwd: '/' })
  }
  try {
    await attempt('test', ['-x', folder])
    await attempt(postgres, ['--version'])
    return true
  } catch {
    return false
  }
}
