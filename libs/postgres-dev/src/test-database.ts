import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from './postgres.ts'
import { livingProcess } from '@voltrail/runtime/server-process'

export interface TestDatabase {
  readonly url: string
  /** Closes every connection to the database and removes it. */
  drop(): Promise<void>
}

/**
 * A new, empty database for a test file. Call it in `beforeAll` and `drop()` in `afterAll`.
 *
 * The server is the one of `POSTGRES_URL` (whose user must be allowed to create databases), or else an embedded one,
 * started at the first call and shared by every test file of the same process. It needs no stopping: it goes, with its
 * data, when the process ends in whatever way, and does not keep the process alive.
 */
export async function openTestDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env['POSTGRES_URL'] || (await sharedServerUrl())
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: () => execute(serverUrl, `drop database if exists ${name} with (force)`),
  }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

let starting: Promise<string> | undefined

function sharedServerUrl(): Promise<string> {
  starting ??= reuseOrStart()
  return starting
}

/** jest gives each test file its own modules and globals, so what the files of one process share is written down in a file. */
async function reuseOrStart(): Promise<string> {
  const note = join(tmpdir(), `voltrail-test-postgres-${process.pid}.json`)
  const known = readNote(note)
  if (known !== undefined) return known
  const folder = mkdtempSync(join(tmpdir(), 'voltrail-test-postgres-'))
  // root starts the server as another user, who must get in; the data itself stays closed
  chmodSync(folder, 0o711)
  const server = await startPostgres({
    dataDir: join(folder, 'data'),
    durable: false,
    holdsProcess: false,
  })
  endWithThisProcess(server.pid, folder, note)
  writeFileSync(`${note}.new`, JSON.stringify({ url: server.url, pid: server.pid, dataDir: join(folder, 'data') }), {
    mode: 0o600,
  })
  renameSync(`${note}.new`, note)
  return server.url
}

function readNote(note: string): string | undefined {
  try {
    const { url, pid, dataDir } = JSON.parse(readFileSync(note, 'utf8')) as {
      url: string
      pid: number
      dataDir: string
    }
    return livingProcess(pid)?.command.includes(dataDir) ? url : undefined
  } catch {
    return undefined
  }
}

/** A shell that reads from us until our end of the pipe closes, even by kill -9, then stops the server and clears up. */
function endWithThisProcess(pid: number, folder: string, note: string): void {
  // the server removes its pid file as the last thing it does
  const script =
    'cat >/dev/null; kill -INT "$1"; i=0; while [ -e "$2/data/postmaster.pid" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done; rm -rf "$2" "$3"'
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(pid), folder, note], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.unref()
  ;(watcher.stdin as unknown as { unref(): void }).unref()
}
