import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '@voltrail/runtime/start-error'
import { identify, isAlive } from './process-identity.ts'
import type { ProcessIdentity } from './process-identity.ts'

/** Held by two products of one process (as in tests): the process alone does not tell them apart. */
const heldHere = new Set<string>()

/**
 * Takes `<dataDir>/lock` for this process and gives the function that lets go of it. The lock of a process that was killed
 * is taken over. Throws StartError when a living product has it.
 */
export function lockDirectory(dataDir: string): () => void {
  const path = join(dataDir, 'lock')
  const mine = identify(process.pid) ?? { pid: process.pid, started: '' }
  const text = JSON.stringify(mine)
  const candidate = join(dataDir, `lock.${randomUUID()}`)
  writeFileSync(candidate, text)
  try {
    for (let attempt = 0; ; attempt += 1) {
      // a hard link appears with its content or not at all, and never over one that is there
      if (!heldHere.has(dataDir) && link(candidate, path)) break
      const holder = readHolder(path)
      if (
        heldHere.has(dataDir) ||
        attempt >= 10 ||
        (holder !== undefined && holder.pid !== process.pid && isAlive(holder))
      ) {
        throw new StartError(
          `the data directory ${dataDir} is in use by process ${holder?.pid ?? 'unknown'}`,
          'stop that one first, or pass --data-dir with another directory',
        )
      }
      discard(path)
    }
  } finally {
    rmSync(candidate, { force: true })
  }
  heldHere.add(dataDir)
  return () => {
    if (!heldHere.delete(dataDir)) return
    const holder = readHolder(path)
    if (holder?.pid === mine.pid && holder.started === mine.started) rmSync(path, { force: true })
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(path: string): ProcessIdentity | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(path, 'utf8')) as Partial<ProcessIdentity>
    return { pid: Number(pid), started: String(started) }
  } catch {
    return undefined
  }
}

/** Moved away first: of two starters that found the same dead lock, only one moves it. */
function discard(path: string): void {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
    rmSync(aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
