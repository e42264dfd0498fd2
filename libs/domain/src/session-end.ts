import type { FactId, TokenRef } from '@voltrail/contracts/ids'
import type { Instant, OccurredAt, RegisterReading } from '@voltrail/contracts/quantities'
import type { AuthorizationStatus } from '@voltrail/contracts/personal'
import type { EventNamed, SessionEvent } from '@voltrail/contracts/events/registry'
import type { SessionStop, SessionSummary, UnreadRegister } from '@voltrail/contracts/events/session'
import { billedEnergy, type BilledEnergy, type MeteredSession } from './billed-energy.ts'
import { accept, reject, type Aggregate, type Decision, type Recorded } from './decider.ts'
import {
  beganAt,
  heard,
  meteredBefore,
  meteredBy,
  session,
  storedReadings,
  summarised,
  type MeterSession,
  type SessionRejection,
  type SessionStarted,
  type SessionState,
} from './session.ts'
import type { TimedReading } from './timed-reading.ts'

/**
 * The end of a session: its energy is decided from every reading that it ever told. A stop is rare, so it may read its session's
 * stream from the beginning; meter values, which are many, need only its newest event.
 */

/** Messages, the newest first: one more costs nothing, however many there are. */
interface Messages {
  readonly readings: readonly TimedReading[]
  /** the charger named the transaction itself: they are of this session, whatever time they have */
  readonly named: boolean
  /** they came after the stop */
  readonly late: boolean
  readonly before: Messages | undefined
}

/** @param until of messages that name no transaction, what was measured later is the next session's */
const inOrderOfTelling = (newest: Messages | undefined, until: Instant | undefined, late: boolean): TimedReading[] => {
  const messages: (readonly TimedReading[])[] = []
  for (let one = newest; one !== undefined; one = one.before)
    if (one.late === late)
      messages.push(one.named || until === undefined ? one.readings : one.readings.filter(({ at }) => at <= until))
  return messages.toReversed().flat()
}

/** A session with all its readings, as they came. */
export interface WholeSession extends SessionState {
  /** of its meter values */
  readonly metered: Messages | undefined
  /** of the stop that holds (1.6 transactionData) */
  readonly told: readonly TimedReading[]
  /** how many readings were thinned out, of its meter values and of that stop */
  readonly leftOut: { readonly metered: number; readonly told: number }
}

const leftOutOf = (event: {
  readonly registers?: readonly unknown[] | undefined
  readonly registersTold?: number | undefined
}): number => {
  const kept = event.registers?.length ?? 0
  return (event.registersTold ?? kept) - kept
}

const evolve = (state: WholeSession, event: Recorded<SessionEvent>): WholeSession => {
  const { metered, told, leftOut } = state
  const next = { ...session.evolve(state, event), metered, told, leftOut }
  switch (event.type) {
    case 'SessionEnergyMetered': {
      const { registers: readings, named, late } = event.data
      return {
        ...next,
        metered: { readings, named: named === true, late, before: metered },
        leftOut: { ...leftOut, metered: leftOut.metered + leftOutOf(event.data) },
      }
    }
    case 'SessionStopped':
      return { ...next, told: event.data.registers, leftOut: { ...leftOut, told: leftOutOf(event.data) } }
    case 'SessionCorrected':
      return event.data.registers === undefined
        ? next
        : { ...next, told: event.data.registers, leftOut: { ...leftOut, told: leftOutOf(event.data) } }
    case 'SessionStarted':
    case 'SessionChargingStateChanged':
    case 'SessionEnergyVouched':
    case 'SessionSettled':
      return next
    default:
      return event satisfies never
  }
}

/** `session` for decisions about its end. It has no short way to its state: each event may hold readings. */
export const wholeSession: Aggregate<WholeSession, SessionEvent> = {
  initialState: { ...session.initialState, metered: undefined, told: [], leftOut: { metered: 0, told: 0 } },
  evolve,
  bulky: true,
}

