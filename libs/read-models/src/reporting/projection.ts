import { categories, categoryPrefix } from '@voltrail/contracts/streams'
import { handle, handledTypes } from '../event-context.ts'
import type { Projection } from '../projection.ts'
import { billingHandlers } from './billing-rows.ts'
import { campaignHandlers } from './campaign-rows.ts'
import { chargerHandlers } from './charger-rows.ts'
import { deviceHandlers } from './device-rows.ts'
import { idTokenHandlers, tariffHandlers, tenantHandlers } from './master-data-rows.ts'
import { countQuirks } from './quirk-rows.ts'
import { applyToReviews, reviewEventTypes, settledStream } from './review-rows.ts'
import { reportingMigrations } from './schema.ts'
import { sessionHandlers } from './session-rows.ts'

/** What operators look at: chargers, sessions, bills, tokens, tariffs, commands, faults, security events, campaigns. */
export const reportingProjection: Projection = {
  name: 'reporting',
  schema: 'reporting',
  streamPrefixes: categories.map(categoryPrefix),
  eventTypes: [
    ...reviewEventTypes,
    ...handledTypes(chargerHandlers),
    ...handledTypes(sessionHandlers),
    ...handledTypes(billingHandlers),
    ...handledTypes(idTokenHandlers),
    ...handledTypes(tariffHandlers),
    ...handledTypes(tenantHandlers),
    ...handledTypes(deviceHandlers),
    ...handledTypes(campaignHandlers),
  ],
  migrations: reportingMigrations,
  // a session and its bill have one id and write one row, and a review is settled after it is opened; nothing else shares rows
  // with another stream but the counts of quirks, which are sums
  groupOf: (event) => {
    const stream = settledStream(event) ?? event.stream
    return stream.slice(stream.indexOf('-') + 1)
  },
  async apply(tx, event) {
    await countQuirks(tx, event)
    await applyToReviews(tx, event)
    if (event.type === 'ReviewDecided' || event.type === 'ReviewSettled') return
    if (await handle('session', sessionHandlers, tx, event)) return
    if (await handle('charger', chargerHandlers, tx, event)) return
    if (await handle('billing', billingHandlers, tx, event)) return
    if (await handle('token', idTokenHandlers, tx, event)) return
    if (await handle('tariff', tariffHandlers, tx, event)) return
    if (await handle('tenant', tenantHandlers, tx, event)) return
    if (await handle('device', deviceHandlers, tx, event)) return
    if (await handle('campaign', campaignHandlers, tx, event)) return
    throw new Error('this projection did not ask for events of this type')
  },
}
