import type { ChargerEvent, DomainEvent } from '@voltrail/contracts/events/registry'
import type { Registration } from '@voltrail/contracts/facts'
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

/** What a charger is registered as, by the newest event that tells it. A summary is written each 100 events. */
export async function registrationOf(
  log: Pick<EventLog, 'readBackward'>,
  stream: string,
): Promise<Registration | undefined> {
  for await (const recorded of log.readBackward(stream)) {
    const event = recorded as unknown as ChargerEvent
    if (event.type === 'ChargerRegistered' || event.type === 'ChargerRegistrationChanged')
      return event.data.registration
    if (event.type === 'ChargerSummarised') return event.data.summary.registration
  }
  return undefined
}
