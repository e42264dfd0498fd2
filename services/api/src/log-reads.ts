import type { DomainEvent } from '@voltrail/contracts/events/registry'
import type { Aggregate, Recorded } from '@voltrail/domain/decider'
import type { EventLog } from '@voltrail/event-store/event-log'

/**
 * A short stream folded from its beginning: what an operator reads right after writing it, without waiting for a projection.
 * `revision` is that of the last event, -1 when there is none.
 */
export async function foldStream<S, E extends DomainEvent>(
  log: Pick<EventLog, 'readForward'>,
  aggregate: Aggregate<S, E>,
  stream: string,
): Promise<{ readonly state: S; readonly revision: number }> {
  let state = aggregate.initialState
  let revision = -1
  for await (const event of log.readForward(stream, 0)) {
    state = aggregate.evolve(state, event as unknown as Recorded<E>)
    revision = event.revision
  }
  return { state, revision }
}

/** Whether a stream has any event. */
export async function exists(log: Pick<EventLog, 'readForward'>, stream: string): Promise<boolean> {
  for await (const event of log.readForward(stream, 0, 1)) return event.revision >= 0
  return false
}
