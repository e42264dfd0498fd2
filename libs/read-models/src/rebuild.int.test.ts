import { sql } from 'kysely'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import type { TestDatabase } from '@voltrail/postgres-dev/test-database'
import { checksum } from './checksum.ts'
import { openDirectConnection } from './direct-connection.ts'
import { sampleEvents } from './fixtures/events.ts'
import { memoryFeed } from './fixtures/memory-feed.ts'
import type { MemoryFeed } from './fixtures/memory-feed.ts'
import { project, rowsOf, silent } from './fixtures/projected.ts'
import { until } from './fixtures/until.ts'
import { visitLog, visitsProjection } from './fixtures/visits.ts'
import { loadProjection } from './load/projection.ts'
import type { AnyDatabase, Projection } from './projection.ts'
import { rebuild } from './rebuild.ts'
import { reportingProjection } from './reporting/projection.ts'
import { runProjection } from './run-projection.ts'
import type { RunningProjection } from './run-projection.ts'

let database: TestDatabase
let running: RunningProjection | undefined

const start = (feed: MemoryFeed, projection: Projection = visitsProjection) => {
  running = runProjection({
    projection,
    databaseUrl: database.url,
    subscribe: feed.subscribe,
    log: silent,
    standbyPollMs: 20,
    backoff: { firstMs: 10, maxMs: 50 },
  })
  return running
}
const again = (feed: MemoryFeed, projection: Projection = visitsProjection, signal?: AbortSignal) =>
  rebuild({ projection, databaseUrl: database.url, subscribe: feed.subscribe, log: silent, ...(signal && { signal }) })
const inDatabase = async <T>(run: (db: AnyDatabase) => Promise<T>): Promise<T> => {
  const connection = await openDirectConnection(database.url, 'public', 'test')
  try {
    return await run(connection.db)
  } finally {
    await connection.close()
  }
}
const schemas = () =>
  inDatabase(async (db) => {
    const { rows } = await sql<{
      name: string
    }>`select nspname as name from pg_namespace where nspname !~ '^(pg_|information_schema|public)' order by 1`.execute(
      db,
    )
    return rows.map(({ name }) => name)
  })

beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(async () => {
  await running?.stop()
  running = undefined
  await database.drop()
})

describe('a rebuild from zero', () => {
  it.each([reportingProjection, loadProjection])(
    'gives rows identical to those that grew event by event: $name',
    async (projection) => {
      const events = sampleEvents()
      const feed = memoryFeed()
      const live = start(feed, projection)
      for (const event of events) {
        feed.append(event)
        await until('it is applied', () => live.position()?.commit === event.position.commit)
      }
      const before = await inDatabase((db) => checksum(db, projection.schema))
      expect(Object.keys(before).length).toBeGreaterThan(1)
      expect(Object.values(before).every((sum) => /^\d+:-?\d+:-?\d+$/.test(sum))).toBe(true)
      expect(await again(feed, projection)).toMatchObject({ differing: [] })
      expect(await inDatabase((db) => checksum(db, projection.schema))).toEqual(before)
      expect(await schemas()).toEqual([projection.schema])
    },
  )

  it('mends rows that were changed by hand, and names their tables', async () => {
    const { visit } = visitLog()
    const feed = memoryFeed(visit('a', 'b', 'c'))
    await until('it is live', () => start1().state() === 'live')
    await inDatabase((db) => sql`update visits.visits set vendor = 'x' where revision = 1`.execute(db))
    expect(await again(feed)).toMatchObject({ events: 3, differing: ['visits'] })
    expect(await rowsOf(database.url, 'visits', 'visits')).toMatchObject([
      { vendor: 'a' },
      { vendor: 'b' },
      { vendor: 'c' },
    ])

    function start1() {
      return running ?? start(feed)
    }
  })

  it('lets the live projector go on, before and after, without losing or doubling an event', async () => {
    const { visit } = visitLog()
    const feed = memoryFeed(visit(...Array.from({ length: 300 }, (_, n) => `${n}`)))
    const live = start(feed)
    await until('it is live', () => live.state() === 'live')
    let more = 0
    let writes = true
    // as fast as the live projector keeps up, whatever else the machine does
    const writing = (async () => {
      while (writes && live.state() !== 'stopped') {
        const [event] = visit(`more-${more++}`)
        feed.append(event!)
        await until('it is applied', () => !writes || live.position()?.commit === event!.position.commit)
      }
    })()
    try {
      for (let round = 0; round < 3; round++) expect(await again(feed)).toMatchObject({ differing: [] })
    } finally {
      writes = false
      await writing
    }
    await until('all are there', async () => {
      if (live.state() === 'stopped') throw new Error(live.failing())
      return (await rowsOf(database.url, 'visits', 'visits')).length === 300 + more
    })
    expect(more).toBeGreaterThan(0)
    expect(await rowsOf(database.url, 'visits', 'totals')).toMatchObject([{ visits: 300 + more }])
  })

  it('makes the read model when there is none', async () => {
    const { visit } = visitLog()
    const feed = memoryFeed(visit('a'))
    expect(await again(feed)).toMatchObject({ events: 1, differing: [] })
    feed.append(...visit('b'))
    const live = start(feed)
    await until('it is live', () => live.state() === 'live')
    expect(await rowsOf(database.url, 'visits', 'visits')).toHaveLength(2)
  })

  it('leaves the live rows alone when it is interrupted, or meets an event that cannot be applied, and can be run again', async () => {
    const { visit } = visitLog()
    const events = visit('a', 'b')
    await project(visitsProjection, database.url, events)
    await expect(again(memoryFeed(events), visitsProjection, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
      'enough',
    )
    const broken: Projection = { ...visitsProjection, apply: () => Promise.reject(new Error('no')) }
    await expect(again(memoryFeed(events), broken)).rejects.toThrow(
      'cannot apply VendorDataReceived at charger-acme.CP1@0: no',
    )
    expect(await rowsOf(database.url, 'visits', 'visits')).toHaveLength(2)
    expect(await again(memoryFeed(events))).toMatchObject({ differing: [] })
    expect(await schemas()).toEqual(['visits'])
  })

  it('runs once at a time', async () => {
    const { visit } = visitLog()
    const events = visit('a')
    let go: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (go = resolve))
    let begun = false
    const slow: Projection = {
      ...visitsProjection,
      async apply(tx, event) {
        begun = true
        await gate
        await visitsProjection.apply(tx, event)
      },
    }
    const first = again(memoryFeed(events), slow)
    await until('the first has begun', () => begun)
    await expect(again(memoryFeed(events))).rejects.toMatchObject({ name: 'StartError' })
    go()
    await first
  })
})
