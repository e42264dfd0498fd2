import { z } from 'zod'
import { ConnectorId, EvseId, FactId, TokenRef, TransactionId } from '../ids.ts'
import { AuthorizationStatus, StoredIdToken } from '../personal.ts'
import {
  Instant,
  Milliampere,
  Millivolt,
  OccurredAt,
  RegisterReading,
  SocPermille,
  Watt,
  Wh,
  TimedRegister,
} from '../quantities.ts'

/** Events of the stream `session-<tenant>.<charger>.<transaction>`: one charging session. Event 0 holds the start facts for ever. */

export const ChargingState = z.enum(['Charging', 'SuspendedEV', 'SuspendedEVSE'])
export type ChargingState = z.infer<typeof ChargingState>

/** What was measured beside energy, newest value each; phases as L1, L2, L3. */
export const LiveMeasurement = z.object({
  powerW: Watt.optional(),
  offeredMa: Milliampere.optional(),
  currentMa: z
    .object({ L1: Milliampere.optional(), L2: Milliampere.optional(), L3: Milliampere.optional() })
    .optional(),
  voltageMv: z.object({ L1: Millivolt.optional(), L2: Millivolt.optional(), L3: Millivolt.optional() }).optional(),
  socPermille: SocPermille.optional(),
})
export type LiveMeasurement = z.infer<typeof LiveMeasurement>

/** Where the billed energy comes from, in falling order of trust; `review`: an operator decided it. */
export const EnergySource = z.enum(['signed', 'meter-stop', 'registers', 'none', 'review'])
export type EnergySource = z.infer<typeof EnergySource>

/**
 * The registers of a session, exact. A meter that goes back opens a new monotone segment; `closedWh` is the sum of the ended
 * ones (subtracted exactly, rounded once each).
 */
export const RegisterTrack = z.object({
  first: RegisterReading,
  last: RegisterReading,
  lastAt: Instant,
  closedWh: Wh,
  resets: z.int(),
})
export type RegisterTrack = z.infer<typeof RegisterTrack>

export const UnreadRegister = z.enum(['meter-start', 'meter-stop'])
export type UnreadRegister = z.infer<typeof UnreadRegister>

export const SessionStop = z.object({
  stoppedAt: OccurredAt,
  meterStop: RegisterReading.optional(),
  reason: z.string(),
  inferred: z.boolean(),
  /** of an inferred end: when the next session on the EVSE began; what was measured after it is of that one */
  nextStartAt: Instant.optional(),
  energyWh: Wh,
  energySource: EnergySource,
  /** verdict on the token that stopped it, when it named one */
  authorization: AuthorizationStatus.optional(),
  /** it named no transaction of ours and was attributed by what it says: a later stop that names this one corrects it */
  matched: z.boolean().optional(),
  /** how often the register went back, or on by more than can be, under way; absent when it only grew */
  meterResets: z.int().min(1).optional(),
  /** which of its registers the charger did not tell, or not readably, and no sample stands for: billed from what is known */
  unread: z.array(UnreadRegister).min(1).optional(),
})
export type SessionStop = z.infer<typeof SessionStop>

/** Everything about a session that changes after its start: with event 0 it is the whole state. */
export const SessionSummary = z.object({
  energyWh: Wh,
  registers: RegisterTrack.optional(),
  chargingState: ChargingState,
  meterEvents: z.int(),
  /** content keys of the newest meter messages, newest last */
  recentKeys: z.array(z.string()),
  recentFacts: z.array(FactId),
  stop: SessionStop.optional(),
  corrections: z.int(),
  settled: z.boolean(),
  /** a later frame has carried the transaction id: the charger knows it */
  confirmed: z.boolean().optional(),
  /** when it began, where a review knew it better than event 0 */
  startedAt: OccurredAt.optional(),
  /** true: its energy contradicts its power and waits for review, unbilled; false: an operator vouched for it */
  suspect: z.boolean().optional(),
})
export type SessionSummary = z.infer<typeof SessionSummary>

const stoppingToken = {
  idTokenRef: TokenRef.optional(),
  /** whose that token is: the one that started the session, another of its group, or somebody else's */
  stoppedBy: z.enum(['starter', 'group', 'other']).optional(),
}

/** how many readings there were, where they are thinned out; the frame has them all */
const registersTold = z.int().optional()

const doubt = {
  /** the energy waits for review from here on: Wh and kWh may have been taken for each other, or what was vouched for has changed */
  suspect: z.boolean().optional(),
}

export const sessionEvents = {
  SessionStarted: z.object({
    transactionId: TransactionId,
    evseId: EvseId,
    connectorId: ConnectorId,
    idToken: StoredIdToken,
    groupRef: TokenRef.optional(),
    authorization: z.object({ status: AuthorizationStatus, reason: z.string(), expiresAt: Instant.optional() }),
    startKey: z.string(),
    meterStart: RegisterReading.optional(),
    startedAt: OccurredAt,
    reservationId: z.string().optional(),
    /** another session, which has ended, began with the very same facts: which of them a retry means cannot be told */
    ambiguousStart: z.boolean().optional(),
    /** its token was good, and its charger was not accepted at that time: whether it is billed an operator may say */
    unapproved: z.enum(['Pending', 'Rejected']).optional(),
    /** it told no meter start that could be read */
    meterStartUnread: z.literal(true).optional(),
    ...doubt,
  }),
  SessionEnergyMetered: z.object({
    contentKey: z.string(),
    /** register readings of this message, oldest first: [effective time, reading] */
    registers: z.array(TimedRegister),
    registersTold,
    live: LiveMeasurement,
    measuredAt: Instant,
    /** the charger named the transaction itself */
    named: z.boolean().optional(),
    /** true when it came after the stop */
    late: z.boolean(),
    ...doubt,
    summary: SessionSummary,
  }),
  SessionChargingStateChanged: z.object({ chargingState: ChargingState, at: OccurredAt }),
  SessionStopped: z.object({
    ...SessionStop.shape,
    ...stoppingToken,
    /** register readings that came with the stop (1.6 transactionData) */
    registers: z.array(TimedRegister),
    registersTold,
    ...doubt,
    summary: SessionSummary,
  }),
  /** The truth about an ended session changed: `stop` replaces the one before, which stays in the log. */
  SessionCorrected: z.object({
    cause: z.enum(['late-stop', 'late-meter', 'review']),
    detail: z.string(),
    stop: SessionStop,
    /** of a stop that came late */
    ...stoppingToken,
    /** of a review that moved the beginning */
    startedAt: OccurredAt.optional(),
    /** an operator vouches for energy that was suspect */
    vouched: z.boolean().optional(),
    ...doubt,
    /** register readings that came with the stop that holds from now on; absent: those of the stop before stay */
    registers: z.array(TimedRegister).optional(),
    registersTold,
    summary: SessionSummary,
  }),
  /** An operator vouches for the energy of a session that goes on, as far as it was metered: what comes later may be doubted again. */
  SessionEnergyVouched: z.object({ at: Instant, summary: SessionSummary }),
  SessionSettled: z.object({ at: Instant }),
} as const
