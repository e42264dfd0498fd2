import type { EventMetadata } from '@voltrail/contracts/envelope'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import type { TestDatabase } from '@voltrail/postgres-dev/test-database'
import { TenantId } from '@voltrail/contracts/ids'
import { at, charger, sampleEvents, tenant } from '../fixtures/events.ts'
import { project } from '../fixtures/projected.ts'
import type { PlacedEvent } from '../projection.ts'
import { reportingProjection } from './projection.ts'
import { openReporting } from './queries.ts'
import type { ReportingDatabase } from './queries.ts'
import { listQuirkCounts } from './quirk-rows.ts'

const note = (rule: string) => ({ rule, path: '', raw: '' })
const noted = (event: PlacedEvent, rules: readonly string[], frame: boolean): PlacedEvent => {
  const metadata: EventMetadata = { ...event.metadata, normalisations: rules.map(note) }
  return { ...event, metadata: frame ? { ...metadata, frame: { text: '[2]' } } : metadata }
}

let database: TestDatabase
let db: ReportingDatabase
beforeAll(async () => {
  database = await openTestDatabase()
  const events = sampleEvents().map((event) => {
    if (event.type === 'ChargerBooted')
      return noted(event, ['Q25-null-field', 'Q25-text-too-long', 'Q25-null-field'], true)
    if (event.type === 'SessionStarted') return noted(event, ['Q25-null-field', 'secret-redacted'], true)
    // a handshake has no frame
    if (event.type === 'ChargerConnected') return noted(event, ['Q4-no-subprotocol'], false)
    // of the same message as an event before it
    if (event.type === 'SessionStopped') return noted(event, ['Q25-null-field'], false)
    return event
  })
  await project(reportingProjection, database.url, events)
  db = openReporting({ databaseUrl: database.url })
})
afterAll(async () => {
  await db.destroy()
  await database.drop()
})

describe('the counts of quirks', () => {
  it('count each rule once per message, over a charger and its sessions', async () => {
    const found = await listQuirkCounts(db, tenant, 50)
    const events = sampleEvents()
    const boots = events.filter(({ type }) => type === 'ChargerBooted')
    const starts = events.filter(({ type }) => type === 'SessionStarted')
    const connects = events.filter(({ type }) => type === 'ChargerConnected')
    const last = [...boots, ...starts]
      .map(({ metadata }) => metadata.receivedAt)
      .toSorted()
      .at(-1)
    expect(found.map(({ rule, fired, chargerCount }) => [rule, fired, chargerCount])).toEqual([
      ['Q25-null-field', boots.length + starts.length, 1],
      ['Q25-text-too-long', boots.length, 1],
      ['Q4-no-subprotocol', connects.length, 1],
    ])
    expect(found[0]).toMatchObject({
      lastAt: last,
      chargers: [{ chargerId: charger, vendor: 'Vendor', model: 'M1', firmwareVersion: '1.0', lastAt: last }],
    })
    expect(at(0) < (last ?? '')).toBe(true)
    expect(await listQuirkCounts(db, TenantId.parse('other'), 50)).toEqual([])
  })
})
