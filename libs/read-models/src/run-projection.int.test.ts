import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { startPostgres } from '@voltrail/postgres-dev/postgres'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import type { TestDatabase } from '@voltrail/postgres-dev/test-database'
import { memoryFeed } from './fixtures/memory-feed.ts'
import { rowsOf, silent } from './fixtures/projected.ts'
import { until } from './fixtures/until.ts'
import { visitLog, visitsProjection } from './fixtures/visits.ts'
import type { Projection, Subscribe } from './projection.ts'
import { runProjection } from './run-projection.ts'
import type { ProjectionOptions, RunningProjection } from './run-projection.ts'

let database: TestDatabase
const running: RunningProjection[] = []

const start = (subscribe: Subscribe, options: Partial<ProjectionOptions> = {}): RunningProjection => {
  const one = runProjection({
    projection: visitsProjection,
    databaseUrl: database.url,
    subscribe,
    log: silent,
    standbyPollMs: 20,
    backoff: { firstMs: 10, maxMs: 50 },
    ...options,
  })
  running.push(one)
  return one
}

const query = async (text: string, url = database.url): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
const vendors = async () =>
  (await query('select vendor from visits.visits order by revision')).map(({ vendor }) => vendor)
const checkpoint = async () => (await query('select commit_position from visits.checkpoint'))[0]?.['commit_position']
const live = (one: RunningProjection) => until('it is live', () => one.state() === 'live')
const has = (count: number) => until(`there are ${count} rows`, async () => (await vendors()).length === count)

beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()))
  await database.drop()
})

describe('a projection', () => {
  it('applies what there is, then what comes, and goes on after its checkpoint', async () => {
    const { visit } = visitLog()
    const feed = memoryFeed(visit('a', 'b', 'c'))
    const first = start(feed.subscribe, { batchSize: 2 })
    await live(first)
    expect(first.failing()).toBeUndefined()
    expect(first.lagSeconds()).toBe(0)
    feed.append(...visit('d'))
    await has(4)
    await first.stop()
    expect(first.failing()).toBe('was stopped')

    feed.append(...visit('e'))
    await live(start(feed.subscribe))
    expect(await vendors()).toEqual(['a', 'b', 'c', 'd', 'e'])
    // beyond 2^53, and exact
    expect(await checkpoint()).toBe('9007199254741393')
    expect(feed.begun).toEqual(['start', { commit: 9007199254741293n, prepare: 9007199254741293n }])
  })

  it('stores how far it is when nothing for it comes', async () => {
    const { visit } = visitLog()
    const feed = memoryFeed(visit('a'))
    const one = start(feed.subscribe)
    await live(one)
    feed.advance({ commit: 9_007_199_254_799_999n, prepare: 9_007_199_254_799_998n })
    await until('the checkpoint has moved', async () => (await checkpoint()) === '9007199254799999')
    expect(one.position()).toEqual({ commit: 9_007_199_254_799_999n, prepare: 9_007_199_254_799_998n })
    expect(await vendors()).toEqual(['a'])
  })

  it('has its age as its lag while it catches up', async () => {
    const { visit } = visitLog()
    let go: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (go = resolve))
    const slow: Projection = {
      ...visitsProjection,
      apply: (rows, event) => gate.then(() => visitsProjection.apply(rows, event)),
    }
    const [event] = visit('a')
    const received = new Date(Date.now() - 90_000).toISOString()
    const aged = {
      ...event!,
      metadata: { ...event!.metadata, receivedAt: received as (typeof event & object)['metadata']['receivedAt'] },
    }
    const one = start(memoryFeed([aged]).subscribe, { projection: slow })
    await until('it has begun', () => one.lagSeconds() > 0)
    expect(one.lagSeconds()).toBeGreaterThan(89)
    expect(one.lagSeconds()).toBeLessThan(120)
    go()
    await live(one)
    expect(one.lagSeconds()).toBe(0)
  })

  it('does not run on a schema that a newer build has made', async () => {
    await live(start(memoryFeed().subscribe))
    await query('insert into visits.migrations values (99)')
    const one = start(memoryFeed().subscribe)
    await until('it has stopped', () => one.state() === 'stopped')
    expect(one.failing()).toMatch(/schema visits has version 99, this build knows 2/)
  })
})

