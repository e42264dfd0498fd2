import type { EventContext, EventHandlers } from '../event-context.ts'
import { json } from '../event-context.ts'
import type { AnyDatabase } from '../projection.ts'

type Billing = EventContext<'billing'>

const add = async (tx: AnyDatabase, context: Billing, columns: Record<string, unknown>): Promise<void> => {
  await tx
    .insertInto('billing_entries')
    .values({
      tenant: context.tenant,
      session_id: context.address.sessionId,
      revision: context.revision,
      at: context.receivedAt,
      ...columns,
    })
    .execute()
}

const updateSession = async (tx: AnyDatabase, context: Billing, columns: Record<string, unknown>): Promise<void> => {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    .set(columns)
    .where('tenant', '=', context.tenant)
    .where('session_id', '=', context.address.sessionId)
    .executeTakeFirst()
  // a bill is made of a session's events, which come before it in the log
  if (numUpdatedRows !== 1n) throw new Error(`session ${context.address.sessionId} never started`)
}

const noPrice = { currency: null, net_minor: null, vat_minor: null, cost_minor: null, free: null }

export const billingHandlers: EventHandlers<'billing', 'SessionRated' | 'SessionCredited' | 'SessionUnpriced'> = {
  async SessionRated(tx, data, context) {
    const amounts = {
      currency: data.price.currency,
      net_minor: data.price.netMinor,
      vat_minor: data.price.vatMinor,
      cost_minor: data.price.costMinor,
      free: data.free,
      tariff_id: data.tariff.tariffId,
      tariff_revision: data.tariff.revision,
      rated_kind: data.kind,
    }
    await add(tx, context, {
      kind: 'rated',
      session_revision: data.sessionRevision,
      charged_from: data.charged.startedAt,
      charged_to: data.charged.endedAt,
      energy_wh: data.charged.energyWh,
      energy_source: data.energySource,
      parking_seconds: data.charged.parkingSeconds,
      tariff_reason: data.tariff.reason,
      lines: json(data.price.lines),
      vat: json(data.price.vat),
      ...amounts,
    })
    await updateSession(tx, context, {
      billing_status: 'rated',
      unpriced_reason: null,
      rated_session_revision: data.sessionRevision,
      ...amounts,
    })
  },

  async SessionCredited(tx, data, context) {
    await add(tx, context, {
      kind: 'credited',
      session_revision: data.sessionRevision,
      credited_revision: data.creditedRevision,
      cause: data.cause,
      currency: data.currency,
      net_minor: data.netMinor,
      vat_minor: data.vatMinor,
      cost_minor: data.costMinor,
    })
    await updateSession(tx, context, {
      billing_status: 'open',
      rated_kind: null,
      rated_session_revision: null,
      tariff_id: null,
      tariff_revision: null,
      ...noPrice,
    })
  },

  async SessionUnpriced(tx, data, context) {
    await add(tx, context, { kind: 'unpriced', session_revision: data.sessionRevision, cause: data.reason })
    await updateSession(tx, context, { billing_status: 'unpriced', unpriced_reason: data.reason, ...noPrice })
  },
}
