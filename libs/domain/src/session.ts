import type { FactId, TokenRef } from '@voltrail/contracts/ids'
import type { Instant, OccurredAt, RegisterReading, Wh } from '@voltrail/contracts/quantities'
import type { AuthorizationStatus } from '@voltrail/contracts/personal'
import type { EventNamed, SessionEvent } from '@voltrail/contracts/events/registry'
import type {
  ChargingState,
  EnergySource,
  LiveMeasurement,
  RegisterTrack,
  SessionStop,
  SessionSummary,
} from '@voltrail/contracts/events/session'
import { accept, reject, type Aggregate, type Decision, type Recorded } from './decider.ts'
import { beginTrack, energyBetween, trackReading, trackedEnergy, wentBack } from './registers.ts'

/** One charging session: `session-<tenant>.<charger>.<transaction>`. Event 0 holds the start facts for ever. */

export type SessionStarted = EventNamed<'SessionStarted'>['data']

export interface SessionState {
  readonly start?: SessionStarted
  readonly summary: SessionSummary
}

/** A register reading that came with a message, with the time that counts. */
export interface TimedReading {
  readonly at: Instant
  readonly reading: RegisterReading
  readonly context?: string | undefined
}

const keptKeys = 8
const keptFacts = 4
const keep = <T>(list: readonly T[], item: T | undefined, most: number): T[] =>
  item === undefined ? [...list] : [...list.slice(-(most - 1)), item]

export const emptySummary: SessionSummary = {
  energyWh: 0 as Wh,
  chargingState: 'Charging',
  meterEvents: 0,
  recentKeys: [],
  recentFacts: [],
  corrections: 0,
  settled: false,
}

// --- evolve -----------------------------------------------------------------------------------------------------------

type Change =
  | { type: 'SessionStarted'; data: SessionStarted }
  | { type: 'SessionEnergyMetered'; data: Omit<EventNamed<'SessionEnergyMetered'>['data'], 'summary'> }
  | { type: 'SessionChargingStateChanged'; data: EventNamed<'SessionChargingStateChanged'>['data'] }
  | { type: 'SessionStopped'; data: Omit<EventNamed<'SessionStopped'>['data'], 'summary'> }
  | { type: 'SessionCorrected'; data: Omit<EventNamed<'SessionCorrected'>['data'], 'summary'> }
  | { type: 'SessionSettled'; data: EventNamed<'SessionSettled'>['data'] }

const trackAll = (track: RegisterTrack | undefined, readings: readonly TimedReading[]): RegisterTrack | undefined =>
  readings.reduce<RegisterTrack | undefined>((t, { reading, at }) => trackReading(t, reading, at), track)

/** The track with the meter stop as its newest reading, so that what comes late is held against the whole session. */
const trackStop = (
  track: RegisterTrack | undefined,
  { meterStop, stoppedAt }: SessionStop,
): RegisterTrack | undefined => {
  if (meterStop === undefined) return track
  const at = stoppedAt.effectiveAt
  return trackReading(track, meterStop, track !== undefined && track.lastAt > at ? track.lastAt : at)
}

