import { sessionParts } from '@voltrail/contracts/streams'
import type { EventContext, EventHandlers } from '../event-context.ts'
import type { Columns, Rows } from '../rows.ts'

type Session = EventContext<'session'>

const nothingMeasured = {
  offered_ma: null,
  measured_l1_ma: null,
  measured_l2_ma: null,
  measured_l3_ma: null,
  voltage_l1_mv: null,
  voltage_l2_mv: null,
  voltage_l3_mv: null,
  power_w: null,
  measured_at: null,
}

/** Nothing when the session is over or another one has taken its EVSE: what it reports late loads no grid. */
const update = (rows: Rows, context: Session, columns: Columns): void =>
  rows.changeWhere(
    'evses',
    { tenant: context.tenant, session_id: context.address.sessionId },
    { ...columns, updated_at: context.receivedAt },
  )

export const sessionHandlers: EventHandlers<
  'session',
  'SessionStarted' | 'SessionEnergyMetered' | 'SessionChargingStateChanged' | 'SessionStopped'
> = {
  SessionStarted: (rows, data, context) =>
    rows.put(
      'evses',
      {
        tenant: context.tenant,
        charger_id: sessionParts(context.address.sessionId).chargerId,
        evse_id: data.evseId,
      },
      {
        session_id: context.address.sessionId,
        session_started_at: data.startedAt.effectiveAt,
        charging_state: 'Charging',
        energy_wh: 0,
        ...nothingMeasured,
        updated_at: context.receivedAt,
      },
    ),

  SessionEnergyMetered(rows, data, context) {
    if (data.late) return
    const { live } = data
    update(rows, context, {
      energy_wh: data.summary.energyWh,
      charging_state: data.summary.chargingState,
      measured_at: data.measuredAt,
      power_w: live.powerW,
      offered_ma: live.offeredMa,
      measured_l1_ma: live.currentMa?.L1,
      measured_l2_ma: live.currentMa?.L2,
      measured_l3_ma: live.currentMa?.L3,
      voltage_l1_mv: live.voltageMv?.L1,
      voltage_l2_mv: live.voltageMv?.L2,
      voltage_l3_mv: live.voltageMv?.L3,
    })
  },

  SessionChargingStateChanged: (rows, data, context) => update(rows, context, { charging_state: data.chargingState }),

  SessionStopped: (rows, _data, context) =>
    update(rows, context, {
      session_id: null,
      session_started_at: null,
      charging_state: null,
      energy_wh: null,
      ...nothingMeasured,
    }),
}
