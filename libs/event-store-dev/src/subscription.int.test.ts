import { randomUUID } from 'node:crypto'
import { END, EventStoreDBClient, eventTypeFilter, jsonEvent, START, streamNameFilter } from '@eventstore/db-client'
import type { AllStreamSubscription, StreamSubscription } from '@eventstore/db-client'
import { startEventStoreDev } from './server.ts'
import type { EventStoreDev } from './server.ts'

let server: EventStoreDev
let client: EventStoreDBClient
beforeAll(async () => {
  server = await startEventStoreDev({ data: 'memory', port: 0, faults: true })
  client = EventStoreDBClient.connectionString(server.connectionString)
})
const open = new Set<AllStreamSubscription | StreamSubscription>()
afterEach(async () => {
  for (const subscription of open) await subscription.unsubscribe()
  open.clear()
})
afterAll(async () => {
  await client.dispose()
  await server.stop()
})

const newStream = (category = 'sub'): string => `${category}-${randomUUID()}`
const append = (stream: string, ...numbers: number[]) =>
  client.appendToStream(
    stream,
    numbers.map((n) => jsonEvent({ type: n % 2 ? 'Odd' : 'Even', data: { n } })),
  )

/** What a subscription did, in order: numbers are events, words are signals. */
function follow(
  subscription: AllStreamSubscription | StreamSubscription,
  only = '',
): { log: (number | string)[]; until(condition: () => boolean): Promise<void> } {
  const log: (number | string)[] = []
  open.add(subscription)
  for (const signal of ['confirmation', 'caughtUp', 'fellBehind'] as const)
    subscription.on(signal as 'confirmation', () => log.push(signal))
  subscription.on('error', (error: Error & { type?: string }) => log.push(`error ${error.type}`))
  subscription.on('data', ({ event }: { event?: { streamId: string; data: unknown } }) => {
    if (event?.streamId.startsWith(only)) log.push((event.data as { n: number }).n)
  })
  return {
    log,
    async until(condition) {
      const deadline = Date.now() + 10_000
      while (!condition()) {
        if (Date.now() > deadline) throw new Error(`not reached; so far: ${JSON.stringify(log)}`)
        await new Promise((done) => setTimeout(done, 5))
      }
    },
  }
}

