import { randomUUID } from 'node:crypto'
import {
  EventStoreDBClient,
  jsonEvent,
  UnavailableError,
  UnknownError,
  WrongExpectedVersionError,
} from '@eventstore/db-client'
import { FaultError } from './faults.ts'
import { startEventStoreDev } from './server.ts'
import type { EventStoreDev } from './server.ts'

let server: EventStoreDev
let client: EventStoreDBClient
beforeEach(async () => {
  server = await startEventStoreDev({ data: 'memory', port: 0, faults: true })
  client = EventStoreDBClient.connectionString(server.connectionString)
})
afterEach(async () => {
  await client.dispose()
  await server.stop()
})

const event = (id: string = randomUUID()) => jsonEvent({ id, type: 'Happened', data: {} })

async function count(stream: string): Promise<number> {
  let events = 0
  try {
    for await (const _ of client.readStream(stream)) events++
  } catch (error) {
    expect(error).toMatchObject({ type: 'stream-not-found' })
  }
  return events
}

async function http(method: string, body?: string): Promise<{ status: number; content: Record<string, unknown> }> {
  const response = await fetch(`http://127.0.0.1:${server.port}/faults`, {
    method,
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, content: (await response.json()) as Record<string, unknown> }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition was not reached in 5 s')
    await new Promise((done) => setTimeout(done, 5))
  }
}

describe('fault switches', () => {
  it.each([
    [false, 0],
    [true, 1],
  ])('a silent append is never answered (committed: %s), others are', async (commit, stored) => {
    server.faults.set({ silentAppend: { next: 1, stream: 'silent-', commit } })
    let answered = false
    const silent = client.appendToStream('silent-1', event()).finally(() => (answered = true))
    silent.catch(() => undefined)
    await client.appendToStream('other-1', event())
    await until(async () => (await count('silent-1')) === stored)
    expect(server.faults.happened().silentAppend).toBe(1)
    expect(answered).toBe(false)
    await client.appendToStream('silent-1', event())
    expect(answered).toBe(false)
  })

  it.each([
    ['before-commit', 0],
    ['after-commit', 1],
  ] as const)(
    'a connection dropped %s leaves %s events, and the same ids again make it exactly one',
    async (when, stored) => {
      await client.appendToStream('warm-1', event())
      server.faults.set({ dropConnection: { next: 1, when } })
      const id = randomUUID()
      await expect(
        client.appendToStream('drop-1', event(id), { expectedRevision: 'no_stream' }),
      ).rejects.toBeInstanceOf(UnavailableError)
      await until(async () => (await count('drop-1').catch(() => -1)) === stored)
      await expect(
        client.appendToStream('drop-1', event(id), { expectedRevision: 'no_stream' }),
      ).resolves.toMatchObject({ nextExpectedRevision: 0n })
      expect(await count('drop-1')).toBe(1)
    },
  )

  it('a forced WrongExpectedVersion tells the true revision and writes nothing', async () => {
    await client.appendToStream('wrong-1', [event(), event()])
    server.faults.set({ wrongExpectedVersion: { next: 2 } })
    for (let n = 0; n < 2; n++) {
      const error = await client
        .appendToStream('wrong-1', event(), { expectedRevision: 1n })
        .catch((failure: unknown) => failure)
      expect(error).toBeInstanceOf(WrongExpectedVersionError)
      expect(error).toMatchObject({ expectedVersion: 1n, actualVersion: 1n })
    }
    await expect(client.appendToStream('wrong-1', event(), { expectedRevision: 1n })).resolves.toMatchObject({
      nextExpectedRevision: 2n,
    })
  })

  it.each([[{}], [{ credentials: { username: 'a', password: 'b' } }]])(
    'not-leader sends the client to the named leader, here the same server (%j)',
    async (way) => {
      server.faults.set({ notLeader: { next: 1 } })
      await expect(client.appendToStream('leader-1', event(), way)).rejects.toMatchObject({
        type: 'not-leader',
        leader: { address: '127.0.0.1', port: server.port },
      })
      await until(() =>
        client.appendToStream('leader-1', event(), way).then(
          () => true,
          () => false,
        ),
      )
      expect(await count('leader-1')).toBe(1)
    },
  )

  it('a full disk fails the append and writes nothing', async () => {
    server.faults.set({ diskFull: { next: 1 } })
    await expect(client.appendToStream('full-1', event())).rejects.toBeInstanceOf(UnknownError)
    expect(await count('full-1')).toBe(0)
    await client.appendToStream('full-1', event())
    expect(await count('full-1')).toBe(1)
  })

  it('are set, read and cleared over HTTP', async () => {
    expect((await http('POST', '{"diskFull":{"next":3},"notLeader":{"next":1}}')).content['faults']).toEqual({
      diskFull: { next: 3 },
      notLeader: { next: 1 },
    })
    expect((await http('DELETE')).content['faults']).toEqual({})
    await http('POST', '{"diskFull":{"next":3,"stream":"full-"}}')
    await client.appendToStream('free-1', event())
    await expect(client.appendToStream('full-1', event())).rejects.toBeInstanceOf(UnknownError)
    expect((await http('GET')).content).toMatchObject({
      faults: { diskFull: { next: 2, stream: 'full-' } },
      happened: { diskFull: 1 },
    })
  })

  it.each([
    ['{', /JSON/],
    ['[]', /JSON object/],
    ['{"fire":{"next":1}}', /no fault 'fire'/],
    ['{"diskFull":{"next":0}}', /diskFull\.next/],
    ['{"dropConnection":{"next":1}}', /needs 'when'/],
    ['{"diskFull":{"next":1,"colour":"red"}}', /diskFull\.colour/],
  ])('a wrong setting %s is refused with its name', async (body, message) => {
    const { status, content } = await http('POST', body)
    expect(status).toBe(400)
    expect(content['error']).toMatch(message)
  })

  it('cannot be set on a server that was started without them', async () => {
    const plain = await startEventStoreDev({ data: 'memory', port: 0 })
    expect(() => plain.faults.set({ diskFull: { next: 1 } })).toThrow(FaultError)
    expect((await fetch(`http://127.0.0.1:${plain.port}/faults`)).status).toBe(404)
    await plain.stop()
  })
})
