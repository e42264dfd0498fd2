import { sql } from 'kysely'
import type { Log } from '@voltrail/runtime/log'
import { StartError } from '@voltrail/runtime/start-error'
import { sleep } from '@voltrail/runtime/ticker'
import { applyBatch } from './apply-batch.ts'
import { comparePositions, holdCheckpoint, positionText, readCheckpoint } from './checkpoint.ts'
import { checksum, differingTables } from './checksum.ts'
import { openDirectConnection } from './direct-connection.ts'
import { migrate, tryLock } from './migrate.ts'
import { feedError } from './projection.ts'
import type { AnyDatabase, FeedBatch, Position, Projection, Subscribe } from './projection.ts'

export interface RebuildOptions {
  readonly projection: Projection
  readonly databaseUrl: string
  readonly subscribe: Subscribe
  readonly log: Log
  readonly signal?: AbortSignal
}

export interface RebuildResult {
  readonly position: Position | undefined
  readonly events: number
  readonly seconds: number
  /** tables whose rows were not those of the live schema at the same position; none unless the code changed or something was wrong */
  readonly differing: readonly string[]
}

/**
 * Fills a new schema beside the live one from the whole log; then, at one position, the live projector is paused, the two are
 * compared and the new one takes the name and the checkpoint of the old in one transaction. The live projector goes on all the
 * while and finds the new rows when it takes up again. Differences are reported, and the new rows win: they are what the log says.
 * Interrupted at any point, it leaves the live schema as it was, and can be started again.
 */
export const rebuild = async (options: RebuildOptions): Promise<RebuildResult> => {
  const { projection, databaseUrl, subscribe, log } = options
  const beside = `${projection.schema}_rebuild`
  const began = performance.now()
  const filler = await openDirectConnection(databaseUrl, beside, `rebuild of ${projection.name}`)
  try {
    if (!(await tryLock(filler.db, beside))) {
      throw new StartError(`the read model ${projection.name} is being rebuilt already`, 'wait for that rebuild to end')
    }
    await dropSchema(filler.db, beside)
    await migrate(filler.db, projection, beside)

    let position: Position | undefined
    let lastEvent: Position | undefined
    let events = 0
    /** Fills up to the position (inclusive), or to the end of the log as it is now. */
    const fill = async (until?: Position): Promise<void> => {
      if (until !== undefined && comparePositions(position, until) >= 0) return
      const end = new AbortController()
      let reached = false
      const feed = subscribe({
        filter: { streamPrefixes: projection.streamPrefixes, types: projection.eventTypes },
        from: position ?? 'start',
        maxEvents: 500,
        onDown: (reason) => log.warn({ projection: projection.name, reason }, 'rebuild: the log is away'),
        async onBatch(batch) {
          const part = upTo(batch, until)
          position = await applyBatch(filler, projection, part, position)
          events += part.events.length
          lastEvent = part.events.at(-1)?.position ?? lastEvent
          reached = part.caughtUp
          if (reached) end.abort()
        },
        signal: AbortSignal.any([end.signal, filler.lost, ...(options.signal ? [options.signal] : [])]),
      })
      const outcome = await feed.done
      if (outcome.outcome === 'failed') throw feedError(projection.name, outcome.error)
      filler.lost.throwIfAborted()
      options.signal?.throwIfAborted()
      if (!reached) throw new Error('the subscription ended before the end of the log')
    }

    await fill()
    const filled = (performance.now() - began) / 1000
    log.info(
      { projection: projection.name, events, seconds: filled, eventsPerSecond: Math.round(events / filled) },
      'rebuild: filled',
    )
    const differing = await swap(databaseUrl, projection, beside, {
      lastEvent: () => lastEvent,
      fillTo: fill,
    })
    if (differing === undefined) log.info('rebuild: there were no live rows of the same position to compare with')
    else if (differing.length === 0) log.info('rebuild: identical to the live rows')
    else log.warn({ differing }, 'rebuild: these tables differ from the live rows, which are replaced')
    const seconds = (performance.now() - began) / 1000
    log.info({ projection: projection.name, events, seconds, position: positionText(position) }, 'rebuild: done')
    return { position, events, seconds, differing: differing ?? [] }
  } finally {
    await filler.close()
  }
}

/** How long the live projector may take to come to where the rebuild is, before the two are swapped without a comparison. */
const patienceMs = 10_000

/** @returns the tables that differed, `undefined` when there was no live schema at the same position to compare with */
const swap = async (
  databaseUrl: string,
  projection: Projection,
  beside: string,
  filled: {
    /** the newest event whose rows are there */
    lastEvent(): Position | undefined
    /** brings the new rows to where the live ones stand */
    fillTo(paused: Position | undefined): Promise<void>
  },
): Promise<string[] | undefined> => {
  const { schema, name } = projection
  const old = `${schema}_old`
  const swapper = await openDirectConnection(databaseUrl, schema, `rebuild of ${name}`)
  try {
    await dropSchema(swapper.db, old)
    const { rows } = await sql<{
      there: boolean
    }>`select to_regclass(${`${schema}.checkpoint`}) is not null as there`.execute(swapper.db)
    if (rows[0]?.there !== true) {
      await dropSchema(swapper.db, schema)
      await sql`alter schema ${sql.id(beside)} rename to ${sql.id(schema)}`.execute(swapper.db)
      return undefined
    }
    const deadline = performance.now() + patienceMs
    while (
      comparePositions(await readCheckpoint(swapper.db, name), filled.lastEvent()) < 0 &&
      performance.now() < deadline
    ) {
      await sleep(100)
    }
    const differing = await swapper.db.transaction().execute(async (tx) => {
      // from here the live projector waits in front of its next batch
      const paused = await holdCheckpoint(tx, name)
      await filled.fillTo(paused)
      // rows of a live projector that is behind are simply older
      const comparable = comparePositions(filled.lastEvent(), paused) <= 0
      const tables = comparable ? differingTables(await checksum(tx, schema), await checksum(tx, beside)) : undefined
      // it then finds no checkpoint, steps down, and begins anew with the new schema
      await sql`delete from checkpoint where projection = ${name}`.execute(tx)
      await sql`alter schema ${sql.id(schema)} rename to ${sql.id(old)}`.execute(tx)
      await sql`alter schema ${sql.id(beside)} rename to ${sql.id(schema)}`.execute(tx)
      return tables
    })
    // apart from the swap: it has to wait for whoever still reads the old rows
    await dropSchema(swapper.db, old)
    return differing
  } finally {
    await swapper.close()
  }
}

const dropSchema = async (db: AnyDatabase, schema: string): Promise<void> => {
  await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(db)
}

/** The part of a batch up to and including a position; caught up when it is reached, or when the log ends before it. */
const upTo = (batch: FeedBatch, until: Position | undefined): FeedBatch => {
  if (until === undefined) return batch
  const reached = batch.caughtUp || comparePositions(batch.position, until) >= 0
  return {
    events: batch.events.filter(({ position }) => comparePositions(position, until) <= 0),
    ...(reached ? { position: until } : batch.position && { position: batch.position }),
    caughtUp: reached,
  }
}
