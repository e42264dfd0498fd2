import type { SessionEvent } from '@voltrail/contracts/events/registry'
import type { Recorded } from '@voltrail/domain/decider'
import type { EventLog, LogEvent } from '@voltrail/event-store/event-log'

/** The first events of sessions, which their ends are rated with: those that began lately from memory, any other from the log. */
export interface SessionStarts {
  hear(event: LogEvent): void
  /** `undefined` when there is no such stream. @throws {LogUnavailable | EventUnreadable} */
  of(stream: string): Promise<Recorded<SessionEvent> | undefined>
}

/** @param kept how many are kept; the oldest goes first */
export const createSessionStarts = (log: Pick<EventLog, 'readForward'>, kept = 10_000): SessionStarts => {
  const starts = new Map<string, Recorded<SessionEvent>>()
  return {
    hear(event) {
      starts.set(event.stream, event as unknown as Recorded<SessionEvent>)
      const [oldest] = starts.keys()
      if (starts.size > kept && oldest !== undefined) starts.delete(oldest)
    },
    async of(stream) {
      const known = starts.get(stream)
      if (known !== undefined) return known
      for await (const event of log.readForward(stream, 0, 1)) return event as unknown as Recorded<SessionEvent>
      return undefined
    },
  }
}
