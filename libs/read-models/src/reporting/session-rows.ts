import { sessionParts } from '@voltrail/contracts/streams'
import type { RegisterReading, Instant } from '@voltrail/contracts/quantities'
import type { SessionStop, SessionSummary } from '@voltrail/contracts/events/session'
import type { EventContext, EventHandlers } from '../event-context.ts'
import type { Columns, Rows } from '../rows.ts'

type Session = EventContext<'session'>

const keyOf = ({ tenant, address }: Session) => ({ tenant, session_id: address.sessionId })

/** Billing and meter events of a session that never started cannot be shown anywhere: the row must be there. */
const update = (rows: Rows, context: Session, columns: Columns): void =>
  rows.change(
    'sessions',
    keyOf(context),
    { ...columns, revision: String(context.revision) },
    `session ${context.address.sessionId} never started`,
  )

type Register = { at: Instant; reading: RegisterReading; context?: string | undefined }

const keepRegisters = (rows: Rows, context: Session, registers: readonly Register[]): void =>
  registers.forEach(({ at, reading, context: readingContext }, n) =>
    rows.add(
      'session_energy',
      { ...keyOf(context), revision: context.revision, n },
      { at, register_wh: reading.wh, context: readingContext ?? null },
    ),
  )

const totals = (summary: SessionSummary) => ({
  energy_wh: summary.energyWh,
  charging_state: summary.chargingState,
  corrections: summary.corrections,
  // once it has ended its end says so, which knows of readings that came late or with it
  meter_resets: (summary.stop === undefined ? summary.registers?.resets : summary.stop.meterResets) ?? 0,
})

const end = (stop: SessionStop) => ({
  stopped_at: stop.stoppedAt.effectiveAt,
  stopped_at_reason: stop.stoppedAt.reason,
  stop_reason: stop.reason,
  inferred: stop.inferred,
  meter_stop_wh: stop.meterStop?.wh ?? null,
  energy_wh: stop.energyWh,
  energy_source: stop.energySource,
})

export const sessionHandlers: EventHandlers<
  'session',
  | 'SessionStarted'
  | 'SessionEnergyMetered'
  | 'SessionChargingStateChanged'
  | 'SessionStopped'
  | 'SessionCorrected'
  | 'SessionEnergyVouched'
  | 'SessionSettled'
> = {
  SessionStarted: (rows, data, context) =>
    rows.add('sessions', keyOf(context), {
      charger_id: sessionParts(context.address.sessionId).chargerId,
      transaction_id: data.transactionId,
      evse_id: data.evseId,
      connector_id: data.connectorId,
      token_ref: data.idToken.ref,
      token_type: data.idToken.type,
      token_sealed: data.idToken.sealed,
      group_ref: data.groupRef ?? null,
      authorization_status: data.authorization.status,
      authorization_reason: data.authorization.reason,
      reservation_id: data.reservationId ?? null,
      state: 'active',
      started_at: data.startedAt.effectiveAt,
      started_at_reason: data.startedAt.reason,
      meter_start_wh: data.meterStart?.wh ?? null,
      revision: String(context.revision),
    }),

  SessionEnergyMetered(rows, data, context) {
    const { live } = data
    update(rows, context, {
      ...totals(data.summary),
      measured_at: data.measuredAt,
      // a message that does not say leaves the newest value; after the stop nothing flows any more
      ...(live.powerW !== undefined && !data.late && { power_w: live.powerW }),
      ...(live.offeredMa !== undefined && !data.late && { offered_ma: live.offeredMa }),
      ...(live.socPermille !== undefined && { soc_permille: live.socPermille }),
    })
    keepRegisters(rows, context, data.registers)
  },

  SessionChargingStateChanged: (rows, data, context) => update(rows, context, { charging_state: data.chargingState }),

  SessionStopped(rows, data, context) {
    update(rows, context, {
      ...totals(data.summary),
      ...end(data),
      state: 'stopped',
      power_w: null,
      offered_ma: null,
    })
    keepRegisters(rows, context, data.registers)
  },

  SessionCorrected: (rows, data, context) =>
    update(rows, context, {
      ...totals(data.summary),
      ...end(data.stop),
      ...(data.startedAt && {
        started_at: data.startedAt.effectiveAt,
        started_at_reason: data.startedAt.reason,
      }),
      correction_cause: data.cause,
      // it is settled again after its quiet time
      state: 'stopped',
      settled_at: null,
    }),

  SessionEnergyVouched: (rows, data, context) => update(rows, context, totals(data.summary)),

  SessionSettled: (rows, data, context) => update(rows, context, { state: 'settled', settled_at: data.at }),
}
