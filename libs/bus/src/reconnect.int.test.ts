import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNatsServer } from '@voltrail/nats-dev/nats-server'
import type { RunningNatsServer } from '@voltrail/nats-dev/nats-server'
import type { Bus } from './bus.ts'
import { connectBus } from './bus.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (data: Uint8Array): string => Buffer.from(data).toString()

let folder: string
let nats: RunningNatsServer
let monitorPort: number
const opened: Bus[] = []

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })

const startServer = (port?: number): Promise<RunningNatsServer> =>
  startNatsServer({
    storeDir: join(folder, 'store'),
    ...(port !== undefined && { port }),
    configText: `
      http: "127.0.0.1:${monitorPort}"
      accounts {
        APP { jetstream: enabled, users: [
          { user: all, password: secret }
          { user: few, password: secret, permissions: { publish: ["allowed.>", "_INBOX.>"], subscribe: ["allowed.>", "_INBOX.>"] } }
        ] }
      }`,
  })

const open = async (name: string, user = 'all'): Promise<Bus> => {
  const bus = await connectBus({ url: nats.url, name, credentials: { user, password: 'secret' } })
  opened.push(bus)
  return bus
}

const reached = (bus: Bus, wanted: string): Promise<void> =>
  new Promise((resolve) => {
    if (bus.status() === wanted) return resolve()
    const stop = bus.onStatus((status) => {
      if (status !== wanted) return
      stop()
      resolve()
    })
  })

async function killServer(): Promise<void> {
  process.kill(nats.pid, 'SIGKILL')
  await nats.exited
}

