import { sql } from 'kysely'
import type { Kysely, Selectable, SqlBool } from 'kysely'
import type { ChargerId, SessionId, TenantId, TokenRef } from '@voltrail/contracts/ids'
import type { AuthorizationStatus } from '@voltrail/contracts/personal'
import type { TokenStatus } from '@voltrail/contracts/admin-commands'
import type { Instant } from '@voltrail/contracts/quantities'
import type { ReviewKind } from '@voltrail/contracts/rest/reviews'
import { beyond, page } from '../cursor.ts'
import type { Page } from '../cursor.ts'
import { openReader } from '../reader.ts'
import type { ReaderOptions } from '../reader.ts'
import {
  connectorItem,
  chargerItem,
  commandItem,
  entryItem,
  faultItem,
  idTokenItem,
  parkedItem,
  reviewItem,
  sessionItem,
  tariffItem,
} from './items.ts'
import type {
  BillingEntryItem,
  ChargerItem,
  CommandItem,
  ConnectorItem,
  FaultItem,
  IdTokenItem,
  OpenTransactionItem,
  ParkedFrameItem,
  ReviewItem,
  SessionItem,
  TariffItem,
} from './items.ts'
import { energySinceStart } from './energy-series.ts'
import type { EnergyPoint } from './energy-series.ts'
import type { ReportingTables } from './tables.ts'

export type ReportingDatabase = Kysely<ReportingTables>

/** For the api: a pool on the reporting schema. End it with `destroy()`. */
export const openReporting = (options: ReaderOptions): ReportingDatabase =>
  openReader<ReportingTables>('reporting', options)

/** `limit` rows at most; `cursor` is the `next` of the page before (InvalidCursor otherwise). */
export type PageRequest = { readonly cursor?: string | undefined; readonly limit: number }

export type ChargerDetail = ChargerItem & { readonly faults: readonly FaultItem[]; readonly parkedFrames: number }
export type SessionDetail = SessionItem & {
  readonly bill: readonly BillingEntryItem[]
  /** oldest first: the register as it was read, and the energy since the start */
  readonly energy: readonly EnergyPoint[]
}

const connectorsOf = async (
  db: ReportingDatabase,
  tenant: TenantId,
  chargers: readonly string[],
): Promise<ReadonlyMap<string, ConnectorItem[]>> => {
  const found = new Map<string, ConnectorItem[]>(chargers.map((charger) => [charger, []]))
  if (chargers.length === 0) return found
  const rows = await db
    .selectFrom('connectors')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('charger_id', 'in', chargers)
    .orderBy('charger_id')
    .orderBy('evse_id')
    .orderBy('connector_id')
    .execute()
  for (const row of rows) found.get(row.charger_id)?.push(connectorItem(row))
  return found
}

const openTransactionsOf = async (
  db: ReportingDatabase,
  tenant: TenantId,
  chargers: readonly string[],
): Promise<ReadonlyMap<string, OpenTransactionItem[]>> => {
  const found = new Map<string, OpenTransactionItem[]>(chargers.map((charger) => [charger, []]))
  if (chargers.length === 0) return found
  const rows = await db
    .selectFrom('sessions')
    .select(['charger_id', 'session_id', 'transaction_id', 'evse_id', 'started_at'])
    .where('tenant', '=', tenant)
    .where('charger_id', 'in', chargers)
    .where('state', '=', 'active')
    .orderBy('started_at')
    .orderBy('session_id')
    .execute()
  for (const { charger_id, session_id, transaction_id, evse_id, started_at } of rows) {
    found
      .get(charger_id)
      ?.push({ transactionId: transaction_id, sessionId: session_id, evseId: evse_id, startedAt: started_at })
  }
  return found
}

/** By id. */
export const listChargers = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest & { readonly connected?: boolean | undefined },
): Promise<Page<ChargerItem>> => {
  let query = db.selectFrom('chargers').selectAll().where('tenant', '=', tenant)
  if (request.connected !== undefined) query = query.where('connected', '=', request.connected)
  const rows = await query
    .where(beyond(request.cursor, [{ name: 'charger_id', type: 'text' }], 'ascending'))
    .orderBy('charger_id')
    .limit(request.limit + 1)
    .execute()
  const ids = rows.map((row) => row.charger_id)
  const [connectors, open] = await Promise.all([connectorsOf(db, tenant, ids), openTransactionsOf(db, tenant, ids)])
  return page(
    rows,
    request.limit,
    (row) => [row.charger_id],
    (row) => chargerItem(row, connectors.get(row.charger_id) ?? [], open.get(row.charger_id) ?? []),
  )
}

