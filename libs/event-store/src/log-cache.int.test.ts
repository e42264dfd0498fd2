import { randomUUID } from 'node:crypto'
import { listen } from '@voltrail/runtime/listen'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { accept } from '@voltrail/domain/decider'
import { connectEventLog } from './esdb-log.ts'
import type { EsdbLog } from './esdb-log.ts'
import { LogUnavailable } from './event-log.ts'
import { eventStore } from './fixtures/event-store.ts'
import { newStream } from './fixtures/new-stream.ts'
import { until } from './fixtures/until.ts'
import { metadata, stream, visit, visits, visitsInFull } from './fixtures/visits.ts'
import { createLogCache } from './log-cache.ts'
import type { LogCache, LogCacheOptions } from './log-cache.ts'
import { createWriteLoop } from './write-loop.ts'
import type { WriteLoop } from './write-loop.ts'

describe('the look-up cache', () => {
  let server: Awaited<ReturnType<typeof eventStore>>
  let log: EsdbLog
  let loop: WriteLoop
  const running: LogCache[] = []
  const group = () => {
    const id = randomUUID().slice(0, 8)
    return { streamPrefix: stream(`G${id}-`) as string, member: (n: number | string) => stream(`G${id}-${n}`) }
  }
  const start = (streamPrefix: string, change: Partial<LogCacheOptions> = {}): LogCache => {
    const folds = [{ streamPrefix, aggregate: visits }]
    const cache = createLogCache({
      connectionString: server.connectionString,
      log,
      folds,
      compareEveryMs: 50,
      ...change,
    })
    running.push(cache)
    return cache
  }
  const come = (name: ReturnType<typeof stream>, vendor: string) =>
    loop.decide(visits, name, () => accept(visit(vendor)), metadata())

  beforeAll(async () => {
    server = await eventStore()
    log = connectEventLog({ connectionString: server.connectionString })
    loop = createWriteLoop({ log, cacheSize: 10, build: 'b' })
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()))
  })
  afterAll(async () => {
    await log.close()
    await server.stop()
  })

  it('answers from memory while it is fresh, and knows that a stream does not exist', async () => {
    const { streamPrefix, member } = group()
    await come(member(1), 'a')
    const cache = start(streamPrefix)
    await until(() => cache.status().fresh)
    expect(await cache.get(visits, member(1))).toEqual({
      state: { total: 1, lately: ['a'], sinceSummary: 1 },
      revision: 0,
      from: 'cache',
    })
    expect(await cache.get(visits, member('absent'))).toEqual({
      state: visits.initialState,
      revision: -1,
      from: 'cache',
    })
    await come(member(1), 'b')
    await until(async () => (await cache.get(visits, member(1))).revision === 1)
    expect(await cache.get(visits, member(1))).toMatchObject({ state: { total: 2 }, from: 'cache' })
  })

  it('stays fresh while only others write, few or many', async () => {
    const { streamPrefix, member } = group()
    await come(member(1), 'a')
    const cache = start(streamPrefix, { maxLagMs: 1_000 })
    await until(() => cache.status().fresh)
    for (let i = 0; i < 5; i++) await come(newStream(), 'few')
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    expect(cache.status().fresh).toBe(true)
    const other = newStream()
    for (let i = 0; i < 5; i++) {
      await loop.decide(
        visitsInFull,
        other,
        () => accept(...Array.from({ length: 200 }, () => visit('many'))),
        metadata(),
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    expect(await cache.get(visits, member(1))).toMatchObject({ from: 'cache' })
  })

  it('reads the stream when its feed has no connection', async () => {
    const { streamPrefix, member } = group()
    await come(member(1), 'a')
    // a server that takes connections and never says a word
    const sockets: Socket[] = []
    const silent = createServer((socket) => void sockets.push(socket.resume()))
    const port = await listen(silent, { host: '127.0.0.1', port: 0 }, 'a silent server')
    const cache = start(streamPrefix, { connectionString: `esdb://127.0.0.1:${port}?tls=false` })
    expect(await cache.get(visits, member(1))).toMatchObject({ state: { total: 1 }, revision: 0, from: 'stream' })
    await come(member(1), 'b')
    expect(await cache.get(visits, member(1))).toMatchObject({ state: { total: 2 }, from: 'stream' })
    expect(cache.status().fresh).toBe(false)
    await cache.stop()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => silent.close(resolve))
  })

  it('reads the stream once it cannot tell any more how far behind it is', async () => {
    const { streamPrefix, member } = group()
    await come(member(1), 'a')
    let broken = false
    const unsure = {
      ...log,
      readTail: (count?: number) =>
        broken ? Promise.reject(new LogUnavailable('reading the end', 'broken')) : log.readTail(count),
    }
    const cache = start(streamPrefix, { log: unsure, maxLagMs: 300 })
    await until(() => cache.status().fresh)
    broken = true
    await until(() => !cache.status().fresh)
    expect(await cache.get(visits, member(1))).toMatchObject({ from: 'stream' })
    broken = false
    await until(() => cache.status().fresh)
    expect(await cache.get(visits, member(1))).toMatchObject({ from: 'cache' })
  })

  it('reads streams for good when an event cannot be folded', async () => {
    const { streamPrefix, member } = group()
    await come(member(1), 'a')
    const bytes = new TextEncoder().encode('{}')
    await log.appendBytes(
      member('new'),
      [{ id: randomUUID(), type: 'FromTheFuture', data: bytes, metadata: bytes }],
      -1,
    )
    const cache = start(streamPrefix)
    expect(await cache.done).toMatchObject({ outcome: 'failed' })
    expect(await cache.get(visits, member(1))).toMatchObject({ state: { total: 1 }, from: 'stream' })
    await expect(cache.get(visits, member('new'))).rejects.toThrow('cannot be read')
  })

  it('refuses a stream or an aggregate that it was not made for', async () => {
    const { streamPrefix, member } = group()
    const cache = start(streamPrefix)
    await expect(cache.get(visits, newStream())).rejects.toThrow('was not made for')
    await expect(cache.get(visitsInFull, member(1))).rejects.toThrow('was not made for')
  })
})