/** What a change makes of the summary. The deciders write its result into the event; the fold finds the same again. */
export const summarised = (summary: SessionSummary, change: Change, factId: FactId | undefined): SessionSummary => {
  const recentFacts = keep(summary.recentFacts, factId, keptFacts)
  switch (change.type) {
    case 'SessionStarted': {
      const { meterStart, startedAt } = change.data
      return {
        ...emptySummary,
        recentFacts,
        ...(meterStart === undefined ? {} : { registers: beginTrack(meterStart, startedAt.effectiveAt) }),
      }
    }
    case 'SessionEnergyMetered': {
      const registers = trackAll(summary.registers, change.data.registers)
      return {
        ...summary,
        recentFacts,
        recentKeys: keep(summary.recentKeys, change.data.contentKey, keptKeys),
        meterEvents: summary.meterEvents + 1,
        ...(registers === undefined ? {} : { registers }),
        // after the stop the energy is the stop's, until a correction says otherwise
        energyWh: summary.stop === undefined ? trackedEnergy(registers) : summary.energyWh,
        ...(change.data.named === true ? { confirmed: true } : {}),
      }
    }
    case 'SessionChargingStateChanged':
      return { ...summary, recentFacts, chargingState: change.data.chargingState }
    case 'SessionStopped': {
      const stop = onlyStop(change.data)
      const registers = trackStop(trackAll(summary.registers, change.data.registers), stop)
      return {
        ...summary,
        recentFacts,
        ...(registers === undefined ? {} : { registers }),
        energyWh: stop.energyWh,
        stop,
        ...confirming(stop),
      }
    }
    case 'SessionCorrected': {
      const { cause, stop, startedAt } = change.data
      const registers = cause === 'late-stop' ? trackStop(summary.registers, stop) : summary.registers
      return {
        ...summary,
        recentFacts,
        ...(registers === undefined ? {} : { registers }),
        ...(startedAt === undefined ? {} : { startedAt }),
        stop,
        energyWh: stop.energyWh,
        corrections: summary.corrections + 1,
        ...(cause === 'late-stop' ? confirming(stop) : {}),
      }
    }
    case 'SessionSettled':
      return { ...summary, recentFacts, settled: true }
    default:
      return change satisfies never
  }
}

/** A stop that names its transaction shows that the charger knows the id. */
const confirming = (stop: SessionStop): { confirmed?: true } =>
  stop.inferred || stop.matched === true ? {} : { confirmed: true }

const onlyStop = (data: SessionStop): SessionStop => ({
  stoppedAt: data.stoppedAt,
  ...(data.meterStop === undefined ? {} : { meterStop: data.meterStop }),
  reason: data.reason,
  inferred: data.inferred,
  energyWh: data.energyWh,
  energySource: data.energySource,
  ...(data.authorization === undefined ? {} : { authorization: data.authorization }),
  ...(data.matched === undefined ? {} : { matched: data.matched }),
  ...(data.meterResets === undefined ? {} : { meterResets: data.meterResets }),
})

const evolve = (state: SessionState, event: Recorded<SessionEvent>): SessionState => {
  const summary = summarised(state.summary, event, event.metadata.causation.factId)
  return event.type === 'SessionStarted' ? { start: event.data, summary } : { ...state, summary }
}

/** When it began: as event 0 says, unless a review knew it better. */
export const beganAt = (start: SessionStarted, summary: SessionSummary): OccurredAt =>
  summary.startedAt ?? start.startedAt

export const session: Aggregate<SessionState, SessionEvent> = {
  initialState: { summary: emptySummary },
  evolve,
  needsFirst: true,
  restore: (event, first) => {
    if (first?.type !== 'SessionStarted' || !('summary' in event.data)) return undefined
    return { start: first.data, summary: event.data.summary }
  },
}

// --- decisions --------------------------------------------------------------------------------------------------------

/** Why a decision cannot be made on this stream. */
export type SessionRejection = { readonly kind: 'not-started' } | { readonly kind: 'taken-by-another-start' }

const heard = (state: SessionState, factId: FactId | undefined): boolean =>
  factId !== undefined && state.summary.recentFacts.includes(factId)

/**
 * The start of a session; told again it makes nothing. Another start under this id means that the next id must be probed.
 * @param held register readings that came before the start and belong to it, one message each, oldest first
 */
export const startSession = (
  start: SessionStarted,
  state: SessionState,
  held: readonly MeterSession[] = [],
  factId?: FactId,
): Decision<SessionEvent, SessionRejection> => {
  if (state.start !== undefined)
    return state.start.startKey === start.startKey ? accept() : reject({ kind: 'taken-by-another-start' })
  const events: SessionEvent[] = [{ type: 'SessionStarted', data: start }]
  let summary = summarised(state.summary, { type: 'SessionStarted', data: start }, factId)
  for (const message of held) {
    const metered = meteredBy({ ...message, factId }, summary)
    summary = metered.data.summary
    events.push(metered)
  }
  return accept(...events)
}