describe('two instances', () => {
  it('have one writer; the other is ready and takes over when the first stops', async () => {
    const { visit } = visitLog()
    const feed = memoryFeed(visit('a'))
    const [one, two] = [start(feed.subscribe), start(feed.subscribe)]
    await until('one writes and one stands by', () => [one.state(), two.state()].sort().join() === 'live,standby')
    const [writer, standby] = one.state() === 'live' ? [one, two] : [two, one]
    expect(standby.failing()).toBeUndefined()
    await writer.stop()
    await live(standby)
    feed.append(...visit('b'))
    await has(2)
  })

  it('lose and double nothing when the writer is cut off from Postgres again and again', async () => {
    const { visit } = visitLog()
    const feed = memoryFeed()
    const [one, two] = [start(feed.subscribe, { batchSize: 3 }), start(feed.subscribe, { batchSize: 3 })]
    for (let round = 0; round < 10; round++) {
      feed.append(...visit(...Array.from({ length: 20 }, (_, n) => `${round}-${n}`)))
      await until('somebody writes', () => one.state() === 'live' || two.state() === 'live')
      await query(`
        select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`)
    }
    await has(200)
    expect(await query('select visits from visits.totals')).toEqual([{ visits: 200 }])
  })

  it('do not write over each other: who finds the checkpoint moved steps down and begins from there', async () => {
    const { visit, events } = visitLog()
    const feed = memoryFeed(visit('a'))
    const one = start(feed.subscribe)
    await live(one)
    // as another writer would, whatever the lock says
    const [second] = visit('b')
    await query(`
      insert into visits.visits values ('${second!.stream}', 1, 'b'); update visits.totals set visits = 2;
      update visits.checkpoint set commit_position = ${second!.position.commit}, prepare_position = ${second!.position.prepare}`)
    feed.append(...events.slice(1))
    feed.append(...visit('c'))
    await has(3)
    expect(await vendors()).toEqual(['a', 'b', 'c'])
    await live(one)
  })
})

describe('an event that cannot be applied', () => {
  const poisoned = (vendor: string, times: number): Projection => {
    let left = times
    return {
      ...visitsProjection,
      async apply(rows, event) {
        await visitsProjection.apply(rows, event)
        if (event.type === 'VendorDataReceived' && event.data.vendorId === vendor && left-- > 0)
          await rows.ask((db) => sql`select 1 / 0`.execute(db))
      },
    }
  }

  it('stops the projector in front of it, named by stream and revision, with all before it kept', async () => {
    const { visit } = visitLog()
    const feed = memoryFeed(visit('a', 'b', 'poison', 'd'))
    const one = start(feed.subscribe, { projection: poisoned('poison', Infinity) })
    await until('it has stopped', () => one.state() === 'stopped')
    expect(one.failing()).toBe(
      'projection visits cannot apply VendorDataReceived at charger-acme.CP1@2: division by zero',
    )
    expect(await vendors()).toEqual(['a', 'b'])
    expect(await checkpoint()).toBe('9007199254741093')
    // not a minute later either
    feed.append(...visit('e'))
    expect(await vendors()).toEqual(['a', 'b'])

    // with a build that can, it goes on from there
    await live(start(feed.subscribe))
    expect(await vendors()).toEqual(['a', 'b', 'poison', 'd', 'e'])
  })

  it('may have been a passing trouble: it is tried once more', async () => {
    const { visit } = visitLog()
    const one = start(memoryFeed(visit('a', 'b', 'c')).subscribe, { projection: poisoned('b', 1) })
    await live(one)
    expect(await vendors()).toEqual(['a', 'b', 'c'])
  })

  it('may be one that cannot even be read', async () => {
    const unreadable: Subscribe = () => ({
      done: Promise.resolve({
        outcome: 'failed',
        error: Object.assign(new Error('event 7 of charger-acme.CP1 cannot be read: newer'), {
          stream: 'charger-acme.CP1',
          revision: 7,
        }),
      }),
    })
    const one = start(unreadable)
    await until('it has stopped', () => one.state() === 'stopped')
    expect(one.failing()).toMatch(/cannot apply the event at charger-acme.CP1@7: .*newer/)
  })
})

describe('a transaction', () => {
  it('that breaks between rows and checkpoint leaves neither', async () => {
    const { visit } = visitLog()
    let kills = 3
    const killed: Projection = {
      ...visitsProjection,
      async apply(rows, event) {
        await visitsProjection.apply(rows, event)
        if (event.revision === 1 && kills-- > 0)
          await rows.ask((db) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(db))
      },
    }
    const one = start(memoryFeed(visit('a', 'b', 'c')).subscribe, { projection: killed })
    await live(one)
    expect(kills).toBeLessThan(0)
    expect(await vendors()).toEqual(['a', 'b', 'c'])
    expect(await query('select visits from visits.totals')).toEqual([{ visits: 3 }])
  })
})

describe('while the log or Postgres is away', () => {
  it('is not ready and says so, and is ready again when it is back', async () => {
    const { visit } = visitLog()
    let tell: (reason: string) => void = () => undefined
    const feed = memoryFeed(visit('a'))
    const one = start((request) => {
      tell = request.onDown
      return feed.subscribe(request)
    })
    await live(one)
    tell('connection refused')
    expect(one.failing()).toBe('the log is away: connection refused')
    feed.append(...visit('b'))
    await until('it has gone on', () => one.failing() === undefined)
  })

  it('outlives a restart of Postgres', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'voltrail-projection-'))
    await chmod(folder, 0o711)
    const dataDir = join(folder, 'data')
    let server = await startPostgres({ dataDir, durable: false })
    const { port, url } = server
    const { visit } = visitLog()
    const feed = memoryFeed(visit('a'))
    const one = start(feed.subscribe, { databaseUrl: url })
    try {
      await live(one)
      await server.stop()
      await until('it has noticed', () => one.failing()?.startsWith('Postgres is away') === true)
      feed.append(...visit('b'))
      server = await startPostgres({ dataDir, port, durable: false })
      await live(one)
      expect(await rowsOf(url, 'visits', 'visits')).toMatchObject([{ vendor: 'a' }, { vendor: 'b' }])
    } finally {
      await one.stop()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
