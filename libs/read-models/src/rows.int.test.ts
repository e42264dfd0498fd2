import { sql } from 'kysely'
import fc from 'fast-check'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import type { TestDatabase } from '@voltrail/postgres-dev/test-database'
import { openDirectConnection } from './direct-connection.ts'
import type { DirectConnection } from './direct-connection.ts'
import { openRowBatch } from './rows.ts'
import type { Columns, RowBatch } from './rows.ts'

let database: TestDatabase
let connection: DirectConnection
beforeAll(async () => {
  database = await openTestDatabase()
  connection = await openDirectConnection(database.url, 'public', 'test')
  await sql`create table doors (house text, n int, colour text, state text not null default 'shut', knocks bigint, tags text[],
    papers jsonb, primary key (house, n))`.execute(connection.db)
  await sql`create table counts (name text primary key, fired bigint not null, last_at timestamptz not null)`.execute(
    connection.db,
  )
})
beforeEach(async () => {
  await sql`truncate doors, counts`.execute(connection.db)
})
afterAll(async () => {
  await connection.close()
  await database.drop()
})

const doors = async () =>
  (await sql<Record<string, unknown>>`select * from doors order by house, n`.execute(connection.db)).rows
const writing = async (write: (batch: RowBatch) => void | Promise<void>): Promise<void> =>
  connection.inTransaction(async () => {
    const batch = openRowBatch(connection.db)
    await write(batch)
    await batch.flush()
  })

type Call =
  | { readonly do: 'put' | 'change'; readonly n: number; readonly columns: Columns }
  | { readonly do: 'changeWhere'; readonly match: Columns; readonly columns: Columns }
  | { readonly do: 'write' }
type Step = { readonly house: string; readonly call: Call }

/** What each call would do, were it done at once. */
const model = (steps: readonly Step[]): Record<string, unknown>[] => {
  const rows = new Map<string, Record<string, unknown>>()
  const empty = { colour: null, state: 'shut', knocks: null, tags: null, papers: null }
  for (const { house, call } of steps) {
    if (call.do === 'write') continue
    if (call.do === 'changeWhere') {
      for (const row of rows.values())
        if (row['house'] === house && Object.entries(call.match).every(([name, value]) => row[name] === value))
          Object.assign(row, call.columns)
      continue
    }
    const key = `${house} ${call.n}`
    const row = rows.get(key) ?? { house, n: call.n, ...empty }
    if (call.do === 'put') rows.set(key, row)
    Object.assign(row, call.columns)
  }
  return [...rows.values()].toSorted((a, b) =>
    a['house'] === b['house'] ? Number(a['n']) - Number(b['n']) : a['house'] === 'left' ? -1 : 1,
  )
}

const carryOut = (steps: readonly Step[]): Promise<void> =>
  writing(async (batch) => {
    for (const { house, call } of steps) {
      const rows = batch.of(house)
      if (call.do === 'write') await batch.flush()
      else if (call.do === 'changeWhere') rows.changeWhere('doors', { house, ...call.match }, call.columns)
      else rows[call.do]('doors', { house, n: call.n }, call.columns)
    }
  })

const columns = fc.record(
  {
    colour: fc.option(fc.constantFrom('red', 'blue')),
    state: fc.constantFrom('shut', 'open'),
    knocks: fc.option(fc.nat({ max: 9 })),
  },
  { requiredKeys: [] },
)
const n = fc.nat({ max: 2 })
const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ do: fc.constantFrom('put' as const, 'change' as const), n, columns }),
  fc.record({
    do: fc.constant('changeWhere' as const),
    match: fc.oneof(
      fc.record({ state: fc.constantFrom('shut', 'open') }),
      fc.record({ colour: fc.option(fc.constantFrom('red', 'blue')) }),
      fc.record({ n, colour: fc.option(fc.constantFrom('red', 'blue')) }),
    ),
    columns,
  }),
  fc.record({ do: fc.constant('write' as const) }),
)

