import { randomUUID } from 'node:crypto'
import { connect, constants } from 'node:http2'
import { BACKWARDS, END, EventStoreDBClient, FORWARDS, jsonEvent, START } from '@eventstore/db-client'
import { startEventStoreDev } from './server.ts'
import type { EventStoreDev } from './server.ts'

let server: EventStoreDev
let client: EventStoreDBClient
const stream = `read-${randomUUID()}`
let positions: bigint[]
beforeAll(async () => {
  server = await startEventStoreDev({ data: 'memory', port: 0 })
  client = EventStoreDBClient.connectionString(server.connectionString)
  positions = []
  for (let n = 0; n < 5; n++) {
    const { position } = await client.appendToStream(stream, jsonEvent({ type: 'Counted', data: { n } }))
    positions.push(position!.commit)
  }
})
afterAll(async () => {
  await client.dispose()
  await server.stop()
})

async function numbers(source: AsyncIterable<{ event?: { data: unknown; type: string } }>): Promise<number[]> {
  const found: number[] = []
  for await (const { event } of source) if (event?.type === 'Counted') found.push((event.data as { n: number }).n)
  return found
}
const at = (position: bigint) => ({ commit: position, prepare: position })

describe('reads with the real client', () => {
  it('reads a stream in both directions, from an inclusive revision, up to a count', async () => {
    expect(await numbers(client.readStream(stream))).toEqual([0, 1, 2, 3, 4])
    expect(await numbers(client.readStream(stream, { direction: BACKWARDS, fromRevision: END }))).toEqual([
      4, 3, 2, 1, 0,
    ])
    expect(await numbers(client.readStream(stream, { fromRevision: 2n }))).toEqual([2, 3, 4])
    expect(await numbers(client.readStream(stream, { fromRevision: 2n, direction: BACKWARDS }))).toEqual([2, 1, 0])
    expect(await numbers(client.readStream(stream, { fromRevision: 1n, maxCount: 2 }))).toEqual([1, 2])
    expect(await numbers(client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 1 }))).toEqual([
      4,
    ])
    expect(await numbers(client.readStream(stream, { fromRevision: 77n }))).toEqual([])
  })

  it('a missing stream is not found', async () => {
    await expect(numbers(client.readStream('missing-1'))).rejects.toMatchObject({
      type: 'stream-not-found',
      streamName: 'missing-1',
    })
  })

  it('$all begins with system events and reads forwards from an inclusive position', async () => {
    const types: string[] = []
    for await (const { event } of client.readAll({ maxCount: 1 })) types.push(event!.type)
    expect(types[0]!.startsWith('$')).toBe(true)
    expect(await numbers(client.readAll({ direction: FORWARDS, fromPosition: START }))).toEqual([0, 1, 2, 3, 4])
    expect(await numbers(client.readAll({ fromPosition: at(positions[3]!) }))).toEqual([3, 4])
    expect(await numbers(client.readAll({ fromPosition: at(positions[3]! - 1n) }))).toEqual([3, 4])
    expect(await numbers(client.readAll({ fromPosition: at(positions[3]! + 1n), maxCount: 1 }))).toEqual([4])
    expect(await numbers(client.readAll({ fromPosition: END }))).toEqual([])
  })

  it('$all backwards gives what lies before a position', async () => {
    expect(await numbers(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 2 }))).toEqual([4, 3])
    expect(await numbers(client.readAll({ direction: BACKWARDS, fromPosition: at(positions[2]!) }))).toEqual([1, 0])
    expect(await numbers(client.readAll({ direction: BACKWARDS, fromPosition: START }))).toEqual([])
  })

  it('a large stream arrives whole, while others read and the first reader is slow', async () => {
    const large = `large-${randomUUID()}`
    const padding = '.'.repeat(4000)
    for (let n = 0; n < 2000; n += 200) {
      await client.appendToStream(
        large,
        Array.from({ length: 200 }, (_, k) => jsonEvent({ type: 'Large', data: { n: n + k, padding } })),
      )
    }
    const seen: number[] = []
    for await (const { event } of client.readStream(large)) {
      const { n } = event!.data as unknown as { n: number }
      seen.push(n)
      if (n % 500 === 0) expect(await numbers(client.readStream(stream, { maxCount: 1 }))).toEqual([0])
    }
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, n) => n))
  })

  it('a connection on which many calls are cancelled at once stays open', async () => {
    const session = connect(`http://127.0.0.1:${server.port}`)
    for (let n = 0; n < 900; n++) {
      await new Promise<void>((done, failed) => {
        const call = session.request({
          ':method': 'POST',
          ':path': '/event_store.client.streams.Streams/Read',
          'content-type': 'application/grpc',
          te: 'trailers',
        })
        call.on('error', failed).on('close', done)
        call.close(constants.NGHTTP2_CANCEL)
      })
    }
    await new Promise<void>((done, failed) => session.ping((error) => (error ? failed(error) : done())))
    session.close()
  })

  it('an RPC that is not served, a compressed message and a request that is no protobuf are refused by status', async () => {
    const session = connect(`http://127.0.0.1:${server.port}`)
    const status = (path: string, body: Buffer): Promise<unknown> =>
      new Promise((done, failed) => {
        const call = session.request({
          ':method': 'POST',
          ':path': path,
          'content-type': 'application/grpc',
          te: 'trailers',
        })
        call.on('response', (headers) => done(headers['grpc-status'])).on('error', failed)
        call.end(body)
      })
    const read = '/event_store.client.streams.Streams/Read'
    expect(
      await status('/event_store.client.persistent_subscriptions.PersistentSubscriptions/Create', Buffer.alloc(0)),
    ).toBe('12')
    expect(await status(read, Buffer.from([1, 0, 0, 0, 0]))).toBe('12')
    expect(await status(read, Buffer.from([0, 0, 0, 0, 0]))).toBe('3')
    expect(await status(read, Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]))).toBe('3')
    expect(await status(read, Buffer.from([0, 0x7f, 0, 0, 0]))).toBe('8')
    expect(
      await status('/event_store.client.streams.Streams/BatchAppend', Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff])),
    ).toBe('3')
    expect(await status('/event_store.client.streams.Streams/Delete', Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]))).toBe(
      '3',
    )
    session.close()
  })
})
