import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { beyond, page } from '../cursor.ts'
import type { Page } from '../cursor.ts'
import type { PageRequest, ReportingDatabase } from './queries.ts'
import type { ReportingTables } from './tables.ts'
import type { Selectable } from 'kysely'

/** What stands in device and campaign streams, as lists over all chargers; newest first. */

type Row<T extends keyof ReportingTables> = Selectable<ReportingTables[T]>

const newest = (name: 'received_at' | 'claimed_at') =>
  [
    { name, type: 'timestamptz' },
    { name: 'charger_id', type: 'text' },
    { name: 'revision', type: 'bigint' },
  ] as const

export const securityEventItem = (row: Row<'security_events'>) => ({
  chargerId: row.charger_id,
  event: row.event,
  severity: row.severity,
  at: row.at,
  receivedAt: row.received_at,
  techInfo: row.tech_info,
})
export type SecurityEventItem = ReturnType<typeof securityEventItem>

/** `from` and `to` bound when we received them: from ≤ received < to. */
export const listSecurityEvents = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest & {
    readonly chargerId?: ChargerId | undefined
    readonly severity?: Row<'security_events'>['severity'] | undefined
    readonly from?: Instant | undefined
    readonly to?: Instant | undefined
  },
): Promise<Page<SecurityEventItem>> => {
  let query = db.selectFrom('security_events').selectAll().where('tenant', '=', tenant)
  if (request.chargerId !== undefined) query = query.where('charger_id', '=', request.chargerId)
  if (request.severity !== undefined) query = query.where('severity', '=', request.severity)
  if (request.from !== undefined) query = query.where('received_at', '>=', request.from)
  if (request.to !== undefined) query = query.where('received_at', '<', request.to)
  const rows = await query
    .where(beyond(request.cursor, newest('received_at'), 'descending'))
    .orderBy('received_at', 'desc')
    .orderBy('charger_id', 'desc')
    .orderBy('revision', 'desc')
    .limit(request.limit + 1)
    .execute()
  const keyOf = (row: Row<'security_events'>) => [row.received_at, row.charger_id, String(row.revision)]
  return page(rows, request.limit, keyOf, securityEventItem)
}

export const meterKeyItem = (row: Row<'meter_keys'>) => ({
  chargerId: row.charger_id,
  publicKey: row.public_key,
  meterSerial: row.meter_serial,
  evseId: row.evse_id,
  state: row.state,
  claimedAt: row.claimed_at,
  decidedAt: row.decided_at,
  decidedBy:
    row.decided_by_kind === null || row.decided_by_id === null
      ? null
      : { kind: row.decided_by_kind, id: row.decided_by_id },
  note: row.note,
})
export type MeterKeyItem = ReturnType<typeof meterKeyItem>

export const listMeterKeys = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest & {
    readonly chargerId?: ChargerId | undefined
    readonly state?: Row<'meter_keys'>['state'] | undefined
  },
): Promise<Page<MeterKeyItem>> => {
  let query = db.selectFrom('meter_keys').selectAll().where('tenant', '=', tenant)
  if (request.chargerId !== undefined) query = query.where('charger_id', '=', request.chargerId)
  if (request.state !== undefined) query = query.where('state', '=', request.state)
  const rows = await query
    .where(beyond(request.cursor, newest('claimed_at'), 'descending'))
    .orderBy('claimed_at', 'desc')
    .orderBy('charger_id', 'desc')
    .orderBy('revision', 'desc')
    .limit(request.limit + 1)
    .execute()
  const keyOf = (row: Row<'meter_keys'>) => [row.claimed_at, row.charger_id, String(row.revision)]
  return page(rows, request.limit, keyOf, meterKeyItem)
}

export const campaignItem = (row: Row<'campaigns'>) => ({
  campaignId: row.campaign_id,
  phase: row.phase,
  version: row.version,
  location: row.location,
  image: row.image,
  concurrency: row.concurrency,
  stopAfterFailures: row.stop_after_failures,
  counts: { waiting: row.waiting, taken: row.taken, done: row.done, failed: row.failed, skipped: row.skipped },
  createdAt: row.created_at,
  createdBy: { kind: row.created_by_kind, id: row.created_by_id },
  changedAt: row.changed_at,
})
export type CampaignItem = ReturnType<typeof campaignItem>

export const listCampaigns = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest & { readonly phase?: Row<'campaigns'>['phase'] | undefined },
): Promise<Page<CampaignItem>> => {
  let query = db.selectFrom('campaigns').selectAll().where('tenant', '=', tenant)
  if (request.phase !== undefined) query = query.where('phase', '=', request.phase)
  const rows = await query
    .where(
      beyond(
        request.cursor,
        [
          { name: 'created_at', type: 'timestamptz' },
          { name: 'campaign_id', type: 'text' },
        ],
        'descending',
      ),
    )
    .orderBy('created_at', 'desc')
    .orderBy('campaign_id', 'desc')
    .limit(request.limit + 1)
    .execute()
  return page(rows, request.limit, (row) => [row.created_at, row.campaign_id], campaignItem)
}
