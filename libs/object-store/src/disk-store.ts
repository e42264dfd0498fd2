import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { measured } from './measured.ts'
import { checkName, placed, type ObjectFacts, type ObjectStore } from './object-store.ts'

const absent = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

/**
 * Objects as files below a folder. Each is written beside them, synced and renamed into its place, so that a crash leaves it
 * whole or not at all; what a crash left half written is removed when the store is opened.
 * A name cannot be the folder of another name. One process at a time has a folder open.
 */
export const openDiskStore = async (folder: string): Promise<ObjectStore> => {
  const objects = join(folder, 'objects')
  const parts = join(folder, 'parts')
  await rm(parts, { recursive: true, force: true })
  await Promise.all([mkdir(objects, { recursive: true, mode: 0o700 }), mkdir(parts, { recursive: true, mode: 0o700 })])
  const at = (name: string): string => join(objects, checkName(name))

  const head = async (name: string): Promise<ObjectFacts | undefined> => {
    try {
      const file = await stat(at(name))
      return file.isFile() ? { name, bytes: file.size, storedAt: file.mtime } : undefined
    } catch (error) {
      if (absent(error)) return undefined
      throw error
    }
  }

  return {
    head,
    async put(name, content, { maxBytes }) {
      const place = at(name)
      const part = join(parts, randomUUID())
      const { stream, result } = measured(maxBytes)
      try {
        await pipeline(content, stream, createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }))
        await mkdir(dirname(place), { recursive: true, mode: 0o700 })
        await rename(part, place)
        // the rename itself must outlive a loss of power before the charger is told that its file is safe
        const parent = await open(dirname(place))
        try {
          await parent.sync()
        } finally {
          await parent.close()
        }
        return result()
      } catch (error) {
        await rm(part, { force: true })
        throw error
      }
    },
    async get(name, range) {
      const file = await open(at(name)).catch((error: unknown) => {
        if (absent(error)) return undefined
        throw error
      })
      if (file === undefined) return undefined
      try {
        const facts = await file.stat()
        if (!facts.isFile()) {
          await file.close()
          return undefined
        }
        const { first, last } = placed(name, facts.size, range)
        if (facts.size === 0) {
          await file.close()
          return { bytes: 0, first, last, content: Readable.from([]) }
        }
        return { bytes: facts.size, first, last, content: file.createReadStream({ start: first, end: last }) }
      } catch (error) {
        await file.close()
        throw error
      }
    },
    async *list(prefix) {
      // only what lies below: the last part of a prefix may be the beginning of a name
      const below = join(objects, prefix.slice(0, prefix.lastIndexOf('/') + 1))
      const found = await readdir(below, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
        if (absent(error)) return []
        throw error
      })
      const names = found
        .filter((entry) => entry.isFile())
        .map((entry) => relative(objects, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .filter((name) => name.startsWith(prefix))
        .toSorted()
      for (const name of names) {
        const facts = await head(name)
        if (facts !== undefined) yield facts
      }
    },
    delete: (name) => rm(at(name), { force: true }),
  }
}
