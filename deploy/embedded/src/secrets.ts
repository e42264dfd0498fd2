import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '@voltrail/runtime/start-error'

/** Paths of the secrets, each readable by its owner only; services read the files, so that no secret stands in an environment. */
export interface SecretFiles {
  /** Wraps the keys of personal data. Lost with it: everything personal in the log. */
  readonly masterKey: string
  /** The key of the password hashes. */
  readonly pepper: string
  /** What REST wants as `Authorization: Bearer`. */
  readonly operatorKey: string
  /** Credentials of file transfers are derived from it. */
  readonly filesKey: string
}

/** Makes what is missing and checks what is there. Throws StartError when a file is unreadable or not what it should be. */
export function openSecrets(dataDir: string): SecretFiles & { readonly operatorKeyText: string } {
  const masterKey = join(dataDir, 'master.key')
  const pepper = join(dataDir, 'pepper.key')
  const filesKey = join(dataDir, 'files.key')
  const operatorKey = join(dataDir, 'operator.key')
  loadOrMake(masterKey, () => randomBytes(32).toString('hex'), /^[0-9a-f]{64}$/i)
  loadOrMake(pepper, () => randomBytes(32).toString('hex'), /^([0-9a-f]{2}){16,}$/i)
  loadOrMake(filesKey, () => randomBytes(32).toString('hex'), /^[0-9a-f]{64}$/i)
  // base64url: may stand in a URL's fragment and on a command line as it is
  const operatorKeyText = loadOrMake(
    operatorKey,
    () => `vt_${randomBytes(24).toString('base64url')}`,
    /^[\x21-\x7e]{16,}$/,
  )
  return { masterKey, pepper, operatorKey, filesKey, operatorKeyText }
}

function loadOrMake(path: string, make: () => string, form: RegExp): string {
  const text = read(path) ?? create(path, make())
  if (!form.test(text)) {
    throw new StartError(
      `${path} does not hold what it should`,
      'restore this file from a backup; with another one, what it protects cannot be read',
    )
  }
  return text
}

function read(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim()
    chmodSync(path, 0o600)
    return text
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new StartError(`${path} cannot be read (${code})`, 'start as the user that made the data directory', {
      cause: error,
    })
  }
}

/** The file appears whole and closed, or not at all. */
function create(path: string, text: string): string {
  const making = `${path}.making`
  rmSync(making, { force: true })
  writeFileSync(making, `${text}\n`, { mode: 0o600, flag: 'wx' })
  linkSync(making, path)
  rmSync(making)
  return text
}
