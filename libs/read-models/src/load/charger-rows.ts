import type { EventContext, EventHandlers } from '../event-context.ts'
import type { AnyDatabase } from '../projection.ts'

type Charger = EventContext<'charger'>

const put = async (tx: AnyDatabase, context: Charger, columns: Record<string, unknown>): Promise<void> => {
  const values = { ...columns, updated_at: context.receivedAt }
  await tx
    .insertInto('chargers')
    .values({ tenant: context.tenant, charger_id: context.address.chargerId, ...values })
    .onConflict((oc) => oc.columns(['tenant', 'charger_id']).doUpdateSet(values))
    .execute()
}

export const chargerHandlers: EventHandlers<
  'charger',
  'ChargerConnected' | 'ChargerDisconnected' | 'ChargerBooted' | 'ConnectorStatusChanged'
> = {
  ChargerConnected: (tx, _data, context) => put(tx, context, { connected: true, epoch: String(context.revision) }),

  async ChargerDisconnected(tx, data, context) {
    // the late close of an old socket changes nothing
    await tx
      .updateTable('chargers')
      .set({ connected: false, updated_at: context.receivedAt })
      .where('tenant', '=', context.tenant)
      .where('charger_id', '=', context.address.chargerId)
      .where('epoch', '=', data.epoch)
      .execute()
  },

  ChargerBooted: (tx, data, context) => put(tx, context, { vendor: data.vendor, model: data.model }),

  async ConnectorStatusChanged(tx, data, context) {
    if (data.evseId === 0) return put(tx, context, { status: data.status })
    const values = { status: data.status, error_code: data.errorCode, updated_at: context.receivedAt }
    await tx
      .insertInto('evses')
      .values({ tenant: context.tenant, charger_id: context.address.chargerId, evse_id: data.evseId, ...values })
      .onConflict((oc) => oc.columns(['tenant', 'charger_id', 'evse_id']).doUpdateSet(values))
      .execute()
  },
}
