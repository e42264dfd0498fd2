import { openTestNats } from '@voltrail/nats-dev/test-nats'
import type { TestNats } from '@voltrail/nats-dev/test-nats'
import type { Bus } from './bus.ts'
import { connectBus } from './bus.ts'
import type { ConsumedMessage, ConsumeOptions, Consumer } from './consumer.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (data: Uint8Array): string => Buffer.from(data).toString()

let nats: TestNats
let bus: Bus
let counter = 0
/** A stream of its own for each test, with the subjects `<name>.>`. */
const makeStream = async (count = 0): Promise<string> => {
  const name = `S${process.pid}-${(counter += 1)}`
  await bus.ensureStream({ name, subjects: [`${name}.>`] })
  for (let seq = 1; seq <= count; seq++)
    await bus.publishDurable(`${name}.${seq % 2 ? 'odd' : 'even'}`, bytes(String(seq)))
  return name
}

/** Reads until `enough` says so. */
async function readUntil(
  stream: string,
  options: ConsumeOptions,
  enough: (read: ConsumedMessage[]) => boolean,
): Promise<{ read: ConsumedMessage[]; consumer: Consumer }> {
  const read: ConsumedMessage[] = []
  let done = (): void => {}
  const complete = new Promise<void>((resolve) => (done = resolve))
  const consumer = await bus.consume(stream, options, (message) => {
    read.push(message)
    if (enough(read)) done()
  })
  await complete
  return { read, consumer }
}
const words = (messages: readonly ConsumedMessage[]): string[] => messages.map(({ data }) => text(data))

beforeAll(async () => {
  nats = await openTestNats()
  bus = await connectBus({ url: nats.url, name: 'jet-stream' })
})

afterAll(async () => {
  await bus?.close()
  await nats?.stop()
})

describe('a stream', () => {
  it('is made once, and changed when the configuration changed', async () => {
    const name = await makeStream(2)
    expect(await bus.ensureStream({ name, subjects: [`${name}.>`] })).toEqual({
      messages: 2,
      firstSequence: 1,
      lastSequence: 2,
    })
    await bus.ensureStream({ name, subjects: [`${name}.>`, `${name}-more.>`], maxAgeMs: 60_000 })
    expect(await bus.publishDurable(`${name}-more.x`, bytes(''))).toMatchObject({ kind: 'stored', seq: 3 })
  })

  it('refuses what cannot be: other storage, subjects of another stream, a bad name', async () => {
    const name = await makeStream()
    await expect(bus.ensureStream({ name, subjects: [`${name}.>`], storage: 'memory' })).rejects.toMatchObject({
      fault: 'refused',
    })
    await expect(bus.ensureStream({ name: `${name}-2`, subjects: [`${name}.>`] })).rejects.toMatchObject({
      fault: 'refused',
    })
    await expect(bus.ensureStream({ name: 'a.b', subjects: ['x'] })).rejects.toMatchObject({ fault: 'bad-subject' })
  })

  it('stores a message and its headers, and tells where', async () => {
    const name = await makeStream()
    expect(await bus.publishDurable(`${name}.a`, bytes('one'), { headers: { Position: '7' } })).toEqual({
      kind: 'stored',
      stream: name,
      seq: 1,
      duplicate: false,
    })
    const last = await bus.lastMessage(name)
    expect(last).toMatchObject({ subject: `${name}.a`, seq: 1, headers: { Position: '7' } })
    expect(last && text(last.data)).toBe('one')
    expect(Math.abs(Date.now() - (last?.storedAt ?? 0))).toBeLessThan(60_000)
  })

  it('stores a message id once', async () => {
    const name = await makeStream()
    const publish = (): unknown => bus.publishDurable(`${name}.a`, bytes('x'), { msgId: 'event-1' })
    expect(await publish()).toMatchObject({ kind: 'stored', seq: 1, duplicate: false })
    expect(await publish()).toMatchObject({ kind: 'stored', seq: 1, duplicate: true })
  })

  it('stores only at the expected last sequence, so that of two writers one fails', async () => {
    const name = await makeStream()
    const publish = (expectLastSequence: number): unknown =>
      bus.publishDurable(`${name}.a`, bytes('x'), { expectLastSequence })
    expect(await publish(0)).toMatchObject({ kind: 'stored', seq: 1 })
    expect(await publish(0)).toEqual({ kind: 'wrong-last-sequence', actual: 1 })
    expect(await publish(1)).toMatchObject({ kind: 'stored', seq: 2 })
    const outcomes = await Promise.all([publish(2), publish(2)])
    expect(outcomes.map((outcome) => (outcome as { kind: string }).kind).toSorted()).toEqual([
      'stored',
      'wrong-last-sequence',
    ])
  })

  it('says so when no stream takes the subject, or when the stream is full', async () => {
    expect(await bus.publishDurable('nobody.stores.this', bytes('x'))).toEqual({ kind: 'no-stream' })
    const name = `full-${process.pid}`
    await bus.ensureStream({ name, subjects: [`${name}.>`], maxMessages: 1, discard: 'new' })
    await bus.publishDurable(`${name}.a`, bytes('x'))
    expect(await bus.publishDurable(`${name}.a`, bytes('x'))).toMatchObject({
      kind: 'refused',
      description: expect.stringMatching(/maximum messages/),
    })
  })

  it('tells a time-out when a listener is there but no stream', async () => {
    const subject = `listened.${process.pid}`
    const listener = bus.listen(subject, () => {})
    await listener.ready
    expect(await bus.publishDurable(subject, bytes('x'), { timeoutMs: 100 })).toEqual({ kind: 'timeout' })
    listener.stop()
  })

  it('has a last message, of the whole or of a subject, or none', async () => {
    const name = await makeStream(4)
    expect(await bus.lastMessage(name)).toMatchObject({ seq: 4 })
    expect(await bus.lastMessage(name, `${name}.odd`)).toMatchObject({ seq: 3 })
    expect(await bus.lastMessage(name, `${name}.none`)).toBeUndefined()
    expect(await bus.lastMessage(await makeStream())).toBeUndefined()
    await expect(bus.lastMessage('missing')).rejects.toMatchObject({ fault: 'no-stream' })
  })
})

