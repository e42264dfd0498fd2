import { randomUUID } from 'node:crypto'
import { genesisHash } from '@voltrail/domain/hash-chain'
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import { connectEventLog } from './esdb-log.ts'
import type { EsdbLog } from './esdb-log.ts'
import type { LogEvent, LogPosition } from './event-log.ts'
import { comparePositions } from './event-log.ts'
import { eventStore } from './fixtures/event-store.ts'
import { until } from './fixtures/until.ts'
import { metadata, stream, visit } from './fixtures/visits.ts'
import { prepareEvents } from './prepare.ts'
import { subscribeInBatches, subscribeLog } from './subscription.ts'
import type { Batch, Subscription } from './subscription.ts'

describe('subscriptions to the log', () => {
  let server: Awaited<ReturnType<typeof eventStore>>
  let log: EsdbLog
  const running: Subscription[] = []
  /** a group of streams that nobody else has */
  const group = () => {
    const id = randomUUID().slice(0, 8)
    return { prefix: stream(`G${id}-`), member: (n: number | string) => stream(`G${id}-${n}`) }
  }
  const append = async (name: string, ...vendors: string[]): Promise<void> => {
    const last = await log.readLast(name)
    const after = last
      ? { revision: last.revision, hash: (last.metadata as { hash: string }).hash }
      : { revision: -1, hash: genesisHash }
    const outcome = await log.append(name, prepareEvents(name, vendors.map(visit), metadata(), after), after.revision)
    expect(outcome.outcome).toBe('appended')
  }
  const keep = <T extends Subscription>(subscription: T): T => {
    running.push(subscription)
    return subscription
  }
  const vendorOf = (event: LogEvent) => (event.data as { vendorId: string }).vendorId

  beforeAll(async () => {
    server = await eventStore()
    log = connectEventLog({ connectionString: server.connectionString })
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()))
  })
  afterAll(async () => {
    await log.close()
    await server.stop()
  })

  it('delivers what was appended before and after, of the named streams alone, in the order of the log', async () => {
    const { prefix, member } = group()
    const other = group()
    await append(member(1), 'a', 'b')
    await append(other.member(1), 'x')
    await append(member(2), 'c')
    const events: LogEvent[] = []
    let caughtUp = 0
    const subscription = keep(
      subscribeLog({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [prefix] },
        from: 'start',
        onEvent: (event) => void events.push(event),
        onCaughtUp: () => void (caughtUp += 1),
      }),
    )
    await until(() => events.length === 3 && caughtUp === 1)
    await append(other.member(1), 'y')
    await append(member(1), 'd')
    await until(() => events.length === 4)
    expect(events.map((event) => [event.stream, event.revision, vendorOf(event)])).toEqual([
      [member(1), 0, 'a'],
      [member(1), 1, 'b'],
      [member(2), 0, 'c'],
      [member(1), 2, 'd'],
    ])
    expect(subscription.status()).toMatchObject({ state: 'live' })
    await subscription.stop()
    expect(await subscription.done).toEqual({ outcome: 'stopped' })
    expect(subscription.status()).toMatchObject({ state: 'stopped', position: events[3]!.position })
  })

  it('goes on after the position that it is given, and waits for each handler', async () => {
    const { prefix, member } = group()
    await append(member(1), 'a', 'b', 'c', 'd')
    const [, second] = await collect(4)
    const seen: string[] = []
    let busy = 0
    keep(
      subscribeLog({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [prefix] },
        from: second!.position!,
        async onEvent(event) {
          busy += 1
          expect(busy).toBe(1)
          await new Promise((resolve) => setTimeout(resolve, 5))
          busy -= 1
          seen.push(vendorOf(event))
        },
      }),
    )
    await until(() => seen.length === 2)
    expect(seen).toEqual(['c', 'd'])

    async function collect(count: number): Promise<LogEvent[]> {
      const found: LogEvent[] = []
      const once = subscribeLog({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [prefix] },
        from: 'start',
        onEvent: (event) => void found.push(event),
      })
      await until(() => found.length === count)
      await once.stop()
      return found
    }
  })

  it('collects batches while catching up, and loses and doubles none of 2,000 events', async () => {
    const { prefix, member } = group()
    for (let n = 0; n < 20; n++) await append(member(n % 4), ...Array.from({ length: 100 }, (_, i) => `${n}-${i}`))
    const batches: Batch[] = []
    const count = () => batches.reduce((sum, batch) => sum + batch.events.length, 0)
    keep(
      subscribeInBatches({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [prefix] },
        from: 'start',
        onBatch: (batch) => void batches.push(batch),
      }),
    )
    await until(() => batches.some((batch) => batch.caughtUp) && count() === 2_000)
    const positions = batches.flatMap((batch) => batch.events.map((event) => event.position))
    expect(positions.every((position, i) => i === 0 || comparePositions(positions[i - 1]!, position) < 0)).toBe(true)
    expect(batches.every((batch) => batch.events.length <= 500)).toBe(true)
    expect(batches.some((batch) => batch.events.length > 10)).toBe(true)
    for (const { events, position } of batches) {
      if (events.length > 0) expect(comparePositions(events.at(-1)!.position, position!)).toBeLessThanOrEqual(0)
    }
  })

  it('collects live events within its pace, and lets none wait that comes after a quiet while', async () => {
    const { prefix, member } = group()
    const paceMs = 300
    const batches: { readonly at: number; readonly names: readonly string[] }[] = []
    const names = () => batches.flatMap((batch) => batch.names)
    const feed = keep(
      subscribeInBatches({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [prefix] },
        from: 'start',
        paceMs,
        onBatch: ({ events }) => {
          if (events.length > 0) batches.push({ at: performance.now(), names: events.map(vendorOf) })
        },
      }),
    )
    await until(() => feed.status().state === 'live')
    await new Promise((resolve) => setTimeout(resolve, paceMs))
    await append(member(1), 'first')
    await until(() => names().length === 1)
    const burst = Array.from({ length: 20 }, (_, i) => `b${i}`)
    for (const name of burst) await append(member(1), name)
    await until(() => names().length === 21)
    expect(names()).toEqual(['first', ...burst])
    const gaps = batches.slice(1).map(({ at }, i) => at - batches[i]!.at)
    expect(gaps.every((gap) => gap >= paceMs - 2)).toBe(true)
    expect(batches.length).toBeLessThan(burst.length)
  })

  it('is not sent other types by the server, nor given those of other streams', async () => {
    const [mine, other] = [group(), group()]
    await append(other.member(1), 'elsewhere')
    await append(mine.member(1), 'here')
    const seen: string[] = []
    keep(
      subscribeLog({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [mine.prefix], types: ['VendorDataReceived'] },
        from: 'start',
        onEvent: (event) => void seen.push(vendorOf(event)),
      }),
    )
    await until(() => seen.length > 0)
    await append(other.member(1), 'elsewhere again')
    await append(mine.member(1), 'here again')
    await until(() => seen.length > 1)
    expect(seen).toEqual(['here', 'here again'])
  })

  it('tells how far it is when nothing matches, never ahead of an event that was not delivered', async () => {
    const { prefix, member } = group()
    const other = group()
    await append(member(1), 'a')
    await append(other.member(1), ...Array.from({ length: 100 }, (_, i) => `x${i}`))
    const told: { checkpoint?: LogPosition; event?: LogPosition }[] = []
    keep(
      subscribeLog({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [prefix] },
        from: 'start',
        async onEvent(event) {
          await new Promise((resolve) => setTimeout(resolve, 20))
          told.push({ event: event.position })
        },
        onCheckpoint: (checkpoint) => void told.push({ checkpoint }),
      }),
    )
    await until(() => told.some((one) => one.event) && told.at(-1)?.checkpoint !== undefined)
    const positions = told.map((one) => (one.checkpoint ?? one.event)!)
    expect(positions.every((position, i) => i === 0 || comparePositions(positions[i - 1]!, position) <= 0)).toBe(true)
  })

  it('delivers only the types that are asked for', async () => {
    const { prefix, member } = group()
    await append(member(1), 'a')
    let checkpoints = 0
    const events: LogEvent[] = []
    keep(
      subscribeLog({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [prefix], types: ['ChargerBooted'] },
        from: 'start',
        onEvent: (event) => void events.push(event),
        onCheckpoint: () => void (checkpoints += 1),
      }),
    )
    await until(() => checkpoints > 0)
    expect(events).toEqual([])
  })

  it('stops at an event whose handler throws, and hands the error over', async () => {
    const { prefix, member } = group()
    await append(member(1), 'a', 'b', 'c')
    const seen: string[] = []
    const subscription = keep(
      subscribeLog({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [prefix] },
        from: 'start',
        onEvent(event) {
          if (vendorOf(event) === 'b') throw new Error('no room for b')
          seen.push(vendorOf(event))
        },
      }),
    )
    expect(await subscription.done).toMatchObject({
      outcome: 'failed',
      error: expect.objectContaining({ message: 'no room for b' }),
    })
    expect(subscription.status()).toMatchObject({ state: 'failed', reason: 'no room for b' })
    expect(seen).toEqual(['a'])
  })

  it('stops at an event that this build cannot read, after those before it', async () => {
    const { prefix, member } = group()
    await append(member(1), 'a')
    const bytes = new TextEncoder().encode('{}')
    await log.appendBytes(member(2), [{ id: randomUUID(), type: 'FromTheFuture', data: bytes, metadata: bytes }], -1)
    const seen: string[] = []
    const subscription = keep(
      subscribeInBatches({
        connectionString: server.connectionString,
        filter: { streamPrefixes: [prefix] },
        from: 'start',
        onBatch: ({ events }) => void seen.push(...events.map(vendorOf)),
      }),
    )
    expect(await subscription.done).toMatchObject({
      outcome: 'failed',
      error: expect.objectContaining({ name: 'EventUnreadable', stream: member(2), revision: 0 }),
    })
    expect(seen).toEqual(['a'])
  })

  it('keeps one checkpoint per stream, and refuses the write of a second instance', async () => {
    const name = `checkpoint-${randomUUID()}`
    expect(await readCheckpoint(log, name)).toBeUndefined()
    let revision = -1
    for (const commit of [5n, 9007199254740993n, 9007199254740995n]) {
      const outcome = await writeCheckpoint(log, name, { commit, prepare: commit }, revision)
      expect(outcome).toMatchObject({ outcome: 'appended', revision: revision + 1 })
      revision += 1
    }
    expect(await readCheckpoint(log, name)).toEqual({
      position: { commit: 9007199254740995n, prepare: 9007199254740995n },
      revision: 2,
    })
    expect(await writeCheckpoint(log, name, { commit: 7n, prepare: 7n }, 0)).toEqual({ outcome: 'conflict' })
    const kept: unknown[] = []
    for await (const event of log.readStored(name)) kept.push(event)
    expect(kept).toHaveLength(1)
  })
})