export interface MeterSession {
  readonly factId?: FactId | undefined
  readonly contentKey: string
  readonly registers: readonly TimedReading[]
  readonly live: LiveMeasurement
  readonly measuredAt: Instant
  /** the charger named the transaction itself */
  readonly named?: boolean | undefined
}

const meteredBy = (
  command: MeterSession,
  before: SessionSummary,
): Extract<SessionEvent, { type: 'SessionEnergyMetered' }> => {
  const { factId, named, ...measured } = command
  const data = {
    ...measured,
    registers: readings(measured.registers),
    ...(named === true ? { named } : {}),
    late: before.stop !== undefined,
  }
  const summary = summarised(before, { type: 'SessionEnergyMetered', data }, factId)
  return { type: 'SessionEnergyMetered', data: { ...data, summary } }
}

/** The meter's own last word, or an operator's: no reading that comes later says more. */
const isLastWord = ({ energySource }: SessionStop): boolean =>
  energySource === 'meter-stop' || energySource === 'signed' || energySource === 'review'

/**
 * Meter values of this session, before or after its stop. After a stop whose energy was not the meter's own last word they
 * may change the energy: then a correction follows.
 */
export const meterSession = (command: MeterSession, state: SessionState): Decision<SessionEvent, SessionRejection> => {
  if (state.start === undefined) return reject({ kind: 'not-started' })
  if (heard(state, command.factId) || state.summary.recentKeys.includes(command.contentKey)) return accept()
  const { factId } = command
  const metered = meteredBy(command, state.summary)
  const { summary } = metered.data
  const { stop } = summary
  const energyWh = trackedEnergy(summary.registers)
  if (stop === undefined || isLastWord(stop)) return accept(metered)
  // values older than what is known say nothing new about the energy
  if (energyWh === stop.energyWh || energyWh === trackedEnergy(state.summary.registers)) return accept(metered)
  return accept(
    metered,
    correction(
      summary,
      { ...stop, energyWh, energySource: 'registers' },
      'late-meter',
      'meter values after the stop',
      factId,
    ),
  )
}

export interface StopSession {
  readonly factId?: FactId | undefined
  readonly stoppedAt: OccurredAt
  readonly meterStop?: RegisterReading | undefined
  readonly reason: string
  readonly inferred: boolean
  readonly registers: readonly TimedReading[]
  readonly idTokenRef?: TokenRef | undefined
  readonly authorization?: AuthorizationStatus | undefined
  /** it names no transaction of ours: it was attributed to this one by what it says */
  readonly matched?: boolean | undefined
}

/** Whether a stop says more than the one that is known: a real one more than an inferred, a named one more than a matched. */
const isBetter = (command: StopSession, known: SessionStop): boolean =>
  !command.inferred && (known.inferred || (known.matched === true && command.matched !== true))

/**
 * The end of a session. Told again it makes nothing; a real stop after an inferred one corrects it, as does one that names the
 * transaction after one that was only matched with it.
 */
export const stopSession = (command: StopSession, state: SessionState): Decision<SessionEvent, SessionRejection> => {
  if (state.start === undefined) return reject({ kind: 'not-started' })
  const known = state.summary.stop
  if (known !== undefined && (!isBetter(command, known) || heard(state, command.factId))) return accept()
  const stop = stopOf(command, state.start, trackAll(state.summary.registers, command.registers))
  if (known !== undefined)
    return accept(
      correction(
        state.summary,
        stop,
        'late-stop',
        known.inferred
          ? 'the stop came after the end was inferred'
          : 'the stop that names this transaction came after one that was matched with it',
        command.factId,
      ),
    )
  const data = {
    ...stop,
    registers: readings(command.registers),
    ...(command.idTokenRef === undefined ? {} : { idTokenRef: command.idTokenRef }),
  }
  const summary = summarised(state.summary, { type: 'SessionStopped', data }, command.factId)
  return accept<SessionEvent>({ type: 'SessionStopped', data: { ...data, summary } })
}