describe('reading a stream', () => {
  it('reads all in order, then what comes, and knows when it has caught up', async () => {
    const name = await makeStream(450)
    let later: Promise<unknown> | undefined
    const { read, consumer } = await readUntil(name, {}, (messages) => {
      if (messages.length === 450) later ??= bus.publishDurable(`${name}.late`, bytes('late'))
      return messages.length === 451
    })
    await later
    expect(words(read)).toEqual([...Array.from({ length: 450 }, (_, index) => String(index + 1)), 'late'])
    expect(read[449]?.pending).toBe(0)
    expect(read[10]).toMatchObject({ seq: 11, pending: 439, failures: 0, subject: `${name}.odd` })
    await consumer.stop()
  })

  it('reads from a sequence, and only the subjects asked for', async () => {
    const name = await makeStream(10)
    const { read, consumer } = await readUntil(
      name,
      { startSequence: 4, filterSubject: `${name}.even` },
      (messages) => messages.length === 4,
    )
    expect(words(read)).toEqual(['4', '6', '8', '10'])
    await consumer.stop()
  })

  it('offers a message again when the handler fails, and skips nothing', async () => {
    const name = await makeStream(3)
    const attempts: string[] = []
    const errors: string[] = []
    let done = (): void => {}
    const complete = new Promise<void>((resolve) => (done = resolve))
    const consumer = await bus.consume(name, { onError: (error) => void errors.push(error.message) }, (message) => {
      attempts.push(`${text(message.data)}/${message.failures}`)
      if (text(message.data) === '2' && message.failures < 2) throw new Error('not yet')
      if (text(message.data) === '3') done()
    })
    await complete
    expect(attempts).toEqual(['1/0', '2/0', '2/1', '2/2', '3/0'])
    expect(errors).toEqual(['not yet', 'not yet'])
    await consumer.stop()
  })

  it('goes on at the durable position, also for a new reader of that name', async () => {
    const name = await makeStream(5)
    const first = await readUntil(name, { durable: 'billing' }, (messages) => messages.length === 5)
    await first.consumer.stop()
    await bus.publishDurable(`${name}.a`, bytes('6'))
    const second = await readUntil(name, { durable: 'billing' }, (messages) => messages.length === 1)
    expect(words(second.read)).toEqual(['6'])
    await second.consumer.stop()
  })

  it('hands what a stopped reader held to the next one long before the ack wait is over', async () => {
    const name = await makeStream(5)
    let begun = (): void => {}
    const started = new Promise<void>((resolve) => (begun = resolve))
    let release = (): void => {}
    const slow = await bus.consume(name, { durable: 'work' }, () => {
      begun()
      return new Promise<void>((resolve) => (release = resolve))
    })
    await started
    const stopped = slow.stop()
    release()
    await stopped
    const { read, consumer } = await readUntil(
      name,
      { durable: 'work' },
      (messages) => new Set(words(messages)).size === 4,
    )
    expect([...new Set(words(read))].toSorted()).toEqual(['2', '3', '4', '5'])
    await consumer.stop()
  })

  it('keeps a slow handler’s messages from other readers beyond the ack wait', async () => {
    const name = await makeStream(2)
    const seen: string[] = []
    let done = (): void => {}
    const complete = new Promise<void>((resolve) => (done = resolve))
    const read = (): Promise<Consumer> =>
      bus.consume(name, { durable: 'slow', ackWaitMs: 300 }, async (message) => {
        seen.push(text(message.data))
        await new Promise((resolve) => setTimeout(resolve, 700)) // the time under test: more than twice the ack wait
        if (seen.length >= 2) done()
      })
    const readers = [await read(), await read()]
    await complete
    await Promise.all(readers.map((reader) => reader.stop()))
    expect(seen.toSorted()).toEqual(['1', '2'])
  })

  it('refuses a stream that is not there, and a durable name with another filter', async () => {
    await expect(bus.consume('missing', {}, () => {})).rejects.toMatchObject({ fault: 'no-stream' })
    await expect(bus.consume('missing', { durable: 'd' }, () => {})).rejects.toMatchObject({ fault: 'no-stream' })
    const name = await makeStream(1)
    const consumer = await bus.consume(name, { durable: 'd', filterSubject: `${name}.odd` }, () => {})
    await expect(bus.consume(name, { durable: 'd' }, () => {})).rejects.toThrow(/filters .* use another name/)
    await consumer.stop()
  })
})
