import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import { openTestNats } from '@voltrail/nats-dev/test-nats'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import pg from 'pg'
import { allGone, identities, recordedProcesses, runMain } from './fixtures/product-process.ts'
import { startProduct } from './product.ts'
import type { Product } from './product.ts'

/** Others may run on the defaults. */
const freePorts = ['api', 'ocpp', 'files', 'ftp', 'sftp'].flatMap((name) => [`--${name}-port`, '0'])

jest.setTimeout(120_000)

let folder: string
let dataDir: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'voltrail-product-'))
  // root runs Postgres as another user, who must get in
  chmodSync(folder, 0o711)
  dataDir = join(folder, 'data')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const get = (product: Product, path: string): Promise<Response> =>
  fetch(`${product.apiUrl}${path}`, { headers: { authorization: `Bearer ${product.operatorKey}` } })
const pidsOf = (product: Product) => [...product.processes.values()].map(({ pid }) => pid)

async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(`drop database ${pg.escapeIdentifier(name)} with (force)`)
  await client.end()
}

it('comes up on an empty directory, survives a crash of a part, and finds everything again after a restart', async () => {
  const notes: string[] = []
  const first = await startProduct({ dataDir, edges: 2, centrals: 2, note: (line) => notes.push(line) })
  let second: Product | undefined
  try {
    expect([...first.processes.keys()]).toEqual([
      'nats',
      'postgres',
      'event-store',
      'central',
      'central-2',
      'billing',
      'timers',
      'upkeep',
      'projector-reporting',
      'projector-load',
      'files',
      'edge',
      'edge-2',
      'api',
    ])
    expect(new Set(first.ocppUrls).size).toBe(2)
    expect((await fetch(`${first.apiUrl}/healthz`)).status).toBe(200)
    expect((await fetch(`${first.apiUrl}/v1/chargers`)).status).toBe(401)
    expect(await (await get(first, '/v1/settings')).json()).toMatchObject({ adoption: 'open' })
    expect(await (await get(first, '/v1/tariffs/standard')).json()).toMatchObject({
      currency: 'EUR',
      assignments: [{ scope: { kind: 'tenant' } }],
    })
    const issued = await fetch(`${first.apiUrl}/v1/id-tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${first.operatorKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ token: '04A1B2C3', type: 'ISO14443', status: 'Accepted' }),
    })
    expect(issued.status).toBe(201)

    const central = first.processes.get('central')
    const killed = central?.pid
    const ends = identities([killed])
    central?.kill('SIGKILL')
    expect(await allGone(ends, 5_000)).toBe(true)
    await central?.ready()
    expect(central?.pid).not.toBe(killed)
    expect(notes).toContain('central ended unexpectedly (signal SIGKILL); starting it again')

    const edge = first.processes.get('edge')
    await edge?.stop()
    expect(edge?.pid).toBeUndefined()
    await edge?.restart()
    expect(edge?.pid).toBeGreaterThan(0)

    const before = identities(pidsOf(first))
    expect(before).toHaveLength(14)
    await first.stop()
    expect(await allGone(before, 0)).toBe(true)
    expect(recordedProcesses(dataDir)).toEqual([])

    second = await startProduct({ dataDir })
    expect(second.operatorKey).toBe(first.operatorKey)
    expect(await (await get(second, '/v1/id-tokens/04A1B2C3')).json()).toMatchObject({ status: 'Accepted' })
    expect(await (await get(second, '/v1/tariffs')).json()).toMatchObject({ items: [{ tariffId: 'standard' }] })
    const after = identities(pidsOf(second))
    await second.stop()
    expect(await allGone(after, 0)).toBe(true)
  } finally {
    await first.stop()
    await second?.stop()
  }
})

it('leaves no process behind when it is killed, takes over what it left, and ends by Ctrl-C', async () => {
  const args = ['--data-dir', dataDir, ...freePorts]
  const first = runMain(args)
  await first.said('Ctrl-C stops everything')
  const all = recordedProcesses(dataDir)
  expect(all.length).toBeGreaterThanOrEqual(10)
  process.kill(first.pid, 'SIGKILL')
  expect(await allGone(all, 12_000)).toBe(true)
  expect(existsSync(join(dataDir, 'lock'))).toBe(true)

  // once more, and nobody is left who would end the servers
  const second = runMain(args)
  await second.said('event-store ready')
  const recordOf = (name: string): number =>
    (JSON.parse(readFileSync(join(dataDir, 'run', `${name}.json`), 'utf8')) as { pid: number }).pid
  const left = identities([recordOf('event-store'), recordOf('nats'), recordOf('postgres')])
  process.kill(recordOf('guard'), 'SIGKILL')
  process.kill(second.pid, 'SIGKILL')
  await second.exitCode
  const third = runMain(args)
  await third.said('stopped what an earlier run left behind: ')
  expect(await allGone(left, 0)).toBe(true)

  // in the middle of a start
  await third.said('event-store ready')
  // and whichever services the run before had begun to start by then
  const stopped = /left behind: (.*)/.exec(third.output())?.[1]?.split(', ')
  expect(stopped).toEqual(expect.arrayContaining(['event-store', 'nats']))
  const others = recordedProcesses(dataDir)
  process.kill(third.pid, 'SIGINT')
  expect(await third.exitCode).toBe(0)
  expect(third.output()).toContain('Stopped.')
  expect(await allGone(others, 0)).toBe(true)
  expect(existsSync(join(dataDir, 'lock'))).toBe(false)
})

it('uses the servers that the environment names and leaves them running', async () => {
  const nats = await openTestNats()
  const postgres = await openTestDatabase()
  const store = await startEventStoreDev({ data: 'memory', port: 0 })
  const lines: string[] = []
  const env = { ...process.env, NATS_URL: nats.url, POSTGRES_URL: postgres.url, ESDB_URL: store.connectionString }
  let product: Product | undefined
  try {
    product = await startProduct({ dataDir, env, note: (line) => lines.push(line) })
    expect(lines[0]).toMatch(
      /^event store: esdb:.* \(ESDB_URL\), NATS: nats:.* \(NATS_URL\), Postgres: postgres:.* \(POSTGRES_URL\)$/,
    )
    expect([...product.processes.keys()]).not.toContain('nats')
    expect(new URL(product.databaseUrl).pathname).toMatch(/^\/voltrail_[0-9a-f]{12}$/)
    expect((await get(product, '/v1/tariffs/standard')).status).toBe(200)
    await product.stop()
    expect((await fetch(`http://127.0.0.1:${store.port}/health/live`)).status).toBe(204)
  } finally {
    await product?.stop()
    if (product) await dropDatabase(postgres.url, new URL(product.databaseUrl).pathname.slice(1))
    await store.stop()
    await postgres.drop()
    await nats.stop()
  }
})

describe('what keeps it from starting is one line with a remedy', () => {
  const lineOf = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
    const run = runMain(['--data-dir', dataDir, ...freePorts, ...args], env)
    expect(await run.exitCode).toBe(1)
    const lines = run.output().trimEnd().split('\n')
    expect(recordedProcesses(dataDir)).toEqual([])
    return lines.at(-1) ?? ''
  }

  it.each(['--ocpp-port', '--files-port', '--ftp-port', '--sftp-port'])(
    'when the port of %s is taken',
    async (option) => {
      const server = createServer()
      const port = await new Promise<number>((done) =>
        server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)),
      )
      try {
        expect(await lineOf([option, String(port)])).toBe(
          `voltrail cannot start: port ${port} on 127.0.0.1 is taken by another process - stop that one, or pass ${option} with another port`,
        )
      } finally {
        server.close()
      }
    },
  )

  it('when there is no nats-server', async () => {
    const env = { PATH: folder, HOME: folder, XDG_CACHE_HOME: folder, NATS_SERVER_BIN: '', NATS_URL: '' }
    // a machine that has one in /usr/sbin cannot show this
    if (existsSync('/usr/sbin/nats-server') || existsSync('/usr/local/bin/nats-server')) return
    expect(await lineOf([], env)).toMatch(
      /^voltrail cannot start: no nats-server found - install one \(.*apt-get install nats-server.*\), or name its path in NATS_SERVER_BIN/,
    )
  })

  it('when the data directory is of another version', async () => {
    const run = runMain(['--data-dir', dataDir, ...freePorts], { NATS_SERVER_BIN: join(folder, 'none') })
    expect(await run.exitCode).toBe(1)
    writeFileSync(join(dataDir, 'version'), '99\n')
    expect(await lineOf([])).toBe(
      `voltrail cannot start: the data directory ${dataDir} is of version "99", this release reads version 1 - ` +
        'start the release that made it, or pass --data-dir with another directory',
    )
  })

  it('when an argument is wrong', async () => {
    const run = runMain(['--ocpp-prot', '9000'])
    expect(await run.exitCode).toBe(1)
    expect(run.output()).toBe(
      "voltrail cannot start: Unknown option '--ocpp-prot' - npm start -- --help lists what there is\n",
    )
  })
})