export interface StopSession {
  readonly factId?: FactId | undefined
  readonly stoppedAt: OccurredAt
  readonly meterStop?: RegisterReading | undefined
  readonly reason: string
  readonly inferred: boolean
  /** of an inferred end: when the next session on the EVSE began, where that is known */
  readonly nextStartAt?: Instant | undefined
  readonly registers: readonly TimedReading[]
  readonly idTokenRef?: TokenRef | undefined
  /** the group of the token that stopped it */
  readonly groupRef?: TokenRef | undefined
  readonly authorization?: AuthorizationStatus | undefined
  /** it names no transaction of ours: it was attributed to this one by what it says */
  readonly matched?: boolean | undefined
  /** what it says of its energy contradicts the power */
  readonly suspect?: boolean | undefined
  /** it told no meter stop that could be read */
  readonly meterStopUnread?: boolean | undefined
}

/** Whether a stop says more than the one that is known: a real one more than an inferred, a named one more than a matched. */
const isBetter = (command: StopSession, known: SessionStop): boolean =>
  !command.inferred && (known.inferred || (known.matched === true && command.matched !== true))

/** OCPP 1.6 §4.10: who started a session may stop it, and so may every token of the same group (parentIdTag). */
const stoppedBy = (
  token: TokenRef,
  group: TokenRef | undefined,
  start: NonNullable<WholeSession['start']>,
): 'starter' | 'group' | 'other' => {
  const starter = start.idToken.ref
  if (token === starter) return 'starter'
  const isOfGroup = group === starter || (start.groupRef !== undefined && [token, group].includes(start.groupRef))
  return isOfGroup ? 'group' : 'other'
}

/** The token of a stop that names one, and whose it is. */
const stoppingToken = (
  { idTokenRef, groupRef }: Pick<StopSession, 'idTokenRef' | 'groupRef'>,
  start: NonNullable<WholeSession['start']>,
): Pick<EventNamed<'SessionStopped'>['data'], 'idTokenRef' | 'stoppedBy'> =>
  idTokenRef === undefined ? {} : { idTokenRef, stoppedBy: stoppedBy(idTokenRef, groupRef, start) }

/**
 * The end of a session. Told again it makes nothing; a real stop after an inferred one corrects it, as does one that names the
 * transaction after one that was only matched with it. Energy that an operator vouched for is doubted again once it is another.
 */
export const stopSession = (command: StopSession, state: WholeSession): Decision<SessionEvent, SessionRejection> => {
  if (state.start === undefined) return reject({ kind: 'not-started' })
  const known = state.summary.stop
  if (known !== undefined && (!isBetter(command, known) || heard(state, command.factId))) return accept()
  const stop = stopOf(command, state.start, state)
  if (known !== undefined)
    return accept(
      correction(state.summary, {
        stop,
        registers: command.registers,
        cause: 'late-stop',
        detail: known.inferred
          ? 'the stop came after the end was inferred'
          : 'the stop that names this transaction came after one that was matched with it',
        leftOut: state.leftOut.metered,
        suspect: doubtsEnd(state.summary, known, stop, command.suspect === true || isUnknown(stop)),
        factId: command.factId,
        token: stoppingToken(command, state.start),
      }),
    )
  const data = {
    ...stop,
    ...storedReadings(command.registers),
    ...stoppingToken(command, state.start),
    ...((command.suspect === true || isUnknown(stop)) && state.summary.suspect !== true ? { suspect: true } : {}),
  }
  const summary = summarised(state.summary, { type: 'SessionStopped', data }, command.factId)
  return accept<SessionEvent>({ type: 'SessionStopped', data: { ...data, summary } })
}

/** Whether nothing is known of what a session delivered: a register is missing, and no sample shows that it moved. */
const isUnknown = ({ unread, energyWh, inferred }: SessionStop): boolean =>
  unread !== undefined && energyWh === 0 && !inferred

