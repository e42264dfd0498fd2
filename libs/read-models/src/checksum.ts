import { sql } from 'kysely'
import type { AnyDatabase } from './projection.ts'

/** Per table: how many rows, and a sum over all of each row's text that does not depend on their order. */
export type Checksum = Readonly<Record<string, string>>

/** Of every table of a schema but its bookkeeping. Equal checksums: identical rows. Reads each table once. */
export const checksum = async (db: AnyDatabase, schema: string): Promise<Checksum> => {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = ${schema} and table_type = 'BASE TABLE' and table_name not in ('migrations', 'checkpoint')
    order by table_name`.execute(db)
  const sums: Record<string, string> = {}
  for (const { name } of tables) {
    const half = (from: number) =>
      sql`coalesce(sum(('x' || substr(md5(t::text), ${sql.lit(from)}, 16))::bit(64)::bigint::numeric), 0)`
    const { rows } = await sql<{ sum: string }>`
      select count(*) || ':' || ${half(1)} || ':' || ${half(17)} as sum from ${sql.id(schema, name)} t`.execute(db)
    sums[name] = rows[0]?.sum ?? ''
  }
  return sums
}

/** Names of the tables that differ. */
export const differingTables = (a: Checksum, b: Checksum): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((table) => a[table] !== b[table]).sort()