export const getCharger = async (
  db: ReportingDatabase,
  tenant: TenantId,
  charger: ChargerId,
): Promise<ChargerDetail | undefined> => {
  const row = await db
    .selectFrom('chargers')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('charger_id', '=', charger)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const [connectors, open, faults, parked] = await Promise.all([
    connectorsOf(db, tenant, [charger]),
    openTransactionsOf(db, tenant, [charger]),
    db
      .selectFrom('faults')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('charger_id', '=', charger)
      .orderBy('raised_at', 'desc')
      .orderBy('revision', 'desc')
      .limit(50)
      .execute(),
    db
      .selectFrom('parked_frames')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .where('tenant', '=', tenant)
      .where('charger_id', '=', charger)
      .executeTakeFirstOrThrow(),
  ])
  const item = chargerItem(row, connectors.get(charger) ?? [], open.get(charger) ?? [])
  return { ...item, faults: faults.map(faultItem), parkedFrames: parked.n }
}

/** Newest start first. `from` and `to` bound the start: from ≤ start < to. */
export const listSessions = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest & {
    readonly chargerId?: ChargerId | undefined
    readonly state?: 'active' | 'stopped' | 'settled' | undefined
    readonly tokenRef?: TokenRef | undefined
    readonly authorization?: AuthorizationStatus | undefined
    readonly from?: Instant | undefined
    readonly to?: Instant | undefined
  },
): Promise<Page<SessionItem>> => {
  let query = db.selectFrom('sessions').selectAll().where('tenant', '=', tenant)
  if (request.chargerId !== undefined) query = query.where('charger_id', '=', request.chargerId)
  if (request.state !== undefined) query = query.where('state', '=', request.state)
  if (request.tokenRef !== undefined) query = query.where('token_ref', '=', request.tokenRef)
  if (request.authorization !== undefined) query = query.where('authorization_status', '=', request.authorization)
  if (request.from !== undefined) query = query.where('started_at', '>=', request.from)
  if (request.to !== undefined) query = query.where('started_at', '<', request.to)
  const rows = await query
    .where(
      beyond(
        request.cursor,
        [
          { name: 'started_at', type: 'timestamptz' },
          { name: 'session_id', type: 'text' },
        ],
        'descending',
      ),
    )
    .orderBy('started_at', 'desc')
    .orderBy('session_id', 'desc')
    .limit(request.limit + 1)
    .execute()
  return page(rows, request.limit, (row) => [row.started_at, row.session_id], sessionItem)
}

/** All of it as of one moment: a session between its credit and its new price is shown as one or the other. */
export const getSession = (
  db: ReportingDatabase,
  tenant: TenantId,
  session: SessionId,
): Promise<SessionDetail | undefined> =>
  db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const row = await tx
        .selectFrom('sessions')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('session_id', '=', session)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const bill = await tx
        .selectFrom('billing_entries')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('session_id', '=', session)
        .orderBy('revision')
        .execute()
      const energy = await tx
        .selectFrom('session_energy')
        .select(['at', 'register_wh', 'context'])
        .where('tenant', '=', tenant)
        .where('session_id', '=', session)
        .orderBy('at')
        .orderBy('revision')
        .orderBy('n')
        .execute()
      return {
        ...sessionItem(row),
        bill: bill.map(entryItem),
        energy: energySinceStart(row.meter_start_wh, energy),
      }
    })

/** By reference, an order without a meaning. Texts are sealed: whoever shows them opens them. */
export const listIdTokens = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest & { readonly status?: TokenStatus | undefined },
): Promise<Page<IdTokenItem>> => {
  let query = db.selectFrom('id_tokens').selectAll().where('tenant', '=', tenant)
  if (request.status !== undefined) query = query.where('status', '=', request.status)
  const rows = await query
    .where(beyond(request.cursor, [{ name: 'token_ref', type: 'text' }], 'ascending'))
    .orderBy('token_ref')
    .limit(request.limit + 1)
    .execute()
  return page(rows, request.limit, (row) => [row.token_ref], idTokenItem)
}

export const getIdToken = async (
  db: ReportingDatabase,
  tenant: TenantId,
  token: TokenRef,
): Promise<IdTokenItem | undefined> => {
  const row = await db
    .selectFrom('id_tokens')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('token_ref', '=', token)
    .executeTakeFirst()
  return row && idTokenItem(row)
}

/** By id, each in its newest version with all its assignments, oldest first. */
export const listTariffs = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest,
): Promise<Page<TariffItem>> => {
  const rows = await db
    .selectFrom('tariffs')
    .selectAll()
    .where('tenant', '=', tenant)
    .where(beyond(request.cursor, [{ name: 'tariff_id', type: 'text' }], 'ascending'))
    .orderBy('tariff_id')
    .limit(request.limit + 1)
    .execute()
  const assignments = new Map<string, Selectable<ReportingTables['tariff_assignments']>[]>()
  if (rows.length > 0) {
    const found = await db
      .selectFrom('tariff_assignments')
      .selectAll()
      .where('tenant', '=', tenant)
      .where(
        'tariff_id',
        'in',
        rows.map((row) => row.tariff_id),
      )
      .orderBy('assigned_at')
      .orderBy((eb) => eb.cast(eb.ref('revision'), 'numeric'))
      .execute()
    for (const one of found) assignments.set(one.tariff_id, [...(assignments.get(one.tariff_id) ?? []), one])
  }
  return page(
    rows,
    request.limit,
    (row) => [row.tariff_id],
    (row) => tariffItem(row, assignments.get(row.tariff_id) ?? []),
  )
}

