import { randomUUID } from 'node:crypto'
import {
  binaryEvent,
  EventStoreDBClient,
  jsonEvent,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client'
import { startEventStoreDev } from './server.ts'
import type { EventStoreDev } from './server.ts'

let server: EventStoreDev
let client: EventStoreDBClient
beforeAll(async () => {
  // positions beyond 2^53 from the first event on
  server = await startEventStoreDev({ data: 'memory', port: 0, positionBase: 2n ** 55n })
  client = EventStoreDBClient.connectionString(server.connectionString)
})
afterAll(async () => {
  await client.dispose()
  await server.stop()
})

const event = (n = 0, id: string = randomUUID()) =>
  jsonEvent({ id, type: 'Happened', data: { n }, metadata: { by: 'test' } })
const newStream = (): string => `stream-${randomUUID()}`

async function stored(stream: string): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { event: each } of client.readStream(stream)) found.push((each!.data as unknown as { n: number }).n)
  return found
}

describe('append with the real client', () => {
  // per-call credentials make the client use the unary Append
  describe.each([
    ['BatchAppend', {}],
    ['Append', { credentials: { username: 'admin', password: 'changeit' } }],
  ])('by %s', (_, way) => {
    it('gives revisions and strictly increasing positions beyond 2^53', async () => {
      const stream = newStream()
      const first = await client.appendToStream(stream, [event(1), event(2)], { expectedRevision: 'no_stream', ...way })
      const second = await client.appendToStream(stream, event(3), { expectedRevision: 1n, ...way })
      expect([first.nextExpectedRevision, second.nextExpectedRevision]).toEqual([1n, 2n])
      expect(first.position!.commit).toBeGreaterThan(2n ** 55n)
      expect(second.position!.commit).toBeGreaterThan(first.position!.commit)
      expect(await stored(stream)).toEqual([1, 2, 3])
    })

    it('tells a wrong expected version with both revisions', async () => {
      const stream = newStream()
      const missing = await client
        .appendToStream(stream, event(), { expectedRevision: 4n, ...way })
        .catch((error: unknown) => error)
      expect(missing).toBeInstanceOf(WrongExpectedVersionError)
      expect(missing).toMatchObject({ streamName: stream, expectedVersion: 4n, actualVersion: 'no_stream' })
      await client.appendToStream(stream, [event(1), event(2)], { expectedRevision: 'any', ...way })
      const present = await client
        .appendToStream(stream, event(), { expectedRevision: 'no_stream', ...way })
        .catch((error: unknown) => error)
      expect(present).toMatchObject({ type: 'wrong-expected-version', expectedVersion: 'no_stream', actualVersion: 1n })
      const exists = await client
        .appendToStream(newStream(), event(), { expectedRevision: 'stream_exists', ...way })
        .catch((error: unknown) => error)
      expect(exists).toMatchObject({
        type: 'wrong-expected-version',
        expectedVersion: 'stream_exists',
        actualVersion: 'no_stream',
      })
    })

    it('answers a repeat with the same revision and position, and keeps the first bytes', async () => {
      const stream = newStream()
      const [a, b] = [randomUUID(), randomUUID()]
      const first = await client.appendToStream(stream, [event(1, a), event(2, b)], {
        expectedRevision: 'no_stream',
        ...way,
      })
      await client.appendToStream(stream, event(3), { expectedRevision: 1n, ...way })
      expect(
        await client.appendToStream(stream, [event(1, a), event(99, b)], { expectedRevision: 'no_stream', ...way }),
      ).toEqual(first)
      expect(await client.appendToStream(stream, event(2, b), { expectedRevision: 0n, ...way })).toEqual(first)
      expect(await stored(stream)).toEqual([1, 2, 3])
    })

    it('refuses a batch of which only a prefix is there', async () => {
      const stream = newStream()
      const a = randomUUID()
      await client.appendToStream(stream, event(1, a), { expectedRevision: 'no_stream', ...way })
      await expect(
        client.appendToStream(stream, [event(1, a), event(2)], { expectedRevision: 'no_stream', ...way }),
      ).rejects.toBeInstanceOf(WrongExpectedVersionError)
    })

    it('refuses more than 1 MiB and says the limit', async () => {
      const large = binaryEvent({ type: 'Large', data: new Uint8Array(1024 * 1024) })
      const error = await client.appendToStream(newStream(), large, way).catch((failure: unknown) => failure)
      expect(error).toBeInstanceOf(MaxAppendSizeExceededError)
      expect(error).toMatchObject({ maxAppendSize: 1024 * 1024 })
      const fits = binaryEvent({ type: 'Large', data: new Uint8Array(1000 * 1000) })
      await expect(client.appendToStream(newStream(), fits, way)).resolves.toMatchObject({ success: true })
    })

    it('refuses a tombstoned stream', async () => {
      const stream = newStream()
      await client.appendToStream(stream, event(), way)
      await client.tombstoneStream(stream)
      const error = await client.appendToStream(stream, event(), way).catch((failure: unknown) => failure)
      expect(error).toBeInstanceOf(StreamDeletedError)
      expect(error).toMatchObject({ streamName: stream })
    })

    it('keeps data, metadata, type, id, content type and the time of recording', async () => {
      const stream = newStream()
      const id = randomUUID()
      const before = Date.now()
      await client.appendToStream(
        stream,
        [
          jsonEvent({ id, type: 'Übertragen', data: { text: 'ä€😀' }, metadata: { a: 1 } }),
          binaryEvent({ type: 'Raw', data: new Uint8Array([0, 255]), metadata: new Uint8Array([1, 2]) }),
        ],
        way,
      )
      const events = []
      for await (const { event: each } of client.readStream(stream)) events.push(each!)
      expect(events[0]).toMatchObject({
        id,
        type: 'Übertragen',
        isJson: true,
        data: { text: 'ä€😀' },
        metadata: { a: 1 },
        streamId: stream,
        revision: 0n,
      })
      expect(events[0]!.created.getTime()).toBeGreaterThanOrEqual(before)
      expect(events[0]!.created.getTime()).toBeLessThanOrEqual(Date.now())
      expect(events[1]).toMatchObject({ type: 'Raw', isJson: false })
      expect([...(events[1]!.data as Uint8Array)]).toEqual([0, 255])
      expect([...(events[1]!.metadata as Uint8Array)]).toEqual([1, 2])
    })
  })

  it('takes an append that the client sends in several parts', async () => {
    const stream = newStream()
    const events = Array.from({ length: 100 }, (_, n) => event(n))
    const result = await client.appendToStream(stream, events, { expectedRevision: 'no_stream', batchAppendSize: 1000 })
    expect(result.nextExpectedRevision).toBe(99n)
    expect(await stored(stream)).toEqual(events.map((_, n) => n))
  })

  it('answers hundreds of appends in flight, each with its own result, exactly one per revision', async () => {
    const stream = newStream()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 300 }, (_, n) =>
        client.appendToStream(n % 2 ? stream : newStream(), event(n), { expectedRevision: 'no_stream' }),
      ),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(151)
    expect(await stored(stream)).toHaveLength(1)
  })
})

