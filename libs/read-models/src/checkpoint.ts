import { sql } from 'kysely'
import type { AnyDatabase, Position } from './projection.ts'

type Row = { commit_position: string | null; prepare_position: string | null }

/** The checkpoint is not where this writer left it: another one has gone on. Whoever meets this steps down. */
export class CheckpointMoved extends Error {
  constructor(projection: string) {
    super(`the checkpoint of ${projection} was moved by another projector`)
    this.name = 'CheckpointMoved'
  }
}

export const positionText = (position: Position | undefined): string =>
  position === undefined ? 'the beginning' : `${position.commit}/${position.prepare}`

/** -1, 0 or 1, as of sort functions; the beginning is before everything. */
export const comparePositions = (a: Position | undefined, b: Position | undefined): number => {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  if (a.commit !== b.commit) return a.commit < b.commit ? -1 : 1
  if (a.prepare !== b.prepare) return a.prepare < b.prepare ? -1 : 1
  return 0
}

const positionOf = (row: Row | undefined): Position | undefined =>
  row?.commit_position == null || row.prepare_position == null
    ? undefined
    : { commit: BigInt(row.commit_position), prepare: BigInt(row.prepare_position) }

export const readCheckpoint = async (db: AnyDatabase, projection: string): Promise<Position | undefined> => {
  const { rows } =
    await sql<Row>`select commit_position, prepare_position from checkpoint where projection = ${projection}`.execute(
      db,
    )
  return positionOf(rows[0])
}

/** As `readCheckpoint`, and whoever writes there waits until this transaction ends. */
export const holdCheckpoint = async (tx: AnyDatabase, projection: string): Promise<Position | undefined> => {
  const { rows } = await sql<Row>`
    select commit_position, prepare_position from checkpoint where projection = ${projection} for update`.execute(tx)
  return positionOf(rows[0])
}

/** Throws CheckpointMoved unless it stood at `from`. */
export const moveCheckpoint = async (
  tx: AnyDatabase,
  projection: string,
  from: Position | undefined,
  to: Position,
): Promise<void> => {
  const { numAffectedRows } = await sql`
    update checkpoint set commit_position = ${to.commit.toString()}::numeric, prepare_position = ${to.prepare.toString()}::numeric
    where projection = ${projection}
      and commit_position is not distinct from ${from?.commit.toString() ?? null}::numeric
      and prepare_position is not distinct from ${from?.prepare.toString() ?? null}::numeric`.execute(tx)
  if (numAffectedRows !== 1n) throw new CheckpointMoved(projection)
}
