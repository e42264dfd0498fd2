import { sql } from 'kysely'
import { StartError } from '@voltrail/runtime/start-error'
import type { AnyDatabase, Projection } from './projection.ts'

/** Ours among the two-part advisory locks: `vmig` and `vprj`. */
const migrationLock = 0x766d_6967
const projectionLock = 0x7670_726a

/** The migrations table and the checkpoint live in the schema itself, so that renaming the schema takes them along. */
const bookkeeping = `
  create table if not exists migrations (version int primary key);
  create table if not exists checkpoint (
    projection text primary key,
    commit_position numeric(20, 0),
    prepare_position numeric(20, 0)
  )`

/**
 * Makes the schema or brings it up to date; pods that start at once do it one after the other. The connection's search path is the
 * schema. Throws a StartError when a newer build has been here.
 */
export const migrate = async (db: AnyDatabase, projection: Projection, schema: string): Promise<void> => {
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${migrationLock}::int, hashtext(${schema}))`.execute(tx)
    await sql`create schema if not exists ${sql.id(schema)}`.execute(tx)
    await sql.raw(bookkeeping).execute(tx)
    const { rows } = await sql<{
      version: number
    }>`select coalesce(max(version), 0) as version from migrations`.execute(tx)
    const done = rows[0]?.version ?? 0
    if (done > projection.migrations.length) {
      throw new StartError(
        `the schema ${schema} has version ${done}, this build knows ${projection.migrations.length}`,
        'run the newer build, or drop the schema and rebuild it with this one',
      )
    }
    for (const [index, migration] of projection.migrations.entries()) {
      if (index < done) continue
      await sql.raw(migration).execute(tx)
      await sql`insert into migrations (version) values (${index + 1})`.execute(tx)
    }
    await sql`insert into checkpoint (projection) values (${projection.name}) on conflict do nothing`.execute(tx)
  })
}

/** True when this connection may write the schema from now until it closes: one at a time does. */
export const tryLock = async (db: AnyDatabase, schema: string): Promise<boolean> => {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_lock(${projectionLock}::int, hashtext(${schema})) as locked`.execute(db)
  return rows[0]?.locked === true
}
