import fc from 'fast-check'
import { accept } from '@voltrail/domain/decider'
import { genesisHash, verifyChain } from '@voltrail/domain/hash-chain'
import type { StoredEvent } from '@voltrail/domain/hash-chain'
import { connectEventLog } from './esdb-log.ts'
import type { EsdbLog } from './esdb-log.ts'
import { eventStore } from './fixtures/event-store.ts'
import { all, describeEventLog } from './fixtures/event-log-contract.ts'
import { newStream } from './fixtures/new-stream.ts'
import { metadata, visit, visitOnce, visits, visitsInFull } from './fixtures/visits.ts'
import { loadCold } from './load.ts'
import { prepareEvents } from './prepare.ts'
import { createWriteLoop } from './write-loop.ts'

const empty = { revision: -1, hash: genesisHash }
describe('the log over EventStoreDB', () => {
  let server: Awaited<ReturnType<typeof eventStore>>
  let log: EsdbLog
  const stored = (name: string): Promise<StoredEvent[]> => all(log.readStored(name))

  beforeAll(async () => {
    server = await eventStore()
    log = connectEventLog({ connectionString: server.connectionString })
  })
  afterAll(async () => {
    await log.close()
    await server.stop()
  })

  describeEventLog(() => log, stored)

  it('can be asked for streams that do not exist more often than a connection carries calls', async () => {
    for (let round = 0; round < 6; round++) {
      const reads = Array.from({ length: 50 }, () => all(log.readForward(newStream(), 0)))
      expect((await Promise.all(reads)).flat()).toEqual([])
    }
    expect(await log.readLast(newStream())).toBeUndefined()
  })

  it('stores events as JSON that the tools of the store can read', async () => {
    const name = newStream()
    await log.append(name, prepareEvents(name, [visit('a')], metadata(), empty), -1)
    const [event] = await stored(name)
    expect(event).toMatchObject({ type: 'VendorDataReceived', data: { vendorId: 'a', status: 'Accepted' } })
  })

  it('reads a stream of more pages than one', async () => {
    const name = newStream()
    const events = prepareEvents(
      name,
      Array.from({ length: 1_200 }, (_, i) => visit(`v${i}`)),
      metadata(),
      empty,
    )
    for (let at = 0; at < events.length; at += 300) await log.append(name, events.slice(at, at + 300), at - 1)
    expect((await all(log.readForward(name, 0))).map((event) => event.revision)).toEqual(events.map((_, i) => i))
    expect((await all(log.readBackward(name))).map((event) => event.revision)).toEqual(
      events.map((_, i) => i).toReversed(),
    )
    expect(verifyChain(await stored(name))).toMatchObject({ ok: true, revision: 1_199 })
  })

  it('bears many appends and reads at once', async () => {
    const loop = createWriteLoop({ log, cacheSize: 500, build: 'b' })
    const names = Array.from({ length: 300 }, newStream)
    const decided = await Promise.all(names.map((name) => loop.decide(visits, name, visitOnce('a'), metadata())))
    expect(decided.filter((one) => one.outcome !== 'accepted' || one.revision !== 0)).toEqual([])
    expect((await Promise.all(names.map((name) => loop.load(visits, name)))).every((one) => one.revision === 0)).toBe(
      true,
    )
  })

  it('lets two write loops share a stream: every decision is made on what stands there', async () => {
    const beside = connectEventLog({ connectionString: server.connectionString, besideAnotherAppender: true })
    const loops = [log, beside].map((one) => createWriteLoop({ log: one, cacheSize: 10, build: 'b' }))
    const pod = (n: number) => metadata({ causation: { pod: `pod-${n}` } })
    const name = newStream()
    const both = await Promise.all(loops.map((loop, n) => loop.decide(visits, name, visitOnce('start'), pod(n))))
    expect(both.map((one) => 'state' in one && one.state.total)).toEqual([1, 1])
    expect(
      both.map((one) => one.outcome === 'accepted' && one.appended.length).toSorted((a, b) => Number(a) - Number(b)),
    ).toEqual([0, 1])

    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        loops[i % 2]!.decide(visits, name, () => accept(visit(`v${i}`)), pod(i % 2)),
      ),
    )
    expect(await loadCold(log, visitsInFull, name)).toMatchObject({ state: { total: 41 } })
    expect(verifyChain(await stored(name))).toMatchObject({ ok: true })
    await beside.close()
  })

  it('gives the same state from summaries as from a full fold', async () => {
    const loop = createWriteLoop({ log, cacheSize: 10, build: 'b' })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 8 }), async (sizes) => {
        const name = newStream()
        for (const size of sizes) {
          await loop.decide(
            visits,
            name,
            () => accept(...Array.from({ length: size }, (_, i) => visit(`v${i}`))),
            metadata(),
          )
        }
        expect(await loadCold(log, visits, name)).toEqual(await loadCold(log, visitsInFull, name))
      }),
      { numRuns: 15 },
    )
  })

  it('loads a stream of 10,000 events with summaries from one small page', async () => {
    const loop = createWriteLoop({ log, cacheSize: 10, build: 'b' })
    const name = newStream()
    for (let i = 0; i < 50; i++) {
      await loop.decide(
        visits,
        name,
        () => accept(...Array.from({ length: 200 }, (_, n) => visit(`v${i}-${n}`))),
        metadata(),
      )
    }
    let read = 0
    const counting: EsdbLog = {
      ...log,
      async *readBackward(...page) {
        for await (const event of log.readBackward(...page)) {
          read += 1
          yield event
        }
      },
      readForward: () => {
        throw new Error('a cold load of a stream with summaries reads backwards')
      },
    }
    expect(await loadCold(counting, visits, name)).toMatchObject({ revision: 10_049, state: { total: 10_000 } })
    expect(read).toBeLessThanOrEqual(16)
  })

  it('knows the end of the log and answers a probe', async () => {
    const name = newStream()
    const outcome = await log.append(name, prepareEvents(name, [visit('a')], metadata(), empty), -1)
    const tail = await log.readTail(50)
    expect(tail).toContainEqual({ stream: name, position: (outcome as { position?: unknown }).position })
    expect(await log.probe()).toEqual({ state: 'up' })
    expect(log.status()).toEqual({ state: 'up' })
  })

  it('allows one appending connection per process, until it is closed', async () => {
    const { connectionString } = server
    expect(() => connectEventLog({ connectionString })).toThrow('appends to the event log already')
    const reading = connectEventLog({ connectionString, readOnly: true })
    await expect(reading.append(newStream(), prepareEvents('x', [visit('a')], metadata(), empty), -1)).rejects.toThrow(
      'only reads',
    )
    await reading.close()
    await log.close()
    log = connectEventLog({ connectionString })
    expect(await log.probe()).toEqual({ state: 'up' })
  })
})
