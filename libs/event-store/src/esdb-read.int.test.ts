import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import { openConnection } from './esdb-connection.ts'
import { createReader } from './esdb-read.ts'
import { LogUnavailable } from './event-log.ts'

const readerOf = (connection: ReturnType<typeof openConnection>, timeoutMs: number) =>
  createReader({ connection, timeoutMs, onRead: () => undefined })

describe('a read whose connection is replaced under way', () => {
  it('has not found that there are no events', async () => {
    const sockets: Socket[] = []
    // takes connections and says nothing, like a store that stands still
    const silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const { port } = silent.address() as AddressInfo
    const connection = openConnection(`esdb://127.0.0.1:${port}?tls=false`)
    const reading = readerOf(connection, 1_500).forward('session-default.CP=201.7', 0, 10)
    const end = reading.catch((error: unknown) => error)
    await wait(300)
    connection.replace(0)
    expect(await end).toBeInstanceOf(LogUnavailable)
    await connection.close()
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  it('reads all of them on the next one', async () => {
    const server = await startEventStoreDev({ data: 'memory', port: 0 })
    const connection = openConnection(server.connectionString)
    const { client } = await connection.current()
    const events = Array.from({ length: 400 }, () => ({
      id: crypto.randomUUID(),
      type: 'Visited',
      contentType: 'application/json' as const,
      data: { words: 'x'.repeat(2_000) },
      metadata: {},
    }))
    await client.appendToStream('visits-1', events)
    const reader = readerOf(connection, 20_000)
    for (let generation = 0; generation < 20; generation++) {
      const reading = reader.forward('visits-1', 0, 500)
      await wait(generation)
      connection.replace(generation)
      expect(await reading).toHaveLength(400)
    }
    await connection.close()
    await server.stop()
  }, 60_000)
})