/** Whether a correction of an end that is known makes its energy doubtful: told once, and of energy that nobody vouched for. */
const doubtsEnd = (
  { suspect }: SessionSummary,
  before: Pick<SessionStop, 'energyWh'>,
  now: Pick<SessionStop, 'energyWh'>,
  contradictsPower: boolean,
): boolean => (suspect === undefined ? contradictsPower : !suspect && now.energyWh !== before.energyWh)

/**
 * An end that was inferred before the next start on the EVSE was known, and that start: what was measured after it, and does not
 * name this session, is the next one's. A start may come from its charger's queue long after silence ended the session before it.
 */
export const endByNextStart = (
  { nextStartAt, factId }: { readonly nextStartAt: Instant; readonly factId?: FactId | undefined },
  state: WholeSession,
): Decision<SessionEvent, SessionRejection> => {
  const { start, summary } = state
  if (start === undefined) return reject({ kind: 'not-started' })
  const known = summary.stop
  // an end that an operator decided holds
  if (known?.inferred !== true || known.stoppedAt.reason === 'review' || isLastWord(known)) return accept()
  const isBound = known.nextStartAt !== undefined && known.nextStartAt <= nextStartAt
  if (isBound || nextStartAt < beganAt(start, summary).effectiveAt) return accept()
  const { meterResets: _, ...rest } = known
  const last = known.stoppedAt.effectiveAt
  const stoppedAt = { ...known.stoppedAt, effectiveAt: nextStartAt < last ? nextStartAt : last }
  const energy = energyOf({ ...known, stoppedAt, nextStartAt }, start, state, [])
  if (last <= nextStartAt && energy.energyWh === known.energyWh && energy.meterResets === known.meterResets)
    return accept()
  return accept(
    correction(summary, {
      stop: { ...rest, ...energy, stoppedAt, nextStartAt },
      cause: 'late-meter',
      detail: `the next session on its connector began at ${nextStartAt}: what was measured after that is of it`,
      leftOut: state.leftOut.metered + state.leftOut.told,
      suspect: doubtsEnd(summary, known, energy, false),
      factId,
    }),
  )
}

/** A signed pair or an operator: no reading says more. */
const isLastWord = ({ energySource }: SessionStop): boolean => energySource === 'signed' || energySource === 'review'

/**
 * Meter values that come after the stop. Where they change the energy, as when they show that the register was reset under way,
 * a correction follows; and where they are the first to contradict the power, for the bill must wait.
 */
export const meterAfterStop = (
  command: MeterSession,
  state: WholeSession,
): Decision<SessionEvent, SessionRejection> => {
  const { start } = state
  if (start === undefined) return reject({ kind: 'not-started' })
  if (meteredBefore(command, state)) return accept()
  const { stop } = state.summary
  if (stop === undefined) return accept(meteredBy(command, state.summary))
  if (isLastWord(stop)) return accept(meteredBy({ ...command, suspect: false }, state.summary))
  const metered = meteredBy(command, state.summary)
  const before = energyOf(stop, start, state, [])
  const now = energyOf(stop, start, state, command.registers)
  const changes = now.energyWh !== before.energyWh || now.meterResets !== before.meterResets
  if (!changes && metered.data.suspect !== true) return accept(metered)
  const { meterResets: _, ...rest } = stop
  return accept(
    metered,
    correction(metered.data.summary, {
      stop: changes ? { ...rest, ...now } : stop,
      cause: 'late-meter',
      detail: changes
        ? 'meter values after the stop'
        : 'meter values after the stop contradict the power: the bill waits',
      leftOut: state.leftOut.metered + state.leftOut.told,
      // what the readings themselves contradict is told with them
      suspect: doubtsEnd(state.summary, before, now, false),
      factId: command.factId,
    }),
  )
}