/** Newest first. */
export const listCommands = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest & { readonly chargerId?: ChargerId | undefined },
): Promise<Page<CommandItem>> => {
  let query = db.selectFrom('commands').selectAll().where('tenant', '=', tenant)
  if (request.chargerId !== undefined) query = query.where('charger_id', '=', request.chargerId)
  const rows = await query
    .where(
      beyond(
        request.cursor,
        [
          { name: 'requested_at', type: 'timestamptz' },
          { name: 'command_id', type: 'text' },
        ],
        'descending',
      ),
    )
    .orderBy('requested_at', 'desc')
    .orderBy('command_id', 'desc')
    .limit(request.limit + 1)
    .execute()
  return page(rows, request.limit, (row) => [row.requested_at, row.command_id], commandItem)
}

/** Frames that carried energy facts and could not be attributed or read, newest first. */
export const listParkedFrames = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest & { readonly chargerId?: ChargerId | undefined },
): Promise<Page<ParkedFrameItem>> => {
  let query = db.selectFrom('parked_frames').selectAll().where('tenant', '=', tenant)
  if (request.chargerId !== undefined) query = query.where('charger_id', '=', request.chargerId)
  const rows = await query
    .where(
      beyond(
        request.cursor,
        [
          { name: 'received_at', type: 'timestamptz' },
          { name: 'charger_id', type: 'text' },
          { name: 'revision', type: 'text' },
        ],
        'descending',
      ),
    )
    .orderBy('received_at', 'desc')
    .orderBy('charger_id', 'desc')
    .orderBy('revision', 'desc')
    .limit(request.limit + 1)
    .execute()
  return page(rows, request.limit, (row) => [row.received_at, row.charger_id, row.revision], parkedItem)
}

/** Of a transaction more are not named beside each other. */
const relatedReviews = 32

/** Reviews, each with the others of its transaction and with the parked start that is to be settled before it. */
const reviewRows = (db: ReportingDatabase, tenant: TenantId) =>
  db
    .selectFrom('reviews')
    .selectAll()
    .select([
      sql<string | null>`(
        select start.review_id from ${sql.table('reviews')} as start
        where start.tenant = reviews.tenant and start.charger_id = reviews.charger_id and reviews.state = 'open'
          and coalesce(start.transaction_id, start.told_transaction) = reviews.told_transaction
          and start.meant = 'TransactionStart' and start.state = 'open' and start.review_id <> reviews.review_id
        order by start.revision limit 1)`.as('after'),
      sql<string[]>`array(
        select other.review_id from ${sql.table('reviews')} as other
        where other.tenant = reviews.tenant and other.charger_id = reviews.charger_id
          and coalesce(other.transaction_id, other.told_transaction)
            = coalesce(reviews.transaction_id, reviews.told_transaction)
          and other.review_id <> reviews.review_id
        order by other.since, other.review_id limit ${relatedReviews})`.as('related'),
    ])
    .where('tenant', '=', tenant)

/** What waits for an operator, or did; newest first. */
export const listReviews = async (
  db: ReportingDatabase,
  tenant: TenantId,
  request: PageRequest & {
    readonly chargerId?: ChargerId | undefined
    readonly state?: 'open' | 'settled' | undefined
    readonly kind?: ReviewKind | undefined
  },
): Promise<Page<ReviewItem>> => {
  let query = reviewRows(db, tenant)
  if (request.chargerId !== undefined) query = query.where('charger_id', '=', request.chargerId)
  if (request.state !== undefined) query = query.where('state', '=', request.state)
  if (request.kind !== undefined) query = query.where(sql<SqlBool>`${request.kind} = any(kinds)`)
  const rows = await query
    .where(
      beyond(
        request.cursor,
        [
          { name: 'since', type: 'timestamptz' },
          { name: 'review_id', type: 'text' },
        ],
        'descending',
      ),
    )
    .orderBy('since', 'desc')
    .orderBy('review_id', 'desc')
    .limit(request.limit + 1)
    .execute()
  return page(rows, request.limit, (row) => [row.since, row.review_id], reviewItem)
}

export const getReview = async (
  db: ReportingDatabase,
  tenant: TenantId,
  id: string,
): Promise<ReviewItem | undefined> => {
  const row = await reviewRows(db, tenant).where('review_id', '=', id).executeTakeFirst()
  return row && reviewItem(row)
}
