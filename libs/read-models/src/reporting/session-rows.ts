import { sessionParts } from '@voltrail/contracts/streams'
import type { RegisterReading, Instant } from '@voltrail/contracts/quantities'
import type { SessionStop, SessionSummary } from '@voltrail/contracts/events/session'
import type { EventContext, EventHandlers } from '../event-context.ts'
import { json } from '../event-context.ts'
import type { AnyDatabase } from '../projection.ts'

type Session = EventContext<'session'>

/** Throws when the session never started: billing and meter events of nothing cannot be shown anywhere. */
const update = async (tx: AnyDatabase, context: Session, columns: Record<string, unknown>): Promise<void> => {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    .set({ ...columns, revision: String(context.revision) })
    .where('tenant', '=', context.tenant)
    .where('session_id', '=', context.address.sessionId)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw new Error(`session ${context.address.sessionId} never started`)
}

type Register = { at: Instant; reading: RegisterReading; context?: string | undefined }

const keepRegisters = async (tx: AnyDatabase, context: Session, registers: readonly Register[]): Promise<void> => {
  // a long session's stop may carry thousands of readings, and Postgres takes 65,535 parameters
  for (let from = 0; from < registers.length; from += 1_000) {
    await tx
      .insertInto('session_energy')
      .values(
        registers.slice(from, from + 1_000).map(({ at, reading, context: readingContext }, index) => ({
          tenant: context.tenant,
          session_id: context.address.sessionId,
          revision: context.revision,
          n: from + index,
          at,
          register_wh: reading.wh,
          context: readingContext ?? null,
        })),
      )
      .execute()
  }
}

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
  async SessionStarted(tx, data, context) {
    await tx
      .insertInto('sessions')
      .values({
        tenant: context.tenant,
        session_id: context.address.sessionId,
        charger_id: sessionParts(context.address.sessionId).chargerId,
        transaction_id: data.transactionId,
        evse_id: data.evseId,
        connector_id: data.connectorId,
        token_ref: data.idToken.ref,
        token_type: data.idToken.type,
        token_sealed: json(data.idToken.sealed),
        group_ref: data.groupRef ?? null,
        authorization_status: data.authorization.status,
        authorization_reason: data.authorization.reason,
        reservation_id: data.reservationId ?? null,
        state: 'active',
        started_at: data.startedAt.effectiveAt,
        started_at_reason: data.startedAt.reason,
        meter_start_wh: data.meterStart?.wh ?? null,
        revision: String(context.revision),
      })
      .execute()
  },

  async SessionEnergyMetered(tx, data, context) {
    const { live } = data
    await update(tx, context, {
      ...totals(data.summary),
      measured_at: data.measuredAt,
      // a message that does not say leaves the newest value; after the stop nothing flows any more
      ...(live.powerW !== undefined && !data.late && { power_w: live.powerW }),
      ...(live.offeredMa !== undefined && !data.late && { offered_ma: live.offeredMa }),
      ...(live.socPermille !== undefined && { soc_permille: live.socPermille }),
    })
    await keepRegisters(tx, context, data.registers)
  },

  SessionChargingStateChanged: (tx, data, context) => update(tx, context, { charging_state: data.chargingState }),

  async SessionStopped(tx, data, context) {
    await update(tx, context, {
      ...totals(data.summary),
      ...end(data),
      state: 'stopped',
      power_w: null,
      offered_ma: null,
    })
    await keepRegisters(tx, context, data.registers)
  },

  SessionCorrected: (tx, data, context) =>
    update(tx, context, {
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

  SessionEnergyVouched: (tx, data, context) => update(tx, context, totals(data.summary)),

  SessionSettled: (tx, data, context) => update(tx, context, { state: 'settled', settled_at: data.at }),
}
