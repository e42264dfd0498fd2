import { categories, categoryPrefix } from '@voltrail/contracts/streams'
import { handledTypes, handling } from '../event-context.ts'
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

const applyToOthers = handling({
  session: sessionHandlers,
  charger: chargerHandlers,
  billing: billingHandlers,
  token: idTokenHandlers,
  tariff: tariffHandlers,
  tenant: tenantHandlers,
  device: deviceHandlers,
  campaign: campaignHandlers,
})

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
  async apply(rows, event) {
    countQuirks(rows, event)
    await applyToReviews(rows, event)
    if (event.type === 'ReviewDecided' || event.type === 'ReviewSettled') return
    await applyToOthers(rows, event)
  },
}
