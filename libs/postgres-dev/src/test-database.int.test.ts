import pg from 'pg'
import type { TestDatabase } from './test-database.ts'
import { openTestDatabase } from './test-database.ts'

describe('a test database', () => {
  const open: TestDatabase[] = []
  afterAll(async () => {
    for (const database of open) await database.drop()
  })

  it('is empty, is one of several on one server, and is gone after drop even while somebody is connected', async () => {
    const [one, two] = await Promise.all([openTestDatabase(), openTestDatabase()])
    open.push(one, two)
    expect(new URL(one.url).host).toBe(new URL(two.url).host)
    expect(one.url).not.toBe(two.url)

    const client = new pg.Client({ connectionString: one.url })
    client.on('error', () => {}) // the drop ends this connection
    await client.connect()
    const { rows } = await client.query(
      `select count(*)::int as tables from information_schema.tables where table_schema = 'public'`,
    )
    expect(rows).toEqual([{ tables: 0 }])
    await one.drop()
    await expect(new pg.Client({ connectionString: one.url }).connect()).rejects.toMatchObject({
      code: '3D000',
    })
  })
})
