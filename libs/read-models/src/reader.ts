import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { postgresTypes } from './postgres-types.ts'

export interface ReaderOptions {
  readonly databaseUrl: string
  /** default 10 */
  readonly connections?: number
  /** called when an idle connection breaks; the next query makes a new one */
  readonly onConnectionLost?: (error: Error) => void
}

/** A pool for reading one read model. End it with `destroy()`. Nothing is asked of Postgres before the first query. */
export const openReader = <DB>(schema: string, options: ReaderOptions): Kysely<DB> => {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    types: postgresTypes,
    max: options.connections ?? 10,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    query_timeout: 12_000,
    keepAlive: true,
    application_name: `voltrail reader of ${schema}`,
  })
  // without a listener a broken idle connection would end the process
  pool.on('error', (error) => options.onConnectionLost?.(error))
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) }).withSchema(schema)
}
