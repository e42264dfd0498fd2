import { openTestNats } from '@voltrail/nats-dev/test-nats'
import type { TestNats } from '@voltrail/nats-dev/test-nats'
import type { Bus } from './bus.ts'
import { connectBus } from './bus.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (data: Uint8Array): string => Buffer.from(data).toString()

let nats: TestNats
let client: Bus
let server: Bus
const opened: Bus[] = []
let counter = 0
/** A subject of its own for each test. */
const fresh = (): string => `test.${process.pid}.${(counter += 1)}`

const open = async (name: string): Promise<Bus> => {
  const bus = await connectBus({ url: nats.url, name })
  opened.push(bus)
  return bus
}

beforeAll(async () => {
  nats = await openTestNats()
  client = await open('client')
  server = await open('server')
})

afterAll(async () => {
  await Promise.all(opened.map((bus) => bus.close()))
  await nats?.stop()
})

describe('request and reply', () => {
  it('carries bytes and headers both ways', async () => {
    const subject = fresh()
    const responder = server.respond(subject, {}, async (message) => {
      expect(message.subject).toBe(subject)
      expect(
        message.reply(bytes(`${text(message.data)} pong`), { 'Served-By': message.headers['Asked-By'] ?? '' }),
      ).toBe(true)
    })
    await responder.ready
    const outcome = await client.request(subject, bytes('ping'), {
      timeoutMs: 1_000,
      headers: { 'Asked-By': 'edge-1' },
    })
    expect(outcome).toMatchObject({ kind: 'reply', headers: { 'Served-By': 'edge-1' } })
    expect(outcome.kind === 'reply' && text(outcome.data)).toBe('ping pong')
    responder.stop()
  })

  it('carries 3 MiB unchanged, and refuses what is larger than the server takes', async () => {
    const subject = fresh()
    const responder = server.respond(subject, {}, async (message) => void message.reply(message.data))
    await responder.ready
    const large = new Uint8Array(3 * 1024 * 1024).map((_, index) => index % 251)
    const outcome = await client.request(subject, large, { timeoutMs: 5_000 })
    expect(outcome.kind === 'reply' && Buffer.compare(outcome.data, large)).toBe(0)
    await expect(client.request(subject, new Uint8Array(9 * 1024 * 1024), { timeoutMs: 5_000 })).rejects.toMatchObject({
      fault: 'payload-too-large',
    })
    responder.stop()
  })

  it('knows within 50 ms that nobody answers there', async () => {
    await client.request(fresh(), bytes(''), { timeoutMs: 1_000 }) // the first request of a connection subscribes to its inbox
    const begun = performance.now()
    expect(await client.request(fresh(), bytes(''), { timeoutMs: 5_000 })).toEqual({ kind: 'no-responders' })
    expect(performance.now() - begun).toBeLessThan(50)
  })

  it('times out when the responder is silent, at the given time', async () => {
    const subject = fresh()
    const responder = server.respond(subject, {}, async () => {})
    await responder.ready
    const begun = performance.now()
    expect(await client.request(subject, bytes(''), { timeoutMs: 120 })).toEqual({ kind: 'timeout' })
    expect(performance.now() - begun).toBeGreaterThanOrEqual(110)
    responder.stop()
  })

  it('turns "nobody there" into a time-out when somebody merely listens: so nobody may', async () => {
    const subject = fresh()
    const listener = server.listen(subject, () => {})
    await listener.ready
    expect(await client.request(subject, bytes(''), { timeoutMs: 100 })).toEqual({ kind: 'timeout' })
    listener.stop()
    await server.flush()
    expect(await client.request(subject, bytes(''), { timeoutMs: 1_000 })).toEqual({ kind: 'no-responders' })
  })

  it('gives each request of a queue group to one responder, and both get some', async () => {
    const subject = fresh()
    const counts = [0, 0]
    const responders = counts.map((_, index) =>
      server.respond(subject, { queue: 'central' }, async (message) => {
        counts[index] = (counts[index] ?? 0) + 1
        message.reply(bytes(String(index)))
      }),
    )
    await Promise.all(responders.map(({ ready }) => ready))
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => client.request(subject, bytes(''), { timeoutMs: 2_000 })),
    )
    expect(outcomes.every(({ kind }) => kind === 'reply')).toBe(true)
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(200)
    expect(Math.min(...counts)).toBeGreaterThan(20)
    for (const responder of responders) responder.stop()
  })

  it('survives a handler that throws, reports it, and answers the next request', async () => {
    const subject = fresh()
    const errors: string[] = []
    const onError = (error: Error, at: string): void => void errors.push(`${at}: ${error.message}`)
    const responder = server.respond(subject, { onError }, async (message) => {
      if (text(message.data) === 'bad') throw new Error('cannot do that')
      message.reply(message.data)
    })
    await responder.ready
    expect(await client.request(subject, bytes('bad'), { timeoutMs: 100 })).toEqual({ kind: 'timeout' })
    expect(await client.request(subject, bytes('good'), { timeoutMs: 1_000 })).toMatchObject({ kind: 'reply' })
    expect(errors).toEqual([`${subject}: cannot do that`])
    responder.stop()
  })

  it('runs no more handlers at a time than allowed, keeps the order, and reports what it must drop', async () => {
    const subject = fresh()
    const order: string[] = []
    const dropped: string[] = []
    let running = 0
    let most = 0
    const waiters: (() => void)[] = []
    const responder = server.respond(
      subject,
      { concurrency: 2, maxWaiting: 3, onError: (error) => void dropped.push(error.message) },
      async (message) => {
        running += 1
        most = Math.max(most, running)
        order.push(text(message.data))
        await new Promise<void>((resolve) => waiters.push(resolve))
        running -= 1
        message.reply(message.data)
      },
    )
    await responder.ready
    const asked = ['1', '2', '3', '4', '5', '6'].map((word) =>
      client.request(subject, bytes(word), { timeoutMs: 1_000 }),
    )
    const finish = setInterval(() => dropped.length > 0 && waiters.shift()?.(), 5)
    const outcomes = await Promise.all(asked)
    clearInterval(finish)
    expect(outcomes.map(({ kind }) => kind)).toEqual(['reply', 'reply', 'reply', 'reply', 'reply', 'timeout'])
    expect(most).toBe(2)
    expect(order).toEqual(['1', '2', '3', '4', '5'])
    expect(dropped).toEqual(['a message was dropped: 3 are waiting already'])
    responder.stop()
  })

  it('lets a drained responder finish what had arrived, and takes nothing more', async () => {
    const subject = fresh()
    let release = (): void => {}
    let begun = (): void => {}
    const started = new Promise<void>((resolve) => (begun = resolve))
    const responder = server.respond(subject, { concurrency: 1 }, async (message) => {
      begun()
      await new Promise<void>((resolve) => (release = resolve))
      message.reply(bytes('done'))
    })
    await responder.ready
    const asked = client.request(subject, bytes(''), { timeoutMs: 5_000 })
    await started
    const drained = responder.drain()
    await server.flush()
    expect(await client.request(subject, bytes(''), { timeoutMs: 1_000 })).toEqual({ kind: 'no-responders' })
    release()
    await drained
    expect(await asked).toMatchObject({ kind: 'reply' })
  })

  it.each(['', 'two words', 'a..b', 'line\r\nPUB x 0', 'any.*', 'all.>'])('refuses to send to %j', async (subject) => {
    await expect(client.request(subject, bytes(''), { timeoutMs: 100 })).rejects.toMatchObject({ fault: 'bad-subject' })
    expect(() => client.publish(subject, bytes(''))).toThrow(/is not a subject/)
  })

  it('refuses a header that would break the protocol', async () => {
    await expect(
      client.request(fresh(), bytes(''), { timeoutMs: 100, headers: { Evil: 'a\r\nb' } }),
    ).rejects.toMatchObject({ fault: 'bad-header' })
  })
})

