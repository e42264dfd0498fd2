import { comparePositions, moveCheckpoint } from './checkpoint.ts'
import type { DirectConnection } from './direct-connection.ts'
import { CannotApply } from './projection.ts'
import type { FeedBatch, PlacedEvent, Position, Projection } from './projection.ts'
import { openRowBatch } from './rows.ts'

/**
 * Rows and checkpoint in one transaction. The checkpoint goes first: whoever was overtaken stops before it touches a row, and a
 * rebuild that holds the checkpoint finds no half-written rows to wait for. When an event cannot be applied, those before it are
 * kept and CannotApply names it. Throws CheckpointMoved too, and the error of `pg` when Postgres is away.
 * @returns where the checkpoint stands now
 */
export const applyBatch = async (
  connection: DirectConnection,
  projection: Projection,
  batch: Pick<FeedBatch, 'events' | 'position'>,
  from: Position | undefined,
): Promise<Position | undefined> => {
  const to = batch.position
  // the server tells the position where we are again when nothing has come since
  if (to === undefined || (batch.events.length === 0 && comparePositions(to, from) <= 0)) return from
  try {
    await applyTogether(connection, projection, batch.events, from, to)
    return to
  } catch (error) {
    if (!(error instanceof CannotApply)) throw error
  }
  // once more, one by one: it may have been a passing trouble, and what is before the event must not be held up by it
  let position = from
  for (const one of batch.events) {
    await applyTogether(connection, projection, [one], position, one.position)
    position = one.position
  }
  if (comparePositions(position, to) < 0) await applyTogether(connection, projection, [], position, to)
  return to
}

/** What the events do to rows is written at the end, many rows with one statement. */
const applyTogether = (
  connection: DirectConnection,
  projection: Projection,
  events: readonly PlacedEvent[],
  from: Position | undefined,
  to: Position,
): Promise<void> =>
  connection.inTransaction(async () => {
    await moveCheckpoint(connection.db, projection.name, from, to)
    const batch = openRowBatch(connection.db)
    let at: PlacedEvent | undefined
    try {
      for (at of events) await projection.apply(batch.of(projection.groupOf(at)), at)
      await batch.flush()
    } catch (error) {
      // of several it may be another one's fault that the last one was at: the caller finds out one by one
      throw at === undefined || isTroubleOfPostgres(error) ? error : new CannotApply(projection.name, at, error)
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
