import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'

/** A data directory that cannot be opened. The message is one line and says what to do. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError'
}

const FORMAT = 'voltrail-event-store-dev'
const FORMAT_VERSION = 1
const openHere = new Set<string>()

export interface DataDirectory {
  readonly path: string
  /** Added to a log offset to make the `$all` position that clients see. Chosen when the directory is made. */
  readonly positionBase: bigint
  release(): void
}

/** Makes or opens a data directory and locks it for this process. Throws DataDirectoryError. */
export function openDataDirectory(path: string, positionBase: bigint): DataDirectory {
  const directory = resolve(path)
  mkdirSync(directory, { recursive: true })
  const release = lock(directory)
  try {
    return { path: directory, positionBase: readFormat(directory, positionBase), release }
  } catch (error) {
    release()
    throw error
  }
}

/** Makes renames and new files in a directory durable. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function readFormat(directory: string, positionBase: bigint): bigint {
  const file = join(directory, 'format.json')
  if (!existsSync(file)) {
    const others = readdirSync(directory).filter((name) => !name.startsWith('lock') && !name.startsWith('format.json.'))
    if (others.length > 0) {
      throw new DataDirectoryError(
        `${directory} is not empty and holds no format.json: it is no data directory of event-store-dev; name another directory`,
      )
    }
    const text = JSON.stringify({ format: FORMAT, version: FORMAT_VERSION, positionBase: String(positionBase) })
    const temporary = `${file}.${randomUUID()}`
    const handle = openSync(temporary, 'wx')
    writeSync(handle, `${text}\n`)
    fsyncSync(handle)
    closeSync(handle)
    renameSync(temporary, file)
    syncDirectory(directory)
    return positionBase
  }
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new DataDirectoryError(`${file} is not readable as JSON: restore it from a backup or name another directory`)
  }
  const { format, version, positionBase: stored } = (content ?? {}) as Record<string, unknown>
  if (format !== FORMAT)
    throw new DataDirectoryError(
      `${file} names the format ${JSON.stringify(format)}, not ${FORMAT}: name another directory`,
    )
  if (version !== FORMAT_VERSION) {
    throw new DataDirectoryError(
      `${directory} has data format version ${String(version)}, this build reads version ${FORMAT_VERSION}: use the build that wrote it, or name another directory`,
    )
  }
  if (typeof stored !== 'string' || !/^\d{1,19}$/.test(stored))
    throw new DataDirectoryError(`${file} has no valid positionBase: restore it from a backup`)
  return BigInt(stored)
}

/** Takes `lock`, a file that names the process. The lock of a process that is gone (kill -9) does not block. */
function lock(directory: string): () => void {
  if (openHere.has(directory))
    throw new DataDirectoryError(`${directory} is already open in this process: use one server per data directory`)
  const file = join(directory, 'lock')
  const mine = { pid: process.pid, started: processStart(process.pid), token: randomUUID() }
  const text = JSON.stringify(mine)
  const candidate = `${file}.${mine.token}`
  writeFileSync(candidate, text, { flag: 'wx' })
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        linkSync(candidate, file)
        break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 20) throw error
      }
      const held = readLock(file)
      if (held.text !== undefined && isAlive(held)) {
        throw new DataDirectoryError(
          `${directory} is in use by process ${held.pid}: stop that server first, or name another directory`,
        )
      }
      takeAway(file, held.text)
    }
  } finally {
    unlinkSync(candidate)
  }
  openHere.add(directory)
  return () => {
    if (!openHere.delete(directory)) return
    if (readLock(file).text === text) unlinkSync(file)
  }
}

/** Removes a stale lock, but only the one that was judged: another starter may have replaced it meanwhile. */
function takeAway(file: string, judged: string | undefined): void {
  const aside = `${file}.stale-${randomUUID()}`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  try {
    if (readLock(aside).text !== judged) linkSync(aside, file)
  } finally {
    unlinkSync(aside)
  }
}

interface HeldLock {
  readonly text: string | undefined
  readonly pid: number
  readonly started: string
}

function readLock(file: string): HeldLock {
  try {
    const text = readFileSync(file, 'utf8')
    const body = JSON.parse(text) as { pid?: unknown; started?: unknown }
    return { text, pid: Number(body.pid), started: String(body.started) }
  } catch {
    return { text: undefined, pid: 0, started: '' }
  }
}

function isAlive(held: HeldLock): boolean {
  if (!Number.isInteger(held.pid) || held.pid <= 0) return false
  // our own pid but not opened here: the number of a predecessor in a restarted container
  if (held.pid === process.pid) return false
  try {
    process.kill(held.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const started = processStart(held.pid)
  return started === '' || held.started === '' || started === held.started
}

/** Boot id and start time of a process where /proc tells them (Linux): a pid that was given again is then not taken for the old one. */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${ticks}`
  } catch {
    return ''
  }
}