describe('publish and listen', () => {
  it('delivers in order to every listener, through wildcards, one at a time', async () => {
    const base = fresh()
    const heard: string[][] = [[], []]
    let running = 0
    let done = (): void => {}
    const complete = new Promise<void>((resolve) => (done = resolve))
    const listeners = heard.map((words) =>
      server.listen(`${base}.*`, async (message) => {
        running += 1
        if (words === heard[0]) expect(running).toBeLessThanOrEqual(2)
        await Promise.resolve()
        words.push(text(message.data))
        running -= 1
        if (heard.every(({ length }) => length === 50)) done()
      }),
    )
    await Promise.all(listeners.map(({ ready }) => ready))
    const sent = Array.from({ length: 50 }, (_, index) => String(index))
    for (const word of sent) expect(client.publish(`${base}.${word}`, bytes(word))).toBe(true)
    await complete
    expect(heard).toEqual([sent, sent])
    for (const listener of listeners) listener.stop()
  })

  it('tells a handler of a plain message that there is nobody to reply to', async () => {
    const subject = fresh()
    const replied = new Promise<boolean>((resolve) => {
      const responder = server.respond(subject, {}, async (message) => {
        resolve(message.reply(bytes('')))
        responder.stop()
      })
      void responder.ready.then(() => client.publish(subject, bytes('')))
    })
    expect(await replied).toBe(false)
  })
})

describe('the end of a connection', () => {
  it('drains: running handlers end and their replies arrive, then it is closed', async () => {
    const subject = fresh()
    const bus = await open('draining')
    let begun = (): void => {}
    const started = new Promise<void>((resolve) => (begun = resolve))
    let release = (): void => {}
    const responder = bus.respond(subject, {}, async (message) => {
      begun()
      await new Promise<void>((resolve) => (release = resolve))
      message.reply(bytes('kept'))
    })
    await responder.ready
    const asked = client.request(subject, bytes(''), { timeoutMs: 5_000 })
    await started
    const drained = bus.drain()
    release()
    expect(await drained).toBe(true)
    expect(await asked).toMatchObject({ kind: 'reply' })
    expect(bus.status()).toBe('closed')
    expect(await bus.request(subject, bytes(''), { timeoutMs: 100 })).toEqual({ kind: 'disconnected', sent: false })
    expect(bus.publish(subject, bytes(''))).toBe(false)
  })

  it('does not wait for ever for a handler that hangs', async () => {
    const subject = fresh()
    const bus = await open('hanging')
    const started = new Promise<void>((resolve) => {
      const responder = bus.respond(subject, {}, () => {
        resolve()
        return new Promise<void>(() => {})
      })
      void responder.ready.then(() => client.publish(subject, bytes('')))
    })
    await started
    expect(await bus.drain({ timeoutMs: 100 })).toBe(false)
    expect(bus.status()).toBe('closed')
  })

  it('gives waiting requests their outcome when it is closed', async () => {
    const subject = fresh()
    const bus = await open('closing')
    const responder = server.respond(subject, {}, async () => {})
    await responder.ready
    const asked = bus.request(subject, bytes(''), { timeoutMs: 10_000 })
    await bus.flush()
    await bus.close()
    expect(await asked).toEqual({ kind: 'disconnected', sent: true })
    responder.stop()
  })
})
