import { comparePositions, moveCheckpoint } from './checkpoint.ts'
import { CannotApply } from './projection.ts'
import type { AnyDatabase, FeedBatch, PlacedEvent, Position, Projection } from './projection.ts'

/**
 * Rows and checkpoint in one transaction. The checkpoint goes first: whoever was overtaken stops before it touches a row, and a
 * rebuild that holds the checkpoint finds no half-written rows to wait for. When an event cannot be applied, those before it are
 * kept and CannotApply names it. Throws CheckpointMoved too, and the error of `pg` when Postgres is away.
 * @returns where the checkpoint stands now
 */
export const applyBatch = async (
  db: AnyDatabase,
  projection: Projection,
  batch: Pick<FeedBatch, 'events' | 'position'>,
  from: Position | undefined,
): Promise<Position | undefined> => {
  const to = batch.position
  // the server tells the position where we are again when nothing has come since
  if (to === undefined || (batch.events.length === 0 && comparePositions(to, from) <= 0)) return from
  try {
    await applyTogether(db, projection, batch.events, from, to)
    return to
  } catch (error) {
    if (!(error instanceof CannotApply)) throw error
  }
  // once more, one by one: it may have been a passing trouble, and what is before the event must not be held up by it
  let position = from
  for (const one of batch.events) {
    await applyTogether(db, projection, [one], position, one.position)
    position = one.position
  }
  if (comparePositions(position, to) < 0) await applyTogether(db, projection, [], position, to)
  return to
}

const applyTogether = (
  db: AnyDatabase,
  projection: Projection,
  events: readonly PlacedEvent[],
  from: Position | undefined,
  to: Position,
): Promise<void> =>
  db.transaction().execute(async (tx) => {
    await moveCheckpoint(tx, projection.name, from, to)
    for (const event of events) {
      try {
        await projection.apply(tx, event)
      } catch (error) {
        throw isTroubleOfPostgres(error) ? error : new CannotApply(projection.name, event, error)
      }
    }
  })

/**
 * Not the event's fault: the connection (08), a conflict (40), resources (53), somebody's intervention such as a shutdown (57),
 * the system (58), or an error of the socket, which has no SQLSTATE.
 */
const isTroubleOfPostgres = (error: unknown): boolean => {
  const code = (error as { code?: unknown }).code
  if (typeof code !== 'string')
    return (
      error instanceof Error && /^(Connection terminated|Query read timeout|Client has encountered)/.test(error.message)
    )
  return /^(08|40|53|57|58)[0-9A-Z]{3}$/.test(code) || /^E[A-Z]+$/.test(code)
}
