import type { EventContext, EventHandlers } from '../event-context.ts'
import type { Columns, Rows } from '../rows.ts'

type Charger = EventContext<'charger'>

const keyOf = ({ tenant, address }: Charger) => ({ tenant, charger_id: address.chargerId })

const put = (rows: Rows, context: Charger, columns: Columns): void =>
  rows.put('chargers', keyOf(context), { ...columns, updated_at: context.receivedAt })

export const chargerHandlers: EventHandlers<
  'charger',
  'ChargerConnected' | 'ChargerDisconnected' | 'ChargerBooted' | 'ConnectorStatusChanged'
> = {
  ChargerConnected: (rows, _data, context) => put(rows, context, { connected: true, epoch: String(context.revision) }),

  // the late close of an old socket changes nothing
  ChargerDisconnected: (rows, data, context) =>
    rows.changeWhere(
      'chargers',
      { ...keyOf(context), epoch: data.epoch },
      { connected: false, updated_at: context.receivedAt },
    ),

  ChargerBooted: (rows, data, context) => put(rows, context, { vendor: data.vendor, model: data.model }),

  ConnectorStatusChanged: (rows, data, context) =>
    data.evseId === 0
      ? put(rows, context, { status: data.status })
      : rows.put(
          'evses',
          { ...keyOf(context), evse_id: data.evseId },
          { status: data.status, error_code: data.errorCode, updated_at: context.receivedAt },
        ),
}