async function until(holds: () => Promise<boolean> | boolean, patienceMs = 15_000): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come true in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What the server itself says of a connection's subscriptions. */
async function subscriptionsOf(name: string): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${monitorPort}/connz?subs=1`)
  const { connections } = (await response.json()) as { connections: { name?: string; subscriptions_list?: string[] }[] }
  return connections.find((connection) => connection.name === name)?.subscriptions_list ?? []
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voltrail-bus-'))
  monitorPort = await freePort()
  nats = await startServer()
})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((bus) => bus.close()))
  await nats.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('a bus whose server is killed and started again', () => {
  it('says so, answers "disconnected" at once meanwhile, and has its subscriptions back afterwards', async () => {
    const client = await open('client')
    const server = await open('server')
    const silent = server.respond('silent', {}, async () => {})
    const responder = server.respond('echo', { queue: 'q' }, async (message) => void message.reply(message.data))
    await Promise.all([silent.ready, responder.ready])
    const statuses: string[] = []
    client.onStatus((status) => void statuses.push(status))

    const waiting = client.request('silent', bytes(''), { timeoutMs: 60_000 })
    await client.flush()
    await killServer()
    expect(await waiting).toEqual({ kind: 'disconnected', sent: true })
    await reached(client, 'reconnecting')
    const begun = performance.now()
    expect(await client.request('echo', bytes(''), { timeoutMs: 60_000 })).toEqual({
      kind: 'disconnected',
      sent: false,
    })
    expect(client.publish('echo', bytes(''))).toBe(false)
    expect(await client.publishDurable('any.subject', bytes(''))).toEqual({ kind: 'disconnected', sent: false })
    await expect(client.flush()).rejects.toMatchObject({ fault: 'disconnected' })
    expect(performance.now() - begun).toBeLessThan(100)
    const late = server.respond('late', {}, async (message) => void message.reply(message.data))

    nats = await startServer(nats.port)
    await Promise.all([reached(client, 'connected'), reached(server, 'connected')])
    expect(statuses).toEqual(['reconnecting', 'connected'])
    await late.ready
    for (const subject of ['echo', 'late']) {
      const outcome = await client.request(subject, bytes('again'), { timeoutMs: 2_000 })
      expect(outcome.kind === 'reply' && text(outcome.data)).toBe('again')
    }
  })

  it('keeps what JetStream stored, and goes on reading without a gap', async () => {
    const bus = await open('reader')
    await bus.ensureStream({ name: 'EVENTS', subjects: ['event.>'] })
    for (let seq = 1; seq <= 300; seq++) await bus.publishDurable('event.x', bytes(String(seq)))
    const plain: string[] = []
    const durable = new Set<string>()
    await bus.consume('EVENTS', {}, (message) => void plain.push(text(message.data)))
    await bus.consume('EVENTS', { durable: 'billing' }, (message) => void durable.add(text(message.data)))
    await until(() => plain.length >= 300 && durable.size >= 300)

    await killServer()
    nats = await startServer(nats.port)
    await reached(bus, 'connected')
    expect(await bus.lastMessage('EVENTS')).toMatchObject({ seq: 300 })
    for (let seq = 301; seq <= 600; seq++) {
      expect(await bus.publishDurable('event.x', bytes(String(seq)), { expectLastSequence: seq - 1 })).toMatchObject({
        kind: 'stored',
      })
    }
    await until(() => plain.length >= 600 && durable.size >= 600)
    expect(plain).toEqual(Array.from({ length: 600 }, (_, index) => String(index + 1)))
    expect(durable.size).toBe(600)
  })

  it('goes on watching a bucket', async () => {
    const bus = await open('watcher')
    const bucket = await bus.keyValue('presence', { ttlMs: 60_000 })
    await bucket.put('a', bytes('1'))
    const seen: string[] = []
    const watch = await bucket.watch((change) => void seen.push(`${change.key} ${change.revision}`))
    await watch.caughtUp
    await killServer()
    nats = await startServer(nats.port)
    await reached(bus, 'connected')
    await bucket.put('b', bytes('2'))
    await until(() => seen.length >= 2)
    expect(seen).toEqual(['a 1', 'b 2'])
  })

  it('stops reading and drains while the server is away', async () => {
    const bus = await open('away')
    await bus.ensureStream({ name: 'EVENTS', subjects: ['event.>'] })
    const consumer = await bus.consume('EVENTS', {}, () => {})
    const durable = await bus.consume('EVENTS', { durable: 'd' }, () => {})
    bus.respond('x', {}, async () => {})
    await killServer()
    await reached(bus, 'reconnecting')
    await Promise.all([consumer.stop(), durable.stop()])
    expect(await bus.drain({ timeoutMs: 8_000 })).toBe(true)
  })
})

describe('a consumer that is deleted under a reader', () => {
  it('is made again, and reading goes on', async () => {
    const bus = await open('reader')
    await bus.ensureStream({ name: 'EVENTS', subjects: ['event.>'] })
    const seen = new Set<string>()
    const reports: string[] = []
    await bus.consume(
      'EVENTS',
      { durable: 'd', onError: (error) => void reports.push(error.message) },
      (message) => void seen.add(text(message.data)),
    )
    await bus.publishDurable('event.x', bytes('1'))
    await until(() => seen.has('1'))
    expect(await bus.request('$JS.API.CONSUMER.DELETE.EVENTS.d', bytes(''), { timeoutMs: 1_000 })).toMatchObject({
      kind: 'reply',
    })
    await bus.publishDurable('event.x', bytes('2'))
    await until(() => seen.has('2'))
    expect(seen).toEqual(new Set(['1', '2']))
  })
})

describe('subscriptions', () => {
  it('leaves none behind after requests, responders, readers and watches have ended', async () => {
    const bus = await open('tidy')
    await bus.ensureStream({ name: 'EVENTS', subjects: ['event.>'] })
    await bus.request('nobody', bytes(''), { timeoutMs: 100 })
    await bus.flush()
    const before = await subscriptionsOf('tidy')
    expect(before).toHaveLength(1) // the inbox of all requests

    const bucket = await bus.keyValue('tidy')
    for (let round = 0; round < 3; round++) {
      const responder = bus.respond(`x.${round}`, {}, async (message) => void message.reply(message.data))
      const drained = bus.listen(`y.${round}`, () => {})
      await Promise.all([responder.ready, drained.ready])
      const consumer = await bus.consume('EVENTS', {}, () => {})
      const durable = await bus.consume('EVENTS', { durable: 'd' }, () => {})
      const watch = await bucket.watch(() => {})
      await Promise.all(Array.from({ length: 20 }, () => bus.request(`x.${round}`, bytes(''), { timeoutMs: 1_000 })))
      await bus.request('nobody', bytes(''), { timeoutMs: 100 })
      expect((await subscriptionsOf('tidy')).length).toBeGreaterThan(before.length)
      responder.stop()
      await Promise.all([drained.drain(), consumer.stop(), durable.stop(), watch.stop()])
    }
    await bus.flush()
    expect(await subscriptionsOf('tidy')).toEqual(before)
  })
})

describe('permissions', () => {
  it('are told to whoever subscribes or sends without them, and the connection lives on', async () => {
    const bus = await open('limited', 'few')
    const errors: string[] = []
    const responder = bus.respond('forbidden.x', { onError: (error) => void errors.push(error.name) }, async () => {})
    await expect(responder.ready).rejects.toMatchObject({ fault: 'permission-denied' })
    expect(errors).toEqual(['BusError'])
    await expect(bus.request('forbidden.y', bytes(''), { timeoutMs: 5_000 })).rejects.toMatchObject({
      fault: 'permission-denied',
    })
    const allowed = bus.respond('allowed.x', {}, async (message) => void message.reply(message.data))
    await allowed.ready
    expect(await bus.request('allowed.x', bytes(''), { timeoutMs: 1_000 })).toMatchObject({ kind: 'reply' })
  })
})

describe('connecting', () => {
  it('fails in one line that names the server but no secret', async () => {
    const port = await freePort()
    await expect(connectBus({ url: `nats://user:hidden@127.0.0.1:${port}`, name: 'x' })).rejects.toThrow(
      `cannot connect to the bus at nats://127.0.0.1:${port}: nobody listens there`,
    )
    const refused = connectBus({ url: nats.url, name: 'x', credentials: { user: 'all', password: 'wrong' } })
    await expect(refused).rejects.toMatchObject({
      fault: 'connect-failed',
      message: expect.stringContaining('refuses the credentials'),
    })
  })
})
