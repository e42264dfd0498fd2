import type { FactId } from '@voltrail/contracts/ids'
import type { Instant, OccurredAt, TimedRegister, Wh } from '@voltrail/contracts/quantities'
import type { EventNamed, SessionEvent } from '@voltrail/contracts/events/registry'
import type {
  ChargingState,
  LiveMeasurement,
  RegisterTrack,
  SessionStop,
  SessionSummary,
} from '@voltrail/contracts/events/session'
import { accept, reject, type Aggregate, type Decision, type Recorded } from './decider.ts'
import { essential } from './billed-energy.ts'
import { beginTrack, trackReading, trackedEnergy } from './registers.ts'
import type { TimedReading } from './timed-reading.ts'

/** One charging session: `session-<tenant>.<charger>.<transaction>`. Event 0 holds the start facts for ever. */

export type SessionStarted = EventNamed<'SessionStarted'>['data']

export interface SessionState {
  readonly start?: SessionStarted
  readonly summary: SessionSummary
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
  | { type: 'SessionEnergyVouched'; data: Omit<EventNamed<'SessionEnergyVouched'>['data'], 'summary'> }
  | { type: 'SessionSettled'; data: EventNamed<'SessionSettled'>['data'] }

const trackAll = (track: RegisterTrack | undefined, readings: readonly TimedReading[]): RegisterTrack | undefined =>
  readings.reduce<RegisterTrack | undefined>((t, { reading, at }) => trackReading(t, reading, at), track)

/** What a change makes of the summary. The deciders write its result into the event; the fold finds the same again. */
export const summarised = (summary: SessionSummary, change: Change, factId: FactId | undefined): SessionSummary => {
  const recentFacts = keep(summary.recentFacts, factId, keptFacts)
  switch (change.type) {
    case 'SessionStarted': {
      const { meterStart, startedAt } = change.data
      return {
        ...emptySummary,
        recentFacts,
        ...doubted(change.data),
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
        ...doubted(change.data),
      }
    }
    case 'SessionChargingStateChanged':
      return { ...summary, recentFacts, chargingState: change.data.chargingState }
    case 'SessionStopped': {
      const stop = onlyStop(change.data)
      return {
        ...summary,
        recentFacts,
        energyWh: stop.energyWh,
        stop,
        ...confirming(stop),
        ...doubted(change.data),
      }
    }
    case 'SessionCorrected': {
      const { cause, stop, startedAt, vouched } = change.data
      return {
        ...summary,
        recentFacts,
        ...(startedAt === undefined ? {} : { startedAt }),
        stop,
        energyWh: stop.energyWh,
        corrections: summary.corrections + 1,
        // what was settled was another truth: its quiet time begins anew
        settled: false,
        ...(cause === 'late-stop' ? confirming(stop) : {}),
        ...(vouched === true ? { suspect: false } : doubted(change.data)),
      }
    }
    case 'SessionEnergyVouched':
      return { ...summary, recentFacts, suspect: false }
    case 'SessionSettled':
      return { ...summary, recentFacts, settled: true }
    default:
      return change satisfies never
  }
}

const doubted = ({ suspect }: { readonly suspect?: boolean | undefined }): { suspect?: true } =>
  suspect === true ? { suspect } : {}

/** A stop that names its transaction shows that the charger knows the id. */
const confirming = (stop: SessionStop): { confirmed?: true } =>
  stop.inferred || stop.matched === true ? {} : { confirmed: true }

const onlyStop = (data: SessionStop): SessionStop => ({
  stoppedAt: data.stoppedAt,
  ...(data.meterStop === undefined ? {} : { meterStop: data.meterStop }),
  reason: data.reason,
  inferred: data.inferred,
  ...(data.nextStartAt === undefined ? {} : { nextStartAt: data.nextStartAt }),
  energyWh: data.energyWh,
  energySource: data.energySource,
  ...(data.authorization === undefined ? {} : { authorization: data.authorization }),
  ...(data.matched === undefined ? {} : { matched: data.matched }),
  ...(data.meterResets === undefined ? {} : { meterResets: data.meterResets }),
  ...(data.unread === undefined ? {} : { unread: data.unread }),
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

export const heard = (state: SessionState, factId: FactId | undefined): boolean =>
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
  /** its energy contradicts its power */
  readonly suspect?: boolean | undefined
}

/**
 * A doubt is told once. What an operator has vouched for is not doubted again: of a session that goes on that is what was metered
 * until then, of one that has ended its energy, until that changes.
 */
const isNewDoubt = ({ suspect, stop }: SessionSummary): boolean =>
  suspect === undefined || (!suspect && stop === undefined)

export const meteredBy = (
  command: MeterSession,
  before: SessionSummary,
): Extract<SessionEvent, { type: 'SessionEnergyMetered' }> => {
  const { factId, named, suspect, ...measured } = command
  const data = {
    ...measured,
    ...storedReadings(measured.registers),
    ...(named === true ? { named } : {}),
    late: before.stop !== undefined,
    ...(suspect === true && isNewDoubt(before) ? { suspect } : {}),
  }
  const summary = summarised(before, { type: 'SessionEnergyMetered', data }, factId)
  return { type: 'SessionEnergyMetered', data: { ...data, summary } }
}

/** Meter values of a session that goes on. Those of one that has ended are a matter of its end: `meterAfterStop`. */
export const meterSession = (
  command: MeterSession,
  state: SessionState,
): Decision<SessionEvent, SessionRejection | { readonly kind: 'ended' }> => {
  if (state.start === undefined) return reject({ kind: 'not-started' })
  if (meteredBefore(command, state)) return accept()
  return state.summary.stop === undefined ? accept(meteredBy(command, state.summary)) : reject({ kind: 'ended' })
}

/** Whether these meter values were heard, by the fact that told them or by their content. */
export const meteredBefore = ({ factId, contentKey }: MeterSession, state: SessionState): boolean =>
  heard(state, factId) || state.summary.recentKeys.includes(contentKey)

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

/** Readings as an event holds them, and how many they were where they are thinned out. */
export const storedReadings = (
  list: readonly TimedReading[],
): { readonly registers: TimedRegister[]; readonly registersTold?: number } => {
  const registers = essential(list).map(storedReading)
  return { registers, ...(registers.length === list.length ? {} : { registersTold: list.length }) }
}

export const storedReading = ({ at, reading, context, told }: TimedReading): TimedRegister => ({
  at,
  reading,
  ...(context === undefined ? {} : { context }),
  ...(told === undefined ? {} : { told }),
})