const energyOf = (
  {
    meterStop,
    stoppedAt,
    reason,
    inferred,
    nextStartAt = inferred && reason === 'NextStart' ? stoppedAt.effectiveAt : undefined,
  }: Pick<MeteredSession, 'meterStop' | 'stoppedAt'> & Pick<StopSession, 'reason' | 'inferred' | 'nextStartAt'>,
  start: SessionStarted,
  { summary, metered, told }: WholeSession,
  more: readonly TimedReading[],
): BilledEnergy => {
  const until = inferred ? nextStartAt : undefined
  return billedEnergy({
    meterStart: start.meterStart,
    startedAt: beganAt(start, summary),
    meterStop,
    stoppedAt,
    readings: [...inOrderOfTelling(metered, until, false), ...told, ...inOrderOfTelling(metered, until, true), ...more],
  })
}

/** What a stop makes of a session; the readings that came with a stop before it are not of this one. */
export const stopOf = (command: StopSession, start: SessionStarted, whole: WholeSession): SessionStop => {
  const energy = energyOf(command, start, { ...whole, told: command.registers }, [])
  const unread = energy.energySource === 'signed' ? [] : unreadOf(command, start, whole)
  return {
    ...endOf(command),
    ...energy,
    ...(unread.length === 0 ? {} : { unread }),
  }
}

/** A sample of a boundary says as much as its register. OCPP 1.6 §7.32 (ReadingContext). */
const unreadOf = (
  { meterStopUnread, registers }: StopSession,
  { meterStartUnread }: SessionStarted,
  { metered }: WholeSession,
): UnreadRegister[] => {
  if (meterStartUnread !== true && meterStopUnread !== true) return []
  const heard = [true, false].flatMap((late) => inOrderOfTelling(metered, undefined, late))
  const contexts = new Set([...heard, ...registers].map(({ context }) => context))
  return [
    ...(meterStartUnread === true && !contexts.has('Transaction.Begin') ? ['meter-start' as const] : []),
    ...(meterStopUnread === true && !contexts.has('Transaction.End') ? ['meter-stop' as const] : []),
  ]
}

const endOf = (command: StopSession): Omit<SessionStop, keyof BilledEnergy | 'unread'> => ({
  stoppedAt: command.stoppedAt,
  ...(command.meterStop === undefined ? {} : { meterStop: command.meterStop }),
  reason: command.reason,
  inferred: command.inferred,
  ...(command.nextStartAt === undefined ? {} : { nextStartAt: command.nextStartAt }),
  ...(command.authorization === undefined ? {} : { authorization: command.authorization }),
  ...(command.matched === true ? { matched: true } : {}),
})

export interface Correction {
  readonly stop: SessionStop
  /** that came with the stop; absent where it is the same stop as before */
  readonly registers?: readonly TimedReading[] | undefined
  readonly cause: EventNamed<'SessionCorrected'>['data']['cause']
  readonly detail: string
  /** how many readings it was made without, because they were thinned out */
  readonly leftOut?: number | undefined
  readonly startedAt?: OccurredAt | undefined
  /** an operator vouches for energy that was suspect */
  readonly vouched?: boolean | undefined
  /** the energy is doubtful from here on */
  readonly suspect?: boolean | undefined
  readonly factId?: FactId | undefined
  /** of a stop that names one */
  readonly token?: ReturnType<typeof stoppingToken>
}

export const correction = (
  before: SessionSummary,
  { stop, registers, cause, detail, leftOut = 0, startedAt, vouched, suspect, factId, token }: Correction,
): SessionEvent => {
  const data = {
    cause,
    detail: leftOut === 0 ? detail : `${detail}; ${leftOut} of its readings stand in their frames alone`,
    stop,
    ...token,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(vouched === true ? { vouched } : {}),
    ...(suspect === true ? { suspect } : {}),
    ...(registers === undefined ? {} : storedReadings(registers)),
  }
  return {
    type: 'SessionCorrected',
    data: { ...data, summary: summarised(before, { type: 'SessionCorrected', data }, factId) },
  }
}
