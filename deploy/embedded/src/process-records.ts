import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endProcess, identify, isAlive } from './process-identity.ts'
import type { ProcessIdentity } from './process-identity.ts'

/** The one that ends everything when we are killed; first to go when a later start does that itself. */
export const guardName = 'guard'

type ProcessRecord = ProcessIdentity & { readonly signal: NodeJS.Signals }

const leftoverPatienceMs = 8_000

/** Writes down which processes run, one file each, so that a later start finds those that a kill -9 left behind. */
export interface ProcessRecords {
  add(name: string, pid: number, signal: NodeJS.Signals): void
  remove(name: string, pid: number): void
  /** Ends every recorded process that still lives and gives their names. */
  endLeftovers(): Promise<string[]>
}

export function openProcessRecords(folder: string): ProcessRecords {
  const fileOf = (name: string): string => join(folder, `${name}.json`)
  return {
    add(name, pid, signal) {
      const identity = identify(pid)
      if (identity === undefined) return
      writeFileSync(`${fileOf(name)}.new`, JSON.stringify({ ...identity, signal }))
      renameSync(`${fileOf(name)}.new`, fileOf(name))
    },
    remove(name, pid) {
      if (readRecord(fileOf(name))?.pid === pid) rmSync(fileOf(name), { force: true })
    },
    async endLeftovers() {
      const names = readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .map((file) => file.slice(0, -'.json'.length))
      const ended: string[] = []
      const end = async (name: string): Promise<void> => {
        const record = readRecord(fileOf(name))
        // the number alone may be somebody else's by now
        if (record !== undefined && isAlive(record)) {
          await endProcess(record, record.signal, leftoverPatienceMs)
          ended.push(name)
        }
        rmSync(fileOf(name), { force: true })
      }
      if (names.includes(guardName)) await end(guardName)
      await Promise.all(names.filter((name) => name !== guardName).map(end))
      return ended.filter((name) => name !== guardName).toSorted()
    },
  }
}

function readRecord(path: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessRecord
  } catch {
    return undefined
  }
}