describe('subscriptions with the real client', () => {
  it('a stream: confirmation, what is there, caughtUp, then live', async () => {
    const stream = newStream()
    await append(stream, 1, 2)
    const subscription = client.subscribeToStream(stream)
    const { log, until } = follow(subscription)
    await until(() => log.includes('caughtUp'))
    await append(stream, 3)
    await until(() => log.includes(3))
    expect(log).toEqual(['confirmation', 1, 2, 'caughtUp', 3])
  })

  it('a stream from a revision is exclusive, from the end only new, and one that is not there yet comes', async () => {
    const stream = newStream()
    await append(stream, 1, 2, 3)
    const after = follow(client.subscribeToStream(stream, { fromRevision: 0n }))
    const fresh = follow(client.subscribeToStream(stream, { fromRevision: END }))
    const later = newStream()
    const missing = follow(client.subscribeToStream(later))
    for (const { log, until } of [after, fresh, missing]) await until(() => log.includes('caughtUp'))
    await append(stream, 4)
    await append(later, 9)
    await after.until(() => after.log.includes(4))
    await fresh.until(() => fresh.log.includes(4))
    await missing.until(() => missing.log.includes(9))
    expect(after.log).toEqual(['confirmation', 2, 3, 'caughtUp', 4])
    expect(fresh.log).toEqual(['confirmation', 'caughtUp', 4])
    expect(missing.log).toEqual(['confirmation', 'caughtUp', 9])
  })

  it('a tombstoned stream ends its subscription with stream-deleted', async () => {
    const stream = newStream()
    await append(stream, 1)
    const { log, until } = follow(client.subscribeToStream(stream))
    await until(() => log.includes('caughtUp'))
    await client.tombstoneStream(stream)
    await until(() => log.includes('error stream-deleted'))
  })

  it('$all from a position is exclusive', async () => {
    const stream = newStream('exclusive')
    const { position } = await append(stream, 1)
    await append(stream, 2)
    const { log, until } = follow(client.subscribeToAll({ fromPosition: position! }), 'exclusive')
    await until(() => log.includes('caughtUp'))
    expect(log).toEqual(['confirmation', 2, 'caughtUp'])
  })

  it.each([
    ['stream prefixes', streamNameFilter({ prefixes: ['fa-', 'fb-'] }), ['fa', 'fb']],
    ['a stream expression', streamNameFilter({ regex: '^f[ac]-' }), ['fa', 'fc']],
    ['type prefixes', eventTypeFilter({ prefixes: ['Type-fb'] }), ['fb']],
    ['a type expression', eventTypeFilter({ regex: 'f[bc]$' }), ['fb', 'fc']],
    ['no system events', { ...eventTypeFilter({ regex: '^[^$].*' }), checkpointInterval: 1 }, ['fa', 'fb', 'fc']],
  ])('$all filtered by %s', async (_, filter, wanted) => {
    const run = randomUUID()
    const seen: string[] = []
    let caughtUp = false
    const subscription = client.subscribeToAll({ filter, fromPosition: END })
    subscription.on('caughtUp' as 'confirmation', () => (caughtUp = true))
    subscription.on('data', ({ event }) => seen.push(event!.streamId))
    const deadline = Date.now() + 10_000
    while (!caughtUp && Date.now() < deadline) await new Promise((done) => setTimeout(done, 5))
    for (const category of ['fa', 'fb', 'fc'])
      await client.appendToStream(`${category}-${run}`, jsonEvent({ type: `Type-${category}`, data: {} }))
    while (seen.length < wanted.length && Date.now() < deadline) await new Promise((done) => setTimeout(done, 5))
    expect(seen).toEqual(wanted.map((category) => `${category}-${run}`))
    await subscription.unsubscribe()
  })

  it('a filter that matches nothing still gets a checkpoint every interval x window considered events, which resumes', async () => {
    const { position: from } = await append(newStream(), 0)
    const noise: bigint[] = []
    for (let n = 0; n < 25; n++) noise.push((await append(newStream('noise'), n)).position!.commit)
    const checkpoints: bigint[] = []
    const filter = streamNameFilter({
      prefixes: ['never-'],
      maxSearchWindow: 5,
      checkpointInterval: 2,
      checkpointReached: async (_, { commit }) => void checkpoints.push(commit),
    })
    const subscription = client.subscribeToAll({ filter, fromPosition: from! })
    const { log, until } = follow(subscription)
    await until(() => log.includes('caughtUp'))
    expect(checkpoints).toEqual([noise[9], noise[19]])
    for (let n = 0; n < 5; n++) noise.push((await append(newStream('noise'), n)).position!.commit)
    await until(() => checkpoints.length === 3)
    expect(checkpoints[2]).toBe(noise[29])
    await subscription.unsubscribe()
    const resumed = follow(
      client.subscribeToAll({ fromPosition: { commit: noise[19]!, prepare: noise[19]! } }),
      'noise',
    )
    await resumed.until(() => resumed.log.includes('caughtUp'))
    expect(resumed.log.filter((each) => typeof each === 'number')).toHaveLength(10)
  })

  it('catch-up meets live without gap or repeat while events are appended all the time', async () => {
    const total = 3000
    const category = `race${randomUUID().slice(0, 8)}`
    let appended = 0
    const writing = (async () => {
      while (appended < total) {
        const batch = Array.from({ length: 30 }, () => appended++)
        await append(newStream(category), ...batch)
      }
    })()
    const followers = []
    for (let n = 0; n < 4; n++) {
      followers.push(
        follow(
          client.subscribeToAll({ fromPosition: START, filter: streamNameFilter({ prefixes: [`${category}-`] }) }),
          category,
        ),
      )
      await new Promise((done) => setImmediate(done))
    }
    await writing
    for (const { log, until } of followers) {
      await until(() => log.filter((each) => typeof each === 'number').length >= total)
      expect(log.filter((each) => typeof each === 'number')).toEqual(Array.from({ length: total }, (_, n) => n))
    }
  })

  it('a slow consumer in the manner of 23.10 is dropped and resumes after its last event', async () => {
    const stream = newStream('slow')
    const first = follow(
      client.subscribeToAll({ fromPosition: END, filter: streamNameFilter({ prefixes: ['slow-'] }) }),
    )
    await first.until(() => first.log.includes('caughtUp'))
    const { position } = await append(stream, 1)
    await first.until(() => first.log.includes(1))
    server.faults.set({ slowConsumer: { next: 1, manner: 'aborted', stream: 'slow-' } })
    await append(stream, 2)
    await first.until(() => first.log.includes('error timeout'))
    expect(first.log).toEqual(['confirmation', 'caughtUp', 1, 'error timeout'])
    const again = follow(
      client.subscribeToAll({ fromPosition: position!, filter: streamNameFilter({ prefixes: ['slow-'] }) }),
    )
    await again.until(() => again.log.includes(2))
  })

  it('a slow consumer in the manner of 25 hears fellBehind, misses nothing and is caught up again', async () => {
    const stream = newStream('behind')
    const { log, until } = follow(client.subscribeToStream(stream))
    await until(() => log.includes('caughtUp'))
    server.faults.set({ slowConsumer: { next: 1, manner: 'fell-behind', stream: 'behind-' } })
    await append(stream, 1, 2)
    await append(stream, 3)
    await until(() => log.includes(3))
    expect(log.slice(0, 6)).toEqual(['confirmation', 'caughtUp', 'fellBehind', 1, 2, 'caughtUp'])
    expect(log.filter((each) => typeof each === 'number')).toEqual([1, 2, 3])
  })
})
