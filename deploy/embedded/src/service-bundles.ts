import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stop as stopEsbuild } from 'esbuild'
import { bundle } from '../../bundle.mjs'

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const cache = join(repository, 'node_modules/.cache/voltrail/bundles')

/** Running products may still start processes from bundles of older sources. */
const keptForMs = 7 * 86_400_000

export interface ServiceBundles {
  /** Of the sources; the same sources give the same. 16 hex digits. */
  readonly stamp: string
  readonly version: string
  /** The file that `node` runs for a folder such as `services/edge`. */
  fileOf(folder: string): string
}

/**
 * The bundles of these folders, made when their sources changed since the last time. They lie in a folder named for the
 * sources' content, so a product that runs keeps what it was started with, and two that start at a time do not meet.
 */
export async function serviceBundles(
  folders: readonly string[],
  onBuild: () => void = () => undefined,
): Promise<ServiceBundles> {
  const stamp = stampOf(folders)
  const place = join(cache, stamp)
  if (existsSync(place)) {
    utimesSync(place, new Date(), new Date())
  } else {
    onBuild()
    const making = `${place}.making-${process.pid}`
    try {
      mkdirSync(making, { recursive: true })
      await bundle(folders, { outDir: making })
      try {
        renameSync(making, place)
      } catch (error) {
        // another product was faster with the same
        if (!existsSync(place)) throw error
      }
    } finally {
      rmSync(making, { recursive: true, force: true })
      await stopEsbuild()
    }
    discardOld(stamp)
  }
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }
  return { stamp, version, fileOf: (folder) => join(place, folder, 'dist/main.cjs') }
}

function stampOf(folders: readonly string[]): string {
  const hash = createHash('sha256')
  const add = (path: string): void =>
    void hash
      .update(`${path}\0`)
      .update(readFileSync(join(repository, path)))
      .update('\0')
  for (const path of ['package-lock.json', 'package.json', 'deploy/bundle.mjs', ...sourceFiles()]) add(path)
  for (const folder of folders) hash.update(`${folder}\0`)
  return hash.digest('hex').slice(0, 16)
}

function sourceFiles(): string[] {
  const packages = ['libs', 'services'].flatMap((group) =>
    readdirSync(join(repository, group)).map((name) => `${group}/${name}`),
  )
  const folders = ['contracts', ...packages].flatMap((name) => [`${name}/src`, `${name}/assets`])
  return folders
    .filter((folder) => existsSync(join(repository, folder)))
    .flatMap((folder) =>
      readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    )
    .filter((path) => !path.endsWith('.test.ts') && statSync(join(repository, path)).isFile())
    .toSorted()
}

function discardOld(stamp: string): void {
  for (const name of readdirSync(cache)) {
    const place = join(cache, name)
    if (name !== stamp && Date.now() - statSync(place).mtimeMs > keptForMs)
      rmSync(place, { recursive: true, force: true })
  }
}
