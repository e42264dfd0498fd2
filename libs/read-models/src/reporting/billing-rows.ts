import type { EventContext, EventHandlers } from '../event-context.ts'
import type { Columns, Rows } from '../rows.ts'

type Billing = EventContext<'billing'>

const keyOf = ({ tenant, address }: Billing) => ({ tenant, session_id: address.sessionId })

const add = (rows: Rows, context: Billing, columns: Columns): void =>
  rows.add('billing_entries', { ...keyOf(context), revision: context.revision }, { at: context.receivedAt, ...columns })

/** A bill is made of a session's events, which come before it in the log: the row is there. */
const updateSession = (rows: Rows, context: Billing, columns: Columns): void =>
  rows.change('sessions', keyOf(context), columns, `session ${context.address.sessionId} never started`)

const noPrice = { currency: null, net_minor: null, vat_minor: null, cost_minor: null, free: null }

export const billingHandlers: EventHandlers<'billing', 'SessionRated' | 'SessionCredited' | 'SessionUnpriced'> = {
  SessionRated(rows, data, context) {
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
    add(rows, context, {
      kind: 'rated',
      session_revision: data.sessionRevision,
      charged_from: data.charged.startedAt,
      charged_to: data.charged.endedAt,
      energy_wh: data.charged.energyWh,
      energy_source: data.energySource,
      parking_seconds: data.charged.parkingSeconds,
      tariff_reason: data.tariff.reason,
      lines: data.price.lines,
      vat: data.price.vat,
      ...amounts,
    })
    updateSession(rows, context, {
      billing_status: 'rated',
      unpriced_reason: null,
      rated_session_revision: data.sessionRevision,
      ...amounts,
    })
  },

  SessionCredited(rows, data, context) {
    add(rows, context, {
      kind: 'credited',
      session_revision: data.sessionRevision,
      credited_revision: data.creditedRevision,
      cause: data.cause,
      currency: data.currency,
      net_minor: data.netMinor,
      vat_minor: data.vatMinor,
      cost_minor: data.costMinor,
    })
    updateSession(rows, context, {
      billing_status: 'open',
      rated_kind: null,
      rated_session_revision: null,
      tariff_id: null,
      tariff_revision: null,
      ...noPrice,
    })
  },

  SessionUnpriced(rows, data, context) {
    add(rows, context, { kind: 'unpriced', session_revision: data.sessionRevision, cause: data.reason })
    updateSession(rows, context, { billing_status: 'unpriced', unpriced_reason: data.reason, ...noPrice })
  },
}
