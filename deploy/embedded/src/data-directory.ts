import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StartError } from '@voltrail/runtime/start-error'
import { lockDirectory } from './directory-lock.ts'

/** Of the layout below. Another number is another layout. */
const layoutVersion = '1'

/** Where everything that outlives a run lies. All paths are absolute. */
export interface DataDirectory {
  readonly path: string
  /** Names this installation on servers that it shares with others; 12 hex digits, made once. */
  readonly id: string
  readonly eventStore: string
  /** nats-dev writes `<nats>.conf` and the like beside it. */
  readonly nats: string
  /** postgres-dev writes `<postgres>.password` and the like beside it. */
  readonly postgres: string
  /** the certificate authority, and what TLS servers are told of it */
  readonly pki: string
  /** files of chargers and firmware images */
  readonly files: string
  readonly logs: string
  /** One file per running process. */
  readonly run: string
  /** Whether a step that is taken once only (such as seeding) was taken. */
  done(step: string): boolean
  markDone(step: string): void
  /** Lets another process have it. */
  release(): void
}

/**
 * Makes or opens a data directory and locks it. Errors (StartError): of another version, holds something else, in use,
 * cannot be made.
 */
export function openDataDirectory(dataDir: string): DataDirectory {
  const path = resolve(dataDir)
  try {
    // others may look into it: root runs Postgres as another user. Every secret file is closed by itself.
    mkdirSync(path, { recursive: true, mode: 0o755 })
    checkVersion(path)
    const release = lockDirectory(path)
    try {
      return { ...layOut(path), release }
    } catch (error) {
      release()
      throw error
    }
  } catch (error) {
    if (error instanceof StartError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new StartError(
      `the data directory ${path} cannot be used (${message})`,
      'pass --data-dir with a directory that you may write to',
      {
        cause: error,
      },
    )
  }
}

function checkVersion(path: string): void {
  const found = readOptional(join(path, 'version'))?.trim()
  if (found === layoutVersion) return
  if (found !== undefined) {
    throw new StartError(
      `the data directory ${path} is of version "${found.slice(0, 20)}", this release reads version ${layoutVersion}`,
      'start the release that made it, or pass --data-dir with another directory',
    )
  }
  // a start that was killed within its first moments leaves a lock and nothing else
  if (readdirSync(path).some((name) => !name.startsWith('lock'))) {
    throw new StartError(
      `the directory ${path} holds files but no Voltrail data (there is no file "version")`,
      'pass --data-dir with an empty or a new directory',
    )
  }
}

function layOut(path: string): Omit<DataDirectory, 'release'> {
  const inside = (name: string): string => join(path, name)
  const steps = inside('done')
  for (const folder of [inside('logs'), inside('run'), steps]) mkdirSync(folder, { recursive: true })
  if (readOptional(inside('id')) === undefined) writeWhole(inside('id'), `${randomBytes(6).toString('hex')}\n`)
  // last: a directory that has it is complete
  if (readOptional(inside('version')) === undefined) writeWhole(inside('version'), `${layoutVersion}\n`)
  return {
    path,
    id: readFileSync(inside('id'), 'utf8').trim(),
    eventStore: inside('event-store'),
    nats: inside('nats'),
    postgres: inside('postgres'),
    pki: inside('pki'),
    files: inside('files'),
    logs: inside('logs'),
    run: inside('run'),
    done: (step) => readOptional(join(steps, step)) !== undefined,
    markDone: (step) => writeWhole(join(steps, step), `${new Date().toISOString()}\n`),
  }
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Never half a file, whenever the process is killed. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}