describe('delete and metadata with the real client', () => {
  it('a soft-deleted stream reads as not found, no_stream passes and numbering goes on', async () => {
    const stream = newStream()
    await client.appendToStream(stream, [event(1), event(2)])
    const { position } = await client.deleteStream(stream, { expectedRevision: 1n })
    expect(position!.commit).toBeGreaterThan(2n ** 55n)
    await expect(stored(stream)).rejects.toMatchObject({ type: 'stream-not-found', streamName: stream })
    await expect(client.appendToStream(stream, event(), { expectedRevision: 'stream_exists' })).rejects.toMatchObject({
      type: 'stream-deleted',
    })
    expect(await client.appendToStream(stream, event(3), { expectedRevision: 'no_stream' })).toMatchObject({
      nextExpectedRevision: 2n,
    })
    expect(await stored(stream)).toEqual([3])
  })

  it('a delete with the wrong revision says so in its trailers', async () => {
    const stream = newStream()
    await client.appendToStream(stream, [event(1), event(2)])
    for (const remove of [client.deleteStream.bind(client), client.tombstoneStream.bind(client)]) {
      await expect(remove(stream, { expectedRevision: 0n })).rejects.toMatchObject({
        type: 'wrong-expected-version',
        streamName: stream,
        expectedVersion: 0n,
        actualVersion: 1n,
      })
    }
    expect(await stored(stream)).toEqual([1, 2])
  })

  it('a tombstoned stream reads as deleted and stays so', async () => {
    const stream = newStream()
    await client.appendToStream(stream, event(1))
    await client.tombstoneStream(stream)
    await expect(stored(stream)).rejects.toMatchObject({ type: 'stream-deleted', streamName: stream })
    await expect(client.deleteStream(stream)).rejects.toMatchObject({ type: 'stream-deleted' })
    await expect(client.appendToStream(stream, event(), { expectedRevision: 'no_stream' })).rejects.toMatchObject({
      type: 'stream-deleted',
    })
  })

  it('$maxCount, $tb and $maxAge hide events of stream reads, not of $all', async () => {
    const stream = newStream()
    await client.appendToStream(
      stream,
      [1, 2, 3, 4].map((n) => event(n)),
    )
    await client.setStreamMetadata(stream, { maxCount: 2, owner: 'me' })
    expect(await stored(stream)).toEqual([3, 4])
    expect((await client.getStreamMetadata(stream)).metadata).toMatchObject({ maxCount: 2, owner: 'me' })
    await client.setStreamMetadata(stream, { truncateBefore: 1 })
    expect(await stored(stream)).toEqual([2, 3, 4])
    await client.setStreamMetadata(stream, { maxAge: 3600 })
    expect(await stored(stream)).toEqual([1, 2, 3, 4])
    await client.setStreamMetadata(stream, { maxAge: 1 })
    const deadline = Date.now() + 5000
    while ((await stored(stream)).length > 0) expect(Date.now()).toBeLessThan(deadline)
    let inAll = 0
    for await (const { event: each } of client.readAll()) if (each?.streamId === stream) inAll++
    expect(inAll).toBe(4)
  })
})
