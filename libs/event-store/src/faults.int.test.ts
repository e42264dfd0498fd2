import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import type { EventStoreDev } from '@voltrail/event-store-dev/server'
import { accept } from '@voltrail/domain/decider'
import { verifyChain } from '@voltrail/domain/hash-chain'
import type { StoredEvent } from '@voltrail/domain/hash-chain'
import type { FaultSettings } from '@voltrail/event-store-dev/faults'
import { connectEventLog } from './esdb-log.ts'
import type { EsdbLog, LogStatus } from './esdb-log.ts'
import { newStream } from './fixtures/new-stream.ts'
import { metadata, visit, visitOnce, visits } from './fixtures/visits.ts'
import { createWriteLoop } from './write-loop.ts'
import type { WriteLoop } from './write-loop.ts'

/** What only a server with fault switches can show. */
describe('the log when the server fails', () => {
  let server: EventStoreDev
  let log: EsdbLog
  let loop: WriteLoop
  const stored = async (name: string): Promise<StoredEvent[]> => {
    const events: StoredEvent[] = []
    for await (const event of log.readStored(name)) events.push(event)
    return events
  }

  beforeEach(async () => {
    server = await startEventStoreDev({ data: 'memory', port: 0, faults: true })
    log = connectEventLog({ connectionString: server.connectionString, appendTimeoutMs: 400, appendDeadlineMs: 4_000 })
    loop = createWriteLoop({ log, cacheSize: 10, build: 'b' })
  })
  afterEach(async () => {
    await log.close()
    await server.stop()
  })

  const unknownOutcomes: [string, FaultSettings][] = [
    ['is not answered and not written', { silentAppend: { next: 1, commit: false } }],
    ['is written and not answered', { silentAppend: { next: 1, commit: true } }],
    ['is not answered three times', { silentAppend: { next: 3 } }],
    ['loses its connection before the commit', { dropConnection: { next: 1, when: 'before-commit' } }],
    ['loses its connection after the commit', { dropConnection: { next: 1, when: 'after-commit' } }],
    ['loses its connection three times after the commit', { dropConnection: { next: 3, when: 'after-commit' } }],
    ['is refused by a server that is not the leader', { notLeader: { next: 1 } }],
    ['is refused twice by a server that is not the leader', { notLeader: { next: 2 } }],
    [
      'is written, not answered, and then refused',
      { silentAppend: { next: 1, commit: true }, wrongExpectedVersion: { next: 2 } },
    ],
    ['meets a full disk once', { diskFull: { next: 1 } }],
  ]
  it.each(unknownOutcomes)(
    'stores exactly one event and gives the right answer when an append %s',
    async (_what, faults) => {
      const name = newStream()
      await loop.decide(visits, name, visitOnce('before'), metadata())
      server.faults.set(faults)
      expect(await loop.decide(visits, name, visitOnce('a'), metadata())).toMatchObject({
        outcome: 'accepted',
        revision: 1,
        state: { lately: ['before', 'a'] },
        appended: [{ revision: 1 }],
      })
      server.faults.clear()
      expect(await stored(name)).toHaveLength(2)
      expect(await loop.decide(visits, name, visitOnce('a'), metadata())).toMatchObject({ appended: [] })
      expect(verifyChain(await stored(name))).toMatchObject({ ok: true, revision: 1 })
    },
  )

  it('decides again when the store refuses a revision that nobody took', async () => {
    const name = newStream()
    server.faults.set({ wrongExpectedVersion: { next: 2 } })
    expect(await loop.decide(visits, name, visitOnce('a'), metadata())).toMatchObject({
      outcome: 'accepted',
      revision: 0,
    })
    expect(await stored(name)).toHaveLength(1)
  })

  it('loses nothing and doubles nothing when the connection breaks again and again under load', async () => {
    const name = newStream()
    const names = Array.from({ length: 40 }, newStream)
    let breaks = 0
    const breaking = setInterval(() => {
      breaks += 1
      if (breaks <= 10) server.faults.set({ dropConnection: { next: 1, when: 'after-commit' } })
    }, 50)
    const decisions = Array.from({ length: 400 }, (_, i) => {
      const target = i % 10 === 0 ? name : names[i % names.length]!
      return loop.decide(visits, target, () => accept(visit(`v${i}`)), metadata())
    })
    const decided = await Promise.all(decisions)
    clearInterval(breaking)
    server.faults.clear()
    expect(server.faults.happened().dropConnection).toBeGreaterThan(0)
    expect(decided.filter((one) => one.outcome !== 'accepted')).toEqual([])
    const lengths = await Promise.all([name, ...names].map(async (one) => (await loop.load(visits, one)).state.total))
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(400)
    for (const one of [name, ...names]) expect(verifyChain(await stored(one))).toMatchObject({ ok: true })
  })

  it('answers unavailable at the deadline, says so, and goes on when the server is back', async () => {
    const name = newStream()
    await loop.decide(visits, name, visitOnce('a'), metadata())
    const seen: LogStatus['state'][] = []
    log.onStatus((status) => seen.push(status.state))
    const { port } = server
    await server.stop()
    const began = performance.now()
    expect(await loop.decide(visits, name, visitOnce('b'), metadata())).toMatchObject({ outcome: 'unavailable' })
    expect(performance.now() - began).toBeLessThan(6_000)
    expect(log.status()).toMatchObject({ state: 'down' })
    expect(await log.probe()).toMatchObject({ state: 'down' })

    server = await startEventStoreDev({ data: 'memory', port, faults: true })
    expect(await log.probe()).toEqual({ state: 'up' })
    const next = newStream()
    expect(await loop.decide(visits, next, visitOnce('c'), metadata())).toMatchObject({ outcome: 'accepted' })
    expect(seen).toEqual(['down', 'up'])
  })
})
