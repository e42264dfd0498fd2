import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildSync } from 'esbuild'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'

const root = mkdtempSync(join(tmpdir(), 'event-store-dev-process-'))
const bundle = join(root, 'main.cjs')
const running = new Set<ChildProcess>()

beforeAll(() => {
  buildSync({
    entryPoints: [resolve(__dirname, 'main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile: bundle,
    logLevel: 'error',
  })
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

interface Started {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
  readonly exit: Promise<number | null>
  /** The address on the ready line. */
  ready(): Promise<string>
}

function start(args: readonly string[], environment: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [bundle, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  const exit = new Promise<number | null>((done) => child.on('exit', done)).finally(() => running.delete(child))
  return {
    child,
    out: () => out,
    err: () => err,
    exit,
    async ready() {
      for (;;) {
        const line = /^event-store-dev ready on (esdb:\/\/\S+)$/m.exec(out)
        if (line) return line[1]!
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${err}`)
        await new Promise((done) => setTimeout(done, 5))
      }
    },
  }
}

async function connected<T>(address: string, act: (client: EventStoreDBClient) => Promise<T>): Promise<T> {
  const client = EventStoreDBClient.connectionString(address)
  try {
    return await act(client)
  } finally {
    await client.dispose()
  }
}

async function stored(client: EventStoreDBClient, stream: string): Promise<number[]> {
  const found: number[] = []
  try {
    for await (const { event } of client.readStream(stream)) found.push((event!.data as unknown as { n: number }).n)
  } catch (error) {
    expect(error).toMatchObject({ type: 'stream-not-found' })
  }
  return found
}

const event = (n: number) => jsonEvent({ id: randomUUID(), type: 'Counted', data: { n } })

describe('the process (as a bundle)', () => {
  it('says what it is, answers the health check on the same port, keeps its data over SIGTERM and ends with 0', async () => {
    const data = join(root, 'clean')
    const first = start(['--data', data, '--port', '0'])
    const address = await first.ready()
    expect(first.err()).toMatch(/this is not EventStoreDB/)
    expect(first.out().trim().split('\n')).toHaveLength(1)
    expect((await fetch(`http://${new URL(address).host}/health/live`)).status).toBe(204)
    await connected(address, (client) => client.appendToStream('s-1', [event(1), event(2)]))
    first.child.kill('SIGTERM')
    expect(await first.exit).toBe(0)
    expect(readdirSync(data)).not.toContain('lock')
    const second = start(['--data', data, '--port', '0'])
    expect(await connected(await second.ready(), (client) => stored(client, 's-1'))).toEqual([1, 2])
    second.child.kill('SIGINT')
    expect(await second.exit).toBe(0)
  })

  it('stops with open subscriptions, idle connections and half a handshake', async () => {
    const server = start(['--mem', '--port', '0'])
    const address = await server.ready()
    const idle = connect(Number(new URL(address).port), '127.0.0.1')
    idle.on('error', () => undefined)
    idle.write('PR')
    const client = EventStoreDBClient.connectionString(address)
    const ended = new Promise((done) =>
      client
        .subscribeToAll()
        .on('error', done)
        .on('confirmation' as 'error', () => server.child.kill('SIGTERM')),
    )
    expect(await ended).toMatchObject({ type: 'unavailable' })
    expect(await server.exit).toBe(0)
    await client.dispose()
    idle.destroy()
  })

  it('kill -9 at any moment loses nothing that was acknowledged, invents nothing, and its lock does not block', async () => {
    const data = join(root, 'killed')
    const streams = ['a-1', 'b-1', 'c-1']
    const acked = new Map(streams.map((stream) => [stream, -1]))
    const sent = new Map(streams.map((stream) => [stream, -1]))
    for (let round = 0; round < 6; round++) {
      const server = start(['--data', data, '--port', '0'])
      const address = await server.ready()
      await connected(address, async (client) => {
        for (const stream of streams) {
          const found = await stored(client, stream)
          expect(found).toEqual(found.map((_, n) => n))
          expect(found.length).toBeGreaterThanOrEqual(acked.get(stream)! + 1)
          expect(found.length).toBeLessThanOrEqual(sent.get(stream)! + 1)
          acked.set(stream, found.length - 1)
          sent.set(stream, found.length - 1)
        }
        const writers = streams.map(async (stream) => {
          for (;;) {
            const last = sent.get(stream)!
            const batch = [event(last + 1), event(last + 2)]
            sent.set(stream, last + 2)
            try {
              await client.appendToStream(stream, batch, { expectedRevision: last === -1 ? 'no_stream' : BigInt(last) })
            } catch {
              return
            }
            acked.set(stream, last + 2)
          }
        })
        setTimeout(() => server.child.kill('SIGKILL'), 20 + 60 * round)
        await server.exit
        await Promise.all(writers)
      })
    }
    expect(acked.get('a-1')).toBeGreaterThan(0)
  })

  it('two servers cannot open one data directory', async () => {
    const data = join(root, 'locked')
    const first = start(['--data', data, '--port', '0'])
    await first.ready()
    const second = start(['--data', data, '--port', '0'])
    expect(await second.exit).toBe(1)
    expect(second.err()).toMatch(new RegExp(`in use by process ${first.child.pid}`))
    first.child.kill('SIGTERM')
    await first.exit
  })

  it.each([
    ['production', ['--mem'], { NODE_ENV: 'production' }, 1, /does not start with NODE_ENV=production/],
    ['neither --data nor --mem', [], {}, 2, /either --data DIR or --mem/],
    ['an unknown option', ['--mem', '--cluster'], {}, 2, /--cluster/],
    ['a wrong port', ['--mem', '--port', '70000'], {}, 2, /--port 70000/],
    ['half of TLS', ['--mem', '--tls-cert', 'x'], {}, 2, /belong together/],
    ['users without TLS', ['--mem', '--port', '0', '--user', 'a:b'], {}, 1, /users need TLS/],
  ] as [string, string[], Record<string, string>, number, RegExp][])(
    'refuses %s with a clear line',
    async (_, args, environment, code, message) => {
      const server = start(args, environment)
      expect(await server.exit).toBe(code)
      expect(server.err()).toMatch(message)
    },
  )

  it('a port that is taken and a directory of another version end with one line', async () => {
    const first = start(['--mem', '--port', '0'])
    const { port } = new URL(await first.ready())
    const data = join(root, 'port')
    const taken = start(['--data', data, '--port', port])
    expect(await taken.exit).toBe(1)
    expect(taken.err()).toMatch(new RegExp(`port ${port} .*in use`))
    expect(readdirSync(data)).not.toContain('lock')
    first.child.kill('SIGTERM')
    await first.exit
    writeFileSync(join(data, 'format.json'), '{"format":"voltrail-event-store-dev","version":9,"positionBase":"0"}')
    const other = start(['--data', data, '--port', '0'])
    expect(await other.exit).toBe(1)
    expect(other.err()).toMatch(/data format version 9/)
  })
})
