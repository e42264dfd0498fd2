import type { Recorded } from '@voltrail/domain/decider'
import type { EventLog } from '@voltrail/event-store/event-log'

/** The events of a stream from its newest summary on, oldest first. A summary comes regularly: no long stream is read whole. */
export async function newestEvents<E extends { type: string }>(
  log: Pick<EventLog, 'readBackward'>,
  stream: string,
  summary: E['type'],
): Promise<readonly Recorded<E>[]> {
  const found: Recorded<E>[] = []
  for await (const event of log.readBackward(stream)) {
    found.push(event as unknown as Recorded<E>)
    if (event.type === summary) break
  }
  return found.toReversed()
}
