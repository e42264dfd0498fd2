import { spawn } from 'node:child_process'
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import type { RunningPostgres } from './postgres.ts'
import { startPostgres } from './postgres.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { livingProcess, stopByPid } from '@voltrail/runtime/server-process'
import { reachableBinaries } from './unprivileged.ts'

let folder: string
let dataDir: string
const running = new Set<RunningPostgres>()

const start = async (options: Partial<Parameters<typeof startPostgres>[0]> = {}): Promise<RunningPostgres> => {
  const server = await startPostgres({ dataDir, ...options })
  running.add(server)
  return server
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voltrail-postgres-'))
  await chmod(folder, 0o711)
  dataDir = join(folder, 'data')
})

afterEach(async () => {
  for (const server of running) await server.stop()
  running.clear()
  await rm(folder, { recursive: true, force: true })
})

describe('an embedded Postgres', () => {
  it('answers at its url, durable, with UTF-8 and UTC, and keeps its data over a restart', async () => {
    const first = await start()
    await query(first.url, `create table proof as select 'Grüße' as word`)
    await first.stop()
    expect(livingProcess(first.pid)).toBeUndefined()

    const second = await start()
    expect(await query(second.url, 'select word from proof')).toEqual([{ word: 'Grüße' }])
    const [settings] = await query(
      second.url,
      `select current_setting('fsync') fsync, current_setting('synchronous_commit') commit, current_setting('server_encoding') encoding, current_setting('timezone') zone`,
    )
    expect(settings).toEqual({ fsync: 'on', commit: 'on', encoding: 'UTF8', zone: 'UTC' })
  })

  it('wants its random password, which lies in a file that only its user can read', async () => {
    const { url, port } = await start()
    const file = `${dataDir}.password`
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(new URL(url).password).toBe((await readFile(file, 'utf8')).trim())
    await expect(query(`postgres://postgres:wrong@127.0.0.1:${port}/postgres`, 'select 1')).rejects.toMatchObject({
      code: '28P01',
    })
    await expect(query(`postgres://postgres@127.0.0.1:${port}/postgres`, 'select 1')).rejects.toThrow()
  })

  it('starts on the data of a server that was killed', async () => {
    const first = await start()
    await query(first.url, 'create table proof as select 1 as one')
    process.kill(first.pid, 'SIGKILL')
    expect(await first.exited).toBe('signal SIGKILL')
    const second = await start()
    expect(await query(second.url, 'select one from proof')).toEqual([{ one: 1 }])
  })

  it('takes no notice of a pid file whose process id now belongs to somebody else', async () => {
    const first = await start()
    process.kill(first.pid, 'SIGKILL')
    await first.exited
    await writeFile(join(dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n`)
    const second = await start()
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  it('stops the server that a killed parent left behind and takes its data over', async () => {
    const first = await start()
    await query(first.url, 'create table proof as select 1 as one')
    // an owner that is gone: what the file says after kill -9 of the parent
    const gone = spawn('/bin/true')
    await new Promise((settle) => gone.once('exit', settle))
    await writeFile(`${dataDir}.owner`, `${gone.pid}\n`)
    const second = await start()
    expect(livingProcess(first.pid)).toBeUndefined()
    expect(await query(second.url, 'select one from proof')).toEqual([{ one: 1 }])
  })

  it('refuses data that a living process uses, and leaves that process alone', async () => {
    const first = await start()
    await expect(start()).rejects.toThrow(/is in use by process \d+/)
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  it('refuses the data of another major version in one line', async () => {
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'PG_VERSION'), '15\n')
    if (process.getuid?.() === 0) await chown(dataDir, 65534, 65534)
    await expect(start()).rejects.toThrow(
      /^the Postgres data in \S+ is of version 15, this installation runs version 18: .*$/,
    )
  })

  it('refuses a folder that holds something else', async () => {
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'thesis.txt'), 'mine')
    await expect(start()).rejects.toThrow(/holds files but no Postgres data/)
    expect(await readFile(join(dataDir, 'thesis.txt'), 'utf8')).toBe('mine')
  })

  it('says which port is taken', async () => {
    const squatter = createServer()
    await new Promise<void>((settle) => squatter.listen(0, '127.0.0.1', settle))
    const { port } = squatter.address() as AddressInfo
    try {
      await expect(start({ port })).rejects.toThrow(`Postgres cannot listen on 127.0.0.1 port ${port}: it is taken`)
    } finally {
      squatter.close()
    }
  })

  it('says so when the password file was lost', async () => {
    const first = await start()
    await first.stop()
    await rm(`${dataDir}.password`)
    await expect(start()).rejects.toThrow(/is not the one this Postgres data was made with/)
  })

  const asRoot = process.getuid?.() === 0 ? it : it.skip
  asRoot('runs for root below a folder that only root may enter, or says what to move', async () => {
    await chmod(folder, 0o700)
    const outcome = await start().then(
      async ({ url, pid }) => {
        const rows = await query(url, 'select 1 as one')
        const status = await readFile(`/proc/${pid}/status`, 'utf8')
        return { rows, uid: /^Uid:\s+(\d+)/m.exec(status)?.[1] }
      },
      (error: Error) => error.message,
    )
    if (typeof outcome === 'string')
      expect(outcome).toMatch(/Postgres must not run as root, and user id 65534 cannot reach/)
    else expect(outcome).toEqual({ rows: [{ one: 1 }], uid: '65534' })
  })
})

describe('the binaries, for root', () => {
  const asRoot = process.getuid?.() === 0 ? it : it.skip
  asRoot('are copied once from a folder that only root may enter', async () => {
    const { initdb, postgres } = await findPostgresBinaries()
    const hidden = join(folder, 'home', 'native')
    await cp(dirname(dirname(postgres)), hidden, { recursive: true, verbatimSymlinks: true })
    await chmod(join(folder, 'home'), 0o700)
    const given = { initdb: join(hidden, 'bin', 'initdb'), postgres: join(hidden, 'bin', 'postgres') }
    const cache = join(folder, 'cache')
    const copied = await reachableBinaries(given, cache)
    expect(copied.postgres.startsWith(cache)).toBe(true)
    expect(await reachableBinaries(given, cache)).toEqual(copied)
    expect(await reachableBinaries(copied, cache)).toEqual(copied)
    expect(await reachableBinaries({ initdb, postgres }, cache)).toBeDefined()
  })
})

describe('stopping by process id', () => {
  it('goes on to the next signal when one is ignored', async () => {
    const child = spawn('/bin/sh', ['-c', `trap '' INT; echo ready; while :; do sleep 0.05; done`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await new Promise((settle) => child.stdout.once('data', settle))
    await stopByPid(child.pid as number, [
      ['SIGINT', 100],
      ['SIGKILL', 5_000],
    ])
    expect(livingProcess(child.pid as number)).toBeUndefined()
  })
})
