import fc from 'fast-check'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { verifyChain } from '@voltrail/domain/hash-chain'
import { accept, reject } from '@voltrail/domain/decider'
import type { EventLog } from './event-log.ts'
import { LogUnavailable } from './event-log.ts'
import { metadata, stream, summaryMark, visit, visitOnce, visits, visitsInFull } from './fixtures/visits.ts'
import { loadCold } from './load.ts'
import { createMemoryLog } from './memory-log.ts'
import { createWriteLoop } from './write-loop.ts'

const setUp = (log: EventLog = createMemoryLog()) => createWriteLoop({ log, cacheSize: 100, build: 'build-1' })
const CP1 = stream('CP1')

describe('the write loop', () => {
  it('appends what was decided and answers from the state after it', async () => {
    const log = createMemoryLog()
    const decided = await setUp(log).decide(visits, CP1, visitOnce('acme'), metadata())
    expect(decided).toMatchObject({ outcome: 'accepted', revision: 0, state: { total: 1, lately: ['acme'] } })
    expect(decided.outcome === 'accepted' && decided.appended).toEqual([
      expect.objectContaining({
        type: 'VendorDataReceived',
        revision: 0,
        data: { vendorId: 'acme', status: 'Accepted' },
      }),
    ])
    expect(verifyChain(log.stored(CP1))).toMatchObject({ ok: true, revision: 0 })
  })

  it('writes nothing for a repeat and gives the same state', async () => {
    const log = createMemoryLog()
    const loop = setUp(log)
    const first = await loop.decide(visits, CP1, visitOnce('acme'), metadata())
    const again = await loop.decide(visits, CP1, visitOnce('acme'), metadata())
    expect(again).toMatchObject({ outcome: 'accepted', appended: [], revision: 0 })
    expect('state' in again && again.state).toEqual('state' in first && first.state)
    expect(log.stored(CP1)).toHaveLength(1)
  })

  it('returns a rejection as data and writes nothing', async () => {
    const log = createMemoryLog()
    const decided = await setUp(log).decide(visits, CP1, () => reject('closed' as const), metadata())
    expect(decided).toEqual({ outcome: 'rejected', rejection: 'closed', state: visits.initialState, revision: -1 })
    expect(log.stored(CP1)).toEqual([])
  })

  it('decides again when another writer was first', async () => {
    const log = createMemoryLog()
    const [one, other] = [setUp(log), setUp(log)]
    await one.decide(visits, CP1, visitOnce('a'), metadata())
    await other.decide(visits, CP1, visitOnce('b'), metadata())
    const seen: number[] = []
    const decided = await one.decide(
      visits,
      CP1,
      (state, revision) => {
        seen.push(revision)
        return visitOnce('c')(state)
      },
      metadata(),
    )
    expect(seen).toEqual([0, 1])
    expect(decided).toMatchObject({ outcome: 'accepted', revision: 2, state: { lately: ['a', 'b', 'c'] } })
    expect(verifyChain(log.stored(CP1))).toMatchObject({ ok: true, revision: 2 })
  })

  it('never answers a repeat or a rejection from a cache that is behind', async () => {
    const log = createMemoryLog()
    const [one, other] = [setUp(log), setUp(log)]
    const closedUntilTwo = (state: { total: number }) =>
      state.total < 2 ? reject('closed' as const) : accept<ChargerEvent>()
    expect(await one.decide(visits, CP1, visitOnce('a'), metadata())).toMatchObject({ outcome: 'accepted' })
    expect(await one.decide(visits, CP1, closedUntilTwo, metadata())).toMatchObject({ outcome: 'rejected' })
    await other.decide(visits, CP1, visitOnce('b'), metadata())
    expect(await one.decide(visits, CP1, closedUntilTwo, metadata())).toMatchObject({
      outcome: 'accepted',
      state: { total: 2 },
    })
  })

  it('stores a start that two pods decide at the same moment once', async () => {
    const log = createMemoryLog()
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(() => setUp(log).decide(visits, CP1, visitOnce('a'), metadata())),
    )
    expect(outcomes.map((one) => one.outcome)).toEqual(['accepted', 'accepted', 'accepted', 'accepted'])
    expect(log.stored(CP1)).toHaveLength(1)
  })

  it('runs the decisions on one stream one after the other, those on others side by side', async () => {
    const log = createMemoryLog()
    const loop = setUp(log)
    let release!: () => void
    const held = new Promise<void>((resolve) => (release = resolve))
    const slow = loop.decide(visits, CP1, async (state) => held.then(() => visitOnce('slow')(state)), metadata())
    const next = loop.decide(visits, CP1, visitOnce('next'), metadata())
    await loop.decide(visits, stream('CP2'), visitOnce('other'), metadata())
    expect(log.stored(CP1)).toEqual([])
    release()
    expect(await slow).toMatchObject({ revision: 0 })
    expect(await next).toMatchObject({ revision: 1, state: { lately: ['slow', 'next'] } })
  })

  it('fails only the caller whose decision throws', async () => {
    const loop = setUp()
    const broken = loop.decide(
      visits,
      CP1,
      () => {
        throw new TypeError('broken decider')
      },
      metadata(),
    )
    const next = loop.decide(visits, CP1, visitOnce('a'), metadata())
    await expect(broken).rejects.toThrow('broken decider')
    expect(await next).toMatchObject({ outcome: 'accepted', revision: 0 })
  })

  it('appends a summary in the same batch when one is due, and loads no further back than that', async () => {
    const log = createMemoryLog()
    const loop = setUp(log)
    for (let i = 0; i < 10; i++) await loop.decide(visits, CP1, () => accept(visit(`v${i}`)), metadata())
    expect(log.stored(CP1)).toHaveLength(11)
    expect(log.stored(CP1)[10]).toMatchObject({ data: { vendorId: summaryMark } })
    const before = log.eventsRead()
    expect(await setUp(log).load(visits, CP1)).toMatchObject({ revision: 10, state: { total: 10, sinceSummary: 0 } })
    expect(log.eventsRead() - before).toBeLessThanOrEqual(16)
  })

  it('gives the same state from summaries as from a full fold, whatever was appended', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 14 }), { maxLength: 12 }),
        async (batches) => {
          const log = createMemoryLog()
          const loop = setUp(log)
          for (const names of batches) await loop.decide(visits, CP1, () => accept(...names.map(visit)), metadata())
          const bySummary = await loadCold(log, visits, CP1)
          expect(bySummary).toEqual(await loadCold(log, visitsInFull, CP1))
          expect(await loop.load(visits, CP1)).toEqual(bySummary)
          expect(verifyChain(log.stored(CP1))).toMatchObject({ ok: true, head: bySummary.hash })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('decides the same with its cache as without one, whoever writes in between', async () => {
    const step = fc.record({
      pod: fc.constantFrom(0, 1),
      stream: fc.constantFrom('CP1', 'CP2'),
      what: fc.constantFrom('once', 'always', 'closed-after-3', 'load', 'new'),
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const outcomesOf = async (cacheSize: number | undefined) => {
          const log = createMemoryLog()
          const newLoop = () => createWriteLoop({ log, cacheSize: cacheSize ?? 1, build: 'build-1' })
          const pods = [newLoop(), newLoop()]
          const outcomes: unknown[] = []
          for (const [i, { pod, stream: id, what, name }] of steps.entries()) {
            const asked = metadata({ correlation: `c-${i}` })
            // without a cache: every pod is new
            const loop = cacheSize === undefined ? newLoop() : pods[pod]!
            const on = stream(id)
            const closed = (state: { total: number }) =>
              state.total > 3 ? reject('closed' as const) : accept<ChargerEvent>(visit(name))
            if (what === 'load') outcomes.push(await loop.load(visits, on))
            else if (what === 'once') outcomes.push(await loop.decide(visits, on, visitOnce(name), asked))
            else if (what === 'always') outcomes.push(await loop.decide(visits, on, () => accept(visit(name)), asked))
            else if (what === 'closed-after-3') outcomes.push(await loop.decide(visits, on, closed, asked))
            else outcomes.push(await loop.decide(visits, on, visitOnce(name), asked, { likelyNew: true }))
          }
          return { outcomes, streams: ['CP1', 'CP2'].map((id) => log.stored(stream(id))) }
        }
        const without = await outcomesOf(undefined)
        expect(await outcomesOf(100)).toEqual(without)
        expect(await outcomesOf(1)).toEqual(without)
      }),
      { numRuns: 100 },
    )
  })

  it('reads nothing for a stream that is likely new, and decides again where it is not', async () => {
    const log = createMemoryLog()
    let reads = 0
    const counted: EventLog = {
      ...log,
      readForward: (...given) => ((reads += 1), log.readForward(...given)),
      readBackward: (...given) => ((reads += 1), log.readBackward(...given)),
    }
    let asked = 0
    const once = (name: string) => {
      const asking = metadata({ correlation: `c-${asked++}` })
      return setUp(counted).decide(visits, CP1, visitOnce(name), asking, { likelyNew: true })
    }
    expect(await once('a')).toMatchObject({ outcome: 'accepted', revision: 0 })
    expect(reads).toBe(0)
    expect(await once('b')).toMatchObject({ outcome: 'accepted', revision: 1, state: { lately: ['a', 'b'] } })
    expect(await once('a')).toMatchObject({ outcome: 'accepted', revision: 1, appended: [] })
    expect(log.stored(CP1)).toHaveLength(2)
  })

  it('knows a recent state without asking the log, and asks when two seconds have gone', async () => {
    const log = createMemoryLog()
    let now = 0
    const loop = createWriteLoop({ log, cacheSize: 100, build: 'build-1', ticks: () => now })
    await loop.decide(visits, CP1, visitOnce('a'), metadata())
    await setUp(log).decide(visits, CP1, visitOnce('b'), metadata())
    now = 2_000
    const before = log.eventsRead()
    expect(await loop.recent(visits, CP1)).toMatchObject({ revision: 0 })
    expect(log.eventsRead()).toBe(before)
    now = 2_001
    expect(await loop.recent(visits, CP1)).toMatchObject({ revision: 1, state: { lately: ['a', 'b'] } })
    expect(await loop.recent(visits, stream('CP2'))).toMatchObject({ revision: -1 })
  })

  it('keeps the frame on the first event of a batch, and its own build in the decision of each', async () => {
    const log = createMemoryLog()
    await setUp(log).decide(
      visits,
      CP1,
      () => accept(visit('a'), visit('b')),
      metadata({ frame: { text: '[2,"1","X",{}]' } }),
    )
    expect(log.stored(CP1).map((event) => event.metadata)).toEqual([
      expect.objectContaining({
        frame: { text: '[2,"1","X",{}]' },
        decision: expect.objectContaining({ build: 'build-1' }),
      }),
      expect.not.objectContaining({ frame: expect.anything() }),
    ])
  })

  it('reads a stream once for each aggregate that decides on it, and then only what is new', async () => {
    const log = createMemoryLog()
    const loop = setUp(log)
    const bulky = { ...visitsInFull, bulky: true as const }
    await setUp(log).decide(
      visits,
      CP1,
      () => accept(...Array.from({ length: 500 }, (_, i) => visit(`v${i}`))),
      metadata(),
    )
    await loop.load(bulky, CP1)
    await loop.load(visits, CP1)
    const before = log.eventsRead()
    for (let i = 0; i < 20; i++) {
      await loop.decide(visits, CP1, () => reject('ended' as const), metadata())
      await loop.decide(bulky, CP1, () => accept(visit(`late${i}`)), metadata())
    }
    expect(log.eventsRead() - before).toBeLessThanOrEqual(2 * 20)
    expect(await loop.load(visits, CP1)).toMatchObject({ state: { total: 520 } })
  })

  it('keeps those states that grow with their stream up to so many events, the least recently used goes first', async () => {
    const log = createMemoryLog()
    const loop = createWriteLoop({ log, cacheSize: 100, build: 'build-1', bulkyEvents: 20 })
    const bulky = { ...visitsInFull, bulky: true as const }
    for (let i = 0; i < 11; i++) await loop.decide(bulky, stream(`CP${i}`), visitOnce('a'), metadata())
    const before = log.eventsRead()
    await loop.load(bulky, stream('CP10'))
    expect(log.eventsRead() - before).toBe(0)
    await loop.load(bulky, stream('CP0'))
    expect(log.eventsRead() - before).toBe(1)
  })

  it('reads nothing of what was appended through another aggregate of the same stream, and gives the same state', async () => {
    const bulky = { ...visitsInFull, bulky: true as const }
    const step = fc.record({
      pod: fc.constantFrom(0, 0, 0, 1),
      by: fc.constantFrom('slim', 'bulky'),
      name: fc.string(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const log = createMemoryLog()
        const newLoop = () => createWriteLoop({ log, cacheSize: 10, build: 'build-1', sameStreams: [[visits, bulky]] })
        const pods = [newLoop(), newLoop()]
        for (const [i, { pod, by, name }] of steps.entries()) {
          const decided = await pods[pod]!.decide(
            by === 'slim' ? visits : bulky,
            CP1,
            () => accept(visit(name)),
            // no two pods write the same bytes: those would be one event, told twice
            metadata({ correlation: `step ${i}` }),
          )
          expect(decided).toMatchObject({ outcome: 'accepted', state: (await loadCold(log, visitsInFull, CP1)).state })
        }
        const read = log.eventsRead()
        const alone = steps.every(({ pod }) => pod === steps[0]?.pod)
        const loaded = await Promise.all([visits, bulky].map((one) => pods[steps[0]?.pod ?? 0]!.load(one, CP1)))
        if (alone && steps.length > 0) expect(log.eventsRead()).toBe(read)
        const { state, revision } = await loadCold(log, visitsInFull, CP1)
        for (const one of loaded) expect(one).toMatchObject({ state, revision })
      }),
      { numRuns: 100 },
    )
  })

  it('says unavailable when the log cannot be read or written', async () => {
    const memory = createMemoryLog()
    const unwritable = setUp({ ...memory, append: async () => ({ outcome: 'unavailable', reason: 'no answer' }) })
    expect(await unwritable.decide(visits, CP1, visitOnce('a'), metadata())).toEqual({
      outcome: 'unavailable',
      reason: 'no answer',
    })
    const unreadable = setUp({
      ...memory,
      readBackward: () => {
        throw new LogUnavailable('reading', 'no answer')
      },
    })
    expect(await unreadable.decide(visits, CP1, visitOnce('a'), metadata())).toMatchObject({ outcome: 'unavailable' })
    await expect(unreadable.load(visits, CP1)).rejects.toThrow(LogUnavailable)
  })

  it('gives up after as many conflicts as it was told to bear', async () => {
    const log = createMemoryLog()
    const loop = createWriteLoop({
      log: { ...log, append: async () => ({ outcome: 'conflict' }) },
      cacheSize: 1,
      build: 'b',
      maxConflicts: 2,
    })
    let runs = 0
    const decision = () => {
      runs += 1
      return accept(visit('a'))
    }
    expect(await loop.decide(visits, CP1, decision, metadata())).toMatchObject({ outcome: 'unavailable' })
    expect(runs).toBe(3)
  })
})
