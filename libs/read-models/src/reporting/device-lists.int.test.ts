import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import type { TestDatabase } from '@voltrail/postgres-dev/test-database'
import { TenantId } from '@voltrail/contracts/ids'
import { at, charger, operator, sampleEvents, tenant } from '../fixtures/events.ts'
import { project } from '../fixtures/projected.ts'
import { listCampaigns, listMeterKeys, listSecurityEvents } from './device-lists.ts'
import { reportingProjection } from './projection.ts'
import { openReporting } from './queries.ts'
import type { ReportingDatabase } from './queries.ts'

let database: TestDatabase
let db: ReportingDatabase
beforeAll(async () => {
  database = await openTestDatabase()
  await project(reportingProjection, database.url, sampleEvents())
  db = openReporting({ databaseUrl: database.url })
})
afterAll(async () => {
  await db.destroy()
  await database.drop()
})
const nobody = TenantId.parse('other')

describe('security events over all chargers', () => {
  it('are listed newest first, by severity, charger and time, a page at a time', async () => {
    const all = (await listSecurityEvents(db, tenant, { limit: 10 })).items
    expect(all.map(({ event }) => event)).toEqual([
      'SettingSystemTime',
      'StartupOfTheDevice',
      'TamperDetectionActivated',
    ])
    expect(all[2]).toEqual({
      chargerId: charger,
      event: 'TamperDetectionActivated',
      severity: 'critical',
      at: at(600),
      receivedAt: at(601),
      techInfo: 'lid',
    })
    const some = async (more: object) => (await listSecurityEvents(db, tenant, { limit: 10, ...more })).items
    expect(await some({ severity: 'critical' })).toEqual([all[2]])
    expect(await some({ chargerId: charger })).toEqual([all[0], all[2]])
    expect(await some({ from: at(603), to: at(605) })).toEqual([all[1]])
    const first = await listSecurityEvents(db, tenant, { limit: 2 })
    expect(first.items).toEqual(all.slice(0, 2))
    const rest = await listSecurityEvents(db, tenant, { limit: 2, cursor: first.next ?? '' })
    expect(rest).toEqual({ items: all.slice(2), next: null })
    expect(await listSecurityEvents(db, nobody, { limit: 10 })).toEqual({ items: [], next: null })
  })
})

describe('claimed meter keys over all chargers', () => {
  it('are listed newest first with what an operator decided, by state and charger', async () => {
    const { items } = await listMeterKeys(db, tenant, { limit: 10 })
    expect(items).toMatchObject([
      { chargerId: 'CP-2', meterSerial: null, evseId: null, state: 'claimed', decidedAt: null, decidedBy: null },
      {
        chargerId: charger,
        meterSerial: 'M-1',
        evseId: 1,
        state: 'confirmed',
        decidedAt: at(608),
        decidedBy: operator,
      },
    ])
    expect((await listMeterKeys(db, tenant, { limit: 10, state: 'claimed' })).items).toEqual([items[0]])
    expect((await listMeterKeys(db, tenant, { limit: 10, chargerId: charger })).items).toEqual([items[1]])
    expect((await listMeterKeys(db, nobody, { limit: 10 })).items).toEqual([])
  })
})

describe('firmware campaigns', () => {
  it('are listed newest first with how far each is, by phase', async () => {
    const { items } = await listCampaigns(db, tenant, { limit: 10 })
    expect(items).toMatchObject([
      {
        campaignId: 'to-3',
        phase: 'cancelled',
        image: 'i.bin',
        location: null,
        counts: { waiting: 2, taken: 1, done: 0, failed: 0, skipped: 0 },
        createdBy: operator,
        createdAt: at(620),
        changedAt: at(622),
      },
      { campaignId: 'to-2', phase: 'completed', counts: { waiting: 0, taken: 0, done: 1, failed: 1, skipped: 1 } },
    ])
    expect((await listCampaigns(db, tenant, { limit: 10, phase: 'completed' })).items).toEqual([items[1]])
    const first = await listCampaigns(db, tenant, { limit: 1 })
    expect((await listCampaigns(db, tenant, { limit: 1, cursor: first.next ?? '' })).items).toEqual([items[1]])
  })
})
