import type { Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { postgresTypes } from './postgres-types.ts'
import type { AnyDatabase } from './projection.ts'

/** One connection that is ours alone: for a session lock and the writes that it guards. */
export interface DirectConnection {
  readonly db: AnyDatabase
  /** aborted when the connection breaks, also while it is idle: its session locks are gone then */
  readonly lost: AbortSignal
  /**
   * One transaction of everything that `run` asks of `db`. Statements go out without waiting for the answers of those before, those
   * of one turn of the event loop in one write; Postgres still does them one after the other. (A transaction of Kysely would wait
   * for each.)
   */
  inTransaction(run: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

const mostStatements = 500

/**
 * @param schema the search path: table names without a schema mean this one
 * Throws the error of `pg` when there is no connection to be had within 5 s.
 */
export const openDirectConnection = async (
  databaseUrl: string,
  schema: string,
  purpose: string,
): Promise<DirectConnection> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    types: postgresTypes,
    application_name: `voltrail ${purpose}`,
    connectionTimeoutMillis: 5_000,
    query_timeout: 60_000,
    keepAlive: true,
    pipeline: true,
  } as pg.ClientConfig)
  const broken = new AbortController()
  // without a listener a broken idle connection would end the process
  client.on('error', (error) => broken.abort(error))
  client.on('end', () => broken.abort(new Error('the connection to Postgres has ended')))
  try {
    await client.connect()
    await client.query(`set search_path to ${pg.escapeIdentifier(schema)}`)
    // rows and checkpoint go in one transaction: what a crash of Postgres takes, it takes of both, and it is applied again
    await client.query('set synchronous_commit to off')
    // writes find their rows by key. A plan is kept from when a table was empty, and then reading all of it is the quicker way
    await client.query(
      'set enable_seqscan to off; set enable_hashjoin to off; set enable_mergejoin to off; set plan_cache_mode to force_generic_plan',
    )
    // the session lock of a machine that vanished must not be held for the two hours that are the system's default
    await client.query('set tcp_keepalives_idle to 10; set tcp_keepalives_interval to 5; set tcp_keepalives_count to 3')
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }

  // the same few statements run for every event: let Postgres parse and plan each once
  const names = new Map<string, string>()
  const nameOf = (text: string): { name?: string } => {
    let name = names.get(text)
    if (name === undefined && names.size < mostStatements) {
      name = `s${names.size}`
      names.set(text, name)
    }
    return name === undefined ? {} : { name }
  }
  const gather = gathering(client)
  const ask = (query: pg.QueryConfig): Promise<pg.QueryResult> => {
    gather()
    return client.query(query)
  }
  const only = {
    query: (text: string, values: unknown[]) => ask({ text, values, ...(values.length > 0 && nameOf(text)) }),
    release: () => undefined,
  }
  const pool = { connect: () => Promise.resolve(only), end: () => client.end() }
  return {
    db: new Kysely({ dialect: new PostgresDialect({ pool: pool as unknown as pg.Pool }) }),
    lost: broken.signal,
    async inTransaction(run) {
      const begun = ask({ text: 'begin' })
      try {
        // the first statements go with it; without it there is no connection for them either
        await Promise.all([begun, run()])
        await ask({ text: 'commit' })
      } catch (error) {
        await client.query('rollback').catch(() => undefined)
        throw error
      }
    },
    close: () => client.end().catch(() => undefined),
  }
}

/** Holds back what is written to the connection until the end of this turn of the event loop: one system call for many statements. */
const gathering = (client: pg.Client): (() => void) => {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection
  let held = false
  return () => {
    if (held) return
    held = true
    stream.cork()
    setImmediate(() => {
      held = false
      stream.uncork()
    })
  }
}
