import type { Instant, OccurredAt, Wh } from '@voltrail/contracts/quantities'
import type { SessionStop, SessionSummary } from '@voltrail/contracts/events/session'
import type { SessionEvent } from '@voltrail/contracts/events/registry'
import { canonicalJson } from './canonical-json.ts'
import { accept, reject, type Decision } from './decider.ts'
import { beganAt, summarised, type SessionRejection } from './session.ts'
import { correction, stopOf, stopSession, type StopSession, type WholeSession } from './session-end.ts'

/** What an operator's review does to a session: it takes a parked stop, or its end is corrected. Asked again they make nothing. */

export type ReviewRejection =
  | SessionRejection
  | { readonly kind: 'not-stopped' }
  | { readonly kind: 'stopped-already'; readonly stoppedAt: Instant }
  | { readonly kind: 'ends-before-start' }

const same = (a: unknown, b: unknown): boolean => canonicalJson([a ?? null]) === canonicalJson([b ?? null])

/** A stop that was parked ends this session, or replaces an end that was inferred. A session that has its stop takes no other one. */
export const attributeStop = (command: StopSession, state: WholeSession): Decision<SessionEvent, ReviewRejection> => {
  const { start, summary } = state
  if (start === undefined) return reject({ kind: 'not-started' })
  const known = summary.stop
  if (known !== undefined && !known.inferred)
    return same(known.meterStop, command.meterStop) && same(known.stoppedAt, command.stoppedAt)
      ? accept()
      : reject({ kind: 'stopped-already', stoppedAt: known.stoppedAt.effectiveAt })
  if (command.stoppedAt.effectiveAt < beganAt(start, summary).effectiveAt) return reject({ kind: 'ends-before-start' })
  return stopSession({ ...command, matched: true }, state)
}

export interface CorrectSession {
  /** what the session delivered, instead of what its meter says */
  readonly energyWh?: Wh | undefined
  readonly startedAt?: Instant | undefined
  readonly stoppedAt?: Instant | undefined
  /** its energy holds, as it is given here or else as it was metered, though it was suspect */
  readonly vouched?: boolean | undefined
  /** when the operator said so */
  readonly at: Instant
}

/**
 * What is given holds from now on, the rest stays. A session that goes on is ended by it, which needs the time of its end; as the
 * charger has not told that end, a stop that comes later still corrects it. Vouched for alone, it goes on.
 */
export const correctSession = (
  command: CorrectSession,
  state: WholeSession,
): Decision<SessionEvent, ReviewRejection> => {
  const { start, summary } = state
  if (start === undefined) return reject({ kind: 'not-started' })
  const { energyWh, at } = command
  const known = summary.stop
  const stoppedAt = moved(known?.stoppedAt, command.stoppedAt, at)
  if (stoppedAt === undefined) {
    const only = command.vouched === true && (energyWh ?? command.startedAt) === undefined
    return only ? vouchSoFar(at, summary) : reject({ kind: 'not-stopped' })
  }
  const before = beganAt(start, summary)
  const startedAt = moved(before, command.startedAt, at) ?? before
  const timed = (command.startedAt ?? command.stoppedAt) !== undefined
  if (timed && stoppedAt.effectiveAt < startedAt.effectiveAt) return reject({ kind: 'ends-before-start' })
  const energy = energyWh === undefined ? {} : { energyWh, energySource: 'review' as const }
  const begin = startedAt === before ? undefined : startedAt
  const vouched = command.vouched === true && summary.suspect === true
  const corrected = (from: typeof summary, stop: SessionStop) =>
    correction(from, {
      stop,
      cause: 'review',
      detail: corrections({ energyWh, begin, end: command.stoppedAt, vouched }),
      startedAt: begin,
      vouched,
    })

  if (known !== undefined) {
    const stop = { ...known, ...energy, stoppedAt }
    return begin === undefined && !vouched && same(stop, known) ? accept() : accept(corrected(summary, stop))
  }
  const ended = stopOf({ stoppedAt, reason: 'Other', inferred: true, registers: [] }, start, state)
  const data = { ...ended, ...energy, registers: [] }
  const stopped = summarised(summary, { type: 'SessionStopped', data }, undefined)
  const stop: SessionEvent = { type: 'SessionStopped', data: { ...data, summary: stopped } }
  return (begin === undefined && !vouched) || stopped.stop === undefined
    ? accept(stop)
    : accept(stop, corrected(stopped, stopped.stop))
}

/** What was metered until now holds, though the session goes on; told again it makes nothing. */
const vouchSoFar = (at: Instant, summary: SessionSummary): Decision<SessionEvent, ReviewRejection> => {
  if (summary.suspect !== true) return accept()
  const data = { at }
  const vouched = summarised(summary, { type: 'SessionEnergyVouched', data }, undefined)
  return accept<SessionEvent>({ type: 'SessionEnergyVouched', data: { ...data, summary: vouched } })
}

/** A boundary at another time; the same object when it stays. What the charger said of it is kept. */
const moved = (known: OccurredAt | undefined, to: Instant | undefined, at: Instant): OccurredAt | undefined =>
  to === undefined || to === known?.effectiveAt
    ? known
    : { ...(known ?? { receivedAt: at }), effectiveAt: to, reason: 'review' }

const corrections = (given: {
  energyWh: Wh | undefined
  begin: OccurredAt | undefined
  end: Instant | undefined
  vouched: boolean
}): string =>
  [
    given.energyWh === undefined ? [] : [`it delivered ${given.energyWh} Wh`],
    given.begin === undefined ? [] : [`it began at ${given.begin.effectiveAt}`],
    given.end === undefined ? [] : [`it ended at ${given.end}`],
  ]
    .flat()
    .join(', ') || (given.vouched ? 'its energy holds as it was metered' : 'the same as before')
