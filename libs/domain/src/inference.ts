import type { FactId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import type { SessionEvent } from '@voltrail/contracts/events/registry'
import { accept, type Decision } from './decider.ts'
import type { SessionRejection } from './session.ts'
import { stopSession, type WholeSession } from './session-end.ts'

/** Ends of sessions that no charger told: what was used is known from the last register, and the bill is provisional. */

export interface InferStop {
  readonly factId?: FactId | undefined
  /** what proves the end; it stands as the reason of the stop */
  readonly because: 'NextStart' | 'ConnectorAvailable' | 'ChargerSilent'
  /** `NextStart`: when the next one began. `ConnectorAvailable`: since when the connector is. */
  readonly provenAt?: Instant | undefined
  readonly receivedAt: Instant
}

/**
 * Ends a session by inference; a session that has ended, or never began, is left alone. It ended
 * - when its connector became Available, but not before its last register;
 * - at its last register otherwise (at its start without one), but not after the next start on its EVSE.
 */
export const inferStop = (
  { factId, because, provenAt, receivedAt }: InferStop,
  state: WholeSession,
): Decision<SessionEvent, SessionRejection> => {
  if (state.start === undefined) return accept()
  const last = state.summary.registers?.lastAt ?? state.start.startedAt.effectiveAt
  const effectiveAt =
    provenAt === undefined ? last : because === 'NextStart' ? earlier(last, provenAt) : later(last, provenAt)
  const stoppedAt = { receivedAt, effectiveAt, reason: 'inferred' as const }
  const nextStartAt = because === 'NextStart' ? provenAt : undefined
  return stopSession({ factId, stoppedAt, reason: because, inferred: true, nextStartAt, registers: [] }, state)
}

const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b)
const later = (a: Instant, b: Instant): Instant => (a > b ? a : b)
