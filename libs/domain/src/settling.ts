import type { Instant } from '@voltrail/contracts/quantities'
import type { SessionEvent } from '@voltrail/contracts/events/registry'
import { accept, type Decision } from './decider.ts'
import type { SessionState } from './session.ts'

/**
 * Declares a session settled: it has ended and nothing was said about it since. `corrections` is how many corrections the caller
 * knew of: one that it did not know of means that the time begins anew. Told again it makes nothing; nor is a session settled whose
 * energy waits for review. A correction opens what was settled.
 */
export const settleSession = (
  { at, corrections }: { readonly at: Instant; readonly corrections: number },
  { summary }: SessionState,
): Decision<SessionEvent> =>
  summary.stop === undefined || summary.settled || summary.suspect === true || summary.corrections !== corrections
    ? accept()
    : accept<SessionEvent>({ type: 'SessionSettled', data: { at } })