describe('the rows of a batch', () => {
  it('are what they would be if every call were done at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ house: fc.constantFrom('left', 'right'), call }), { maxLength: 20 }),
        async (steps) => {
          await sql`truncate doors`.execute(connection.db)
          await carryOut(steps)
          expect(await doors()).toEqual(model(steps))
        },
      ),
      { numRuns: 300 },
    )
  })

  it.each<[string, readonly Call[]]>([
    [
      'what matches still, though its column was set',
      [
        { do: 'put', n: 0, columns: {} },
        { do: 'changeWhere', match: { state: 'shut' }, columns: { state: 'shut' } },
        { do: 'changeWhere', match: { state: 'shut' }, columns: { knocks: 0 } },
      ],
    ],
    [
      'what matches by what was changed before it, to the same columns',
      [
        { do: 'put', n: 0, columns: {} },
        { do: 'changeWhere', match: { state: 'shut' }, columns: { state: 'open', knocks: 1 } },
        { do: 'changeWhere', match: { state: 'open' }, columns: { state: 'shut', knocks: 2 } },
      ],
    ],
    [
      'what matches once more, after others came to match',
      [
        { do: 'put', n: 0, columns: {} },
        { do: 'put', n: 1, columns: { state: 'open' } },
        { do: 'changeWhere', match: { state: 'shut' }, columns: { knocks: 1 } },
        { do: 'changeWhere', match: { state: 'open' }, columns: { state: 'shut' } },
        { do: 'changeWhere', match: { state: 'shut' }, columns: { knocks: 2 } },
      ],
    ],
    [
      'what ceases to match after others were changed',
      [
        { do: 'put', n: 0, columns: {} },
        { do: 'changeWhere', match: { state: 'shut' }, columns: { knocks: 1 } },
        { do: 'changeWhere', match: { state: 'open' }, columns: { knocks: 3 } },
        { do: 'changeWhere', match: { state: 'shut' }, columns: { state: 'open' } },
      ],
    ],
  ])('change %s', async (_what, calls) => {
    const steps = calls.map((call) => ({ house: 'left', call }))
    await carryOut(steps)
    expect(await doors()).toEqual(model(steps))
  })

  it('keep every kind of value', async () => {
    const papers = { text: 'a "quoted" – word', list: [1, null] }
    await writing((batch) =>
      batch.of('').add('doors', { house: 'h', n: 1 }, { tags: ['a,b', '{}'], papers, knocks: 9_007_199_254_740_991 }),
    )
    expect(await doors()).toEqual([
      { house: 'h', n: 1, colour: null, state: 'shut', knocks: 9_007_199_254_740_991, tags: ['a,b', '{}'], papers },
    ])
  })

  it('are refused together when one is there already, or is not there and had to be', async () => {
    const key = { house: 'h', n: 1 }
    await writing((batch) => batch.of('').add('doors', key, { colour: 'red' }))
    await expect(writing((batch) => batch.of('').add('doors', key, { colour: 'blue' }))).rejects.toThrow(
      /duplicate key/,
    )
    await expect(
      writing((batch) => {
        batch.of('').add('doors', { house: 'h', n: 2 }, {})
        batch.of('').add('doors', { house: 'h', n: 2 }, {})
      }),
    ).rejects.toThrow('there is a row of ["h",2] in doors already')
    await expect(
      writing((batch) => {
        batch.of('').change('doors', key, { colour: 'blue' }, 'no such door')
        batch.of('').change('doors', { house: 'h', n: 9 }, { colour: 'blue' }, 'no such door')
      }),
    ).rejects.toThrow('no such door')
    expect(await doors()).toMatchObject([{ n: 1, colour: 'red' }])
  })

  it('are counted, and the greatest kept, in whatever order they come', async () => {
    const early = '2026-01-01T00:00:00.000Z'
    const late = '2026-02-01T00:00:00.000Z'
    await writing((batch) => {
      batch.of('a').gather('counts', { name: 'x' }, { fired: 1 }, { last_at: late })
      batch.of('b').gather('counts', { name: 'x' }, { fired: 2 }, { last_at: early })
    })
    await writing((batch) => batch.of('a').gather('counts', { name: 'x' }, { fired: 1 }, { last_at: early }))
    const { rows } = await sql`select * from counts`.execute(connection.db)
    expect(rows).toEqual([{ name: 'x', fired: 4, last_at: late }])
  })

  it('are written before what is asked', async () => {
    await writing(async (batch) => {
      const rows = batch.of('h')
      rows.put('doors', { house: 'h', n: 1 }, { knocks: 1 })
      const asked = await rows.ask((db) => sql<{ knocks: number }>`select knocks from doors`.execute(db))
      expect(asked.rows).toEqual([{ knocks: 1 }])
    })
  })
})