/** The charger says that energy flows or pauses. Only a change is told. */
export const changeChargingState = (
  command: { readonly factId?: FactId | undefined; readonly chargingState: ChargingState; readonly at: OccurredAt },
  state: SessionState,
): Decision<SessionEvent, SessionRejection> => {
  if (state.start === undefined) return reject({ kind: 'not-started' })
  const { factId, chargingState, at } = command
  if (heard(state, factId)) return accept()
  if (state.summary.stop !== undefined || state.summary.chargingState === chargingState) return accept()
  return accept<SessionEvent>({ type: 'SessionChargingStateChanged', data: { chargingState, at } })
}

// --- calculations -----------------------------------------------------------------------------------------------------

const mostReadings = 64

/**
 * The readings of a message as they are stored. Of a very long list (a stop may carry megabytes) only those that the energy
 * depends on: the first, the last, and both sides of each place where the register went back. The frame keeps them all.
 */
const essential = (list: readonly TimedReading[]): readonly TimedReading[] =>
  list.length <= mostReadings
    ? list
    : list.filter(({ reading }, i) => {
        const [before, after] = [list[i - 1], list[i + 1]]
        if (before === undefined || after === undefined) return true
        return wentBack(before.reading, reading) || wentBack(reading, after.reading)
      })

const readings = (list: readonly TimedReading[]): { at: Instant; reading: RegisterReading; context?: string }[] =>
  essential(list).map(({ at, reading, context }) => ({ at, reading, ...(context === undefined ? {} : { context }) }))

/**
 * The billed energy and where it comes from: meter stop − meter start when the register only grew; otherwise the sum of the
 * monotone segments of all readings, the meter stop among them.
 */
const billedEnergy = (
  start: SessionStarted,
  track: RegisterTrack | undefined,
  meterStop: RegisterReading | undefined,
  stoppedAt: Instant,
): { energyWh: Wh; energySource: EnergySource; meterResets?: number } => {
  if (meterStop === undefined) {
    if (track === undefined) return { energyWh: 0 as Wh, energySource: 'none' }
    const { resets } = track
    return {
      energyWh: trackedEnergy(track),
      energySource: 'registers',
      ...(resets > 0 ? { meterResets: resets } : {}),
    }
  }
  const whole = start.meterStart === undefined ? undefined : energyBetween(start.meterStart, meterStop)
  const ended = trackReading(
    track,
    meterStop,
    track !== undefined && track.lastAt > stoppedAt ? track.lastAt : stoppedAt,
  )
  if (whole !== undefined && !wentBack(start.meterStart!, meterStop) && ended.resets === 0)
    return { energyWh: Math.max(0, whole) as Wh, energySource: 'meter-stop' }
  const meterResets = Math.max(1, ended.resets)
  return {
    energyWh: trackedEnergy(ended),
    energySource: 'registers',
    ...(whole === undefined && ended.resets === 0 ? {} : { meterResets }),
  }
}

export const stopOf = (command: StopSession, start: SessionStarted, track: RegisterTrack | undefined): SessionStop => ({
  stoppedAt: command.stoppedAt,
  ...(command.meterStop === undefined ? {} : { meterStop: command.meterStop }),
  reason: command.reason,
  inferred: command.inferred,
  ...(command.authorization === undefined ? {} : { authorization: command.authorization }),
  ...(command.matched === true ? { matched: true } : {}),
  ...billedEnergy(start, track, command.meterStop, command.stoppedAt.effectiveAt),
})

export const correction = (
  summary: SessionSummary,
  stop: SessionStop,
  cause: EventNamed<'SessionCorrected'>['data']['cause'],
  detail: string,
  factId: FactId | undefined,
  startedAt?: OccurredAt,
): SessionEvent => {
  const data = { cause, detail, stop, ...(startedAt === undefined ? {} : { startedAt }) }
  return {
    type: 'SessionCorrected',
    data: { ...data, summary: summarised(summary, { type: 'SessionCorrected', data }, factId) },
  }
}
