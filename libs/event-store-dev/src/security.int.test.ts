import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get as httpsGet } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AccessDeniedError, EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { startEventStoreDev, StartError } from './server.ts'
import type { EventStoreDev } from './server.ts'
import { TEST_CERT, TEST_KEY } from './test-certificate.ts'

let directory: string
let caFile: string
let server: EventStoreDev
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'event-store-dev-tls-'))
  caFile = join(directory, 'ca.pem')
  writeFileSync(caFile, TEST_CERT)
  server = await startEventStoreDev({
    data: 'memory',
    port: 0,
    tls: { cert: TEST_CERT, key: TEST_KEY },
    users: { app: 'p@ss:word', other: 'second' },
    faults: true,
  })
})
afterAll(async () => {
  await server.stop()
  rmSync(directory, { recursive: true })
})

async function withClient<T>(connectionString: string, act: (client: EventStoreDBClient) => Promise<T>): Promise<T> {
  const client = EventStoreDBClient.connectionString(`${connectionString}&tlsCAFile=${encodeURIComponent(caFile)}`)
  try {
    return await act(client)
  } finally {
    await client.dispose()
  }
}

const appendAndRead = async (client: EventStoreDBClient): Promise<number> => {
  await client.appendToStream('secure-1', jsonEvent({ type: 'Happened', data: {} }))
  let count = 0
  for await (const _ of client.readStream('secure-1')) count++
  return count
}

describe('TLS and credentials', () => {
  it('the credentials of the connection string work with BatchAppend and reads', async () => {
    expect(await withClient(server.connectionString, appendAndRead)).toBe(1)
  })
  it('discovery works with TLS and credentials too', async () => {
    expect(await withClient(server.connectionString.replace('esdb:', 'esdb+discover:'), appendAndRead)).toBe(2)
  })
  it('anonymous and wrong credentials are denied for append, read and subscription', async () => {
    for (const login of ['', 'app:wrong@', 'nobody:second@']) {
      await withClient(`esdb://${login}127.0.0.1:${server.port}?tls=true`, async (client) => {
        await expect(
          client.appendToStream('secure-2', jsonEvent({ type: 'Happened', data: {} })),
        ).rejects.toBeInstanceOf(AccessDeniedError)
        await expect(client.readStream('secure-1')[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(
          AccessDeniedError,
        )
        const error = await new Promise((done) => client.subscribeToAll().on('error', done))
        expect(error).toBeInstanceOf(AccessDeniedError)
      })
    }
  })
  it('the health check answers HTTP/1.1 over TLS without credentials, the fault switches need them', async () => {
    const status = (path: string, auth?: string): Promise<number | undefined> =>
      new Promise((done, failed) => {
        httpsGet(
          `https://127.0.0.1:${server.port}${path}`,
          { ca: TEST_CERT, agent: false, ...(auth ? { auth } : {}) },
          (response) => {
            response.resume()
            done(response.statusCode)
          },
        ).on('error', failed)
      })
    expect(await status('/health/live')).toBe(204)
    expect(await status('/faults')).toBe(401)
    expect(await status('/faults', 'other:second')).toBe(200)
  })
  it('users without TLS are refused at start: no client would send its credentials', async () => {
    await expect(startEventStoreDev({ data: 'memory', port: 0, users: { a: 'b' } })).rejects.toBeInstanceOf(StartError)
  })
})
