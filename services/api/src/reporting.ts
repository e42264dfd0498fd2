import type { z } from 'zod'
import { EvseId } from '@voltrail/contracts/ids'
import type { ChargerId, SessionId, TenantId } from '@voltrail/contracts/ids'
import type { Sealed } from '@voltrail/contracts/personal'
import { instant } from '@voltrail/contracts/quantities'
import { CampaignSummary } from '@voltrail/contracts/rest/campaigns'
import type { ListCampaignsQuery } from '@voltrail/contracts/rest/campaigns'
import { ChargerDetail, ChargerView } from '@voltrail/contracts/rest/chargers'
import type { ListChargersQuery } from '@voltrail/contracts/rest/chargers'
import { CommandView } from '@voltrail/contracts/rest/commands'
import type { ListCommandsQuery } from '@voltrail/contracts/rest/commands'
import { IdTokenView } from '@voltrail/contracts/rest/id-tokens'
import type { ListIdTokensQuery } from '@voltrail/contracts/rest/id-tokens'
import { MeterKeyView } from '@voltrail/contracts/rest/meter-keys'
import type { ListMeterKeysQuery } from '@voltrail/contracts/rest/meter-keys'
import { ReviewView } from '@voltrail/contracts/rest/reviews'
import type { ListReviewsQuery, ReviewId } from '@voltrail/contracts/rest/reviews'
import { ChargerSecurityEventView } from '@voltrail/contracts/rest/security-events'
import type { ListAllSecurityEventsQuery } from '@voltrail/contracts/rest/security-events'
import { BillView, SessionDetail, SessionView } from '@voltrail/contracts/rest/sessions'
import type { ListSessionsQuery } from '@voltrail/contracts/rest/sessions'
import { TariffView } from '@voltrail/contracts/rest/tariffs'
import type { ListTariffsQuery } from '@voltrail/contracts/rest/tariffs'
import type { Vault } from '@voltrail/key-store/vault'
import type { CommandItem, IdTokenItem, SessionItem, TariffItem } from '@voltrail/read-models/reporting/items'
import { meterKeyId } from '@voltrail/domain/device/meter-keys'
import * as lists from '@voltrail/read-models/reporting/device-lists'
import type { MeterKeyItem } from '@voltrail/read-models/reporting/device-lists'
import * as queries from '@voltrail/read-models/reporting/queries'
import { listQuirkCounts } from '@voltrail/read-models/reporting/quirk-rows'
import type { QuirkCount } from '@voltrail/read-models/reporting/quirk-rows'
import type { SessionDetail as SessionRows } from '@voltrail/read-models/reporting/queries'
import { InvalidCursor } from '@voltrail/read-models/cursor'
import { meaningOf } from './answer-meaning.ts'
import { openText } from './personal-text.ts'

export type Page<T> = { readonly items: T[]; readonly next: string | null }

/** What the read model knows of the tenant, as the API shows it: personal text opened. Throws ReportingUnavailable and InvalidCursor. */
export interface Reporting {
  listChargers(query: z.infer<typeof ListChargersQuery>): Promise<Page<ChargerView>>
  getCharger(id: ChargerId): Promise<ChargerDetail | undefined>
  listCommands(charger: ChargerId, query: z.infer<typeof ListCommandsQuery>): Promise<Page<CommandView>>
  listSessions(query: z.infer<typeof ListSessionsQuery>): Promise<Page<SessionView>>
  getSession(id: SessionId): Promise<SessionDetail | undefined>
  listIdTokens(query: z.infer<typeof ListIdTokensQuery>): Promise<Page<IdTokenView>>
  listTariffs(query: z.infer<typeof ListTariffsQuery>): Promise<Page<TariffView>>
  listReviews(query: z.infer<typeof ListReviewsQuery>): Promise<Page<ReviewView>>
  getReview(id: ReviewId): Promise<ReviewView | undefined>
  listSecurityEvents(query: z.infer<typeof ListAllSecurityEventsQuery>): Promise<Page<ChargerSecurityEventView>>
  listMeterKeys(query: z.infer<typeof ListMeterKeysQuery>): Promise<Page<MeterKeyView>>
  listCampaigns(query: z.infer<typeof ListCampaignsQuery>): Promise<Page<CampaignSummary>>
  /** every quirk rule that ever fired, with the 50 chargers where it fired most */
  listQuirkCounts(): Promise<QuirkCount[]>
}

export type OpenReporting = Reporting & {
  /** Asks the database; why it does not answer, for readiness. */
  failing(): Promise<string | undefined>
  close(): Promise<void>
}

/** The read model's database does not answer, or the read model is not there (yet). */
export class ReportingUnavailable extends Error {
  constructor(cause: unknown) {
    super(`the read model is unavailable: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'ReportingUnavailable'
  }
}

export function openReporting(options: {
  readonly databaseUrl: string
  readonly tenant: TenantId
  readonly vault: Pick<Vault, 'open'>
  readonly onConnectionLost?: (error: Error) => void
}): OpenReporting {
  const { tenant, vault, databaseUrl, onConnectionLost } = options
  const db = queries.openReporting({ databaseUrl, ...(onConnectionLost && { onConnectionLost }) })
  const open = (sealed: Sealed | null) => openText(vault, tenant, sealed)

  const session = async (item: SessionItem) => {
    const token = await open(item.tokenSealed)
    return {
      ...item,
      idToken: { ref: item.tokenRef, type: item.tokenType, token: token.text, erased: token.erased },
      authorization: item.authorizationStatus,
      billing: item.billingStatus === 'rated' ? item.ratedKind : item.billingStatus,
    }
  }
  const idToken = async (item: IdTokenItem): Promise<IdTokenView> => {
    const [token, group, label, alias] = await Promise.all([
      open(item.sealed),
      open(item.groupSealed),
      open(item.labelSealed),
      open(item.aliasSealed),
    ])
    return IdTokenView.parse({
      ...item,
      ref: item.tokenRef,
      token: token.text,
      groupToken: group.text,
      label: label.text,
      alias: alias.text,
      erased: token.erased,
    })
  }

  return {
    listChargers: async (query) =>
      shown(await answered(queries.listChargers(db, tenant, query)), (item) => ChargerView.parse(item)),
    async getCharger(id) {
      const item = await answered(queries.getCharger(db, tenant, id))
      return item && ChargerDetail.parse(item)
    },
    listCommands: async (chargerId, query) =>
      shown(await answered(queries.listCommands(db, tenant, { ...query, chargerId })), command),
    async listSessions({ from, to, ...query }) {
      const found = await answered(
        queries.listSessions(db, tenant, {
          ...query,
          from: from === undefined ? undefined : instant(Date.parse(from)),
          to: to === undefined ? undefined : instant(Date.parse(to)),
        }),
      )
      return shown(found, async (item) => SessionView.parse(await session(item)))
    },
    async getSession(id) {
      const item = await answered(queries.getSession(db, tenant, id))
      return (
        item &&
        SessionDetail.parse({
          ...(await session(item)),
          bill: currentBill(item),
          billingEntries: item.bill,
          energy: item.energy,
        })
      )
    },
    listIdTokens: async (query) => shown(await answered(queries.listIdTokens(db, tenant, query)), idToken),
    listTariffs: async (query) => shown(await answered(queries.listTariffs(db, tenant, query)), tariff),
    listSecurityEvents: async ({ from, to, ...query }) =>
      shown(
        await answered(
          lists.listSecurityEvents(db, tenant, {
            ...query,
            from: from === undefined ? undefined : instant(Date.parse(from)),
            to: to === undefined ? undefined : instant(Date.parse(to)),
          }),
        ),
        (item) => ChargerSecurityEventView.parse(item),
      ),
    listMeterKeys: async (query) =>
      shown(await answered(lists.listMeterKeys(db, tenant, query)), ({ note: _, ...item }) =>
        MeterKeyView.parse({ ...item, id: meterKeyId(claimOf(item)) }),
      ),
    listCampaigns: async (query) =>
      shown(await answered(lists.listCampaigns(db, tenant, query)), (item) => CampaignSummary.parse(item)),
    listQuirkCounts: () => answered(listQuirkCounts(db, tenant, 50)),
    listReviews: async (query) =>
      shown(await answered(queries.listReviews(db, tenant, query)), (item) => ReviewView.parse(item)),
    async getReview(id) {
      const item = await answered(queries.getReview(db, tenant, id))
      return item && ReviewView.parse(item)
    },
    failing: () =>
      queries.listTariffs(db, tenant, { limit: 1 }).then(
        () => undefined,
        (error: Error) => `the read model does not answer: ${error.message}`,
      ),
    close: () => db.destroy(),
  }
}

/** absent where it was not claimed: the name of a key is made of what was */
const claimOf = ({ publicKey, meterSerial, evseId }: Pick<MeterKeyItem, 'publicKey' | 'meterSerial' | 'evseId'>) => ({
  publicKey,
  ...(meterSerial === null ? {} : { meterSerial }),
  ...(evseId === null ? {} : { evseId: EvseId.parse(evseId) }),
})

const command = (item: CommandItem): CommandView =>
  CommandView.parse({ ...item, requestedBy: item.actor.id, meaning: meaningOf(item.status) ?? null })

const tariff = (item: TariffItem): TariffView =>
  TariffView.parse({
    ...item,
    ...item.terms,
    assignments: item.assignments.map(({ scope, chargerId, validFrom }) => ({
      scope: scope === 'tenant' ? { kind: scope } : { kind: scope, chargerId },
      validFrom,
    })),
  })

/** The last rating, unless it was taken back. */
function currentBill(item: SessionRows): BillView | null {
  const last = item.bill.findLast((entry) => entry.kind === 'rated')
  if (last === undefined || item.billingStatus !== 'rated') return null
  return BillView.parse({ ...last, kind: last.ratedKind, ratedAt: last.at })
}

async function shown<R, T>(
  page: { readonly items: readonly R[]; readonly next: string | null },
  show: (row: R) => T | Promise<T>,
): Promise<Page<T>> {
  return { items: await Promise.all(page.items.map(show)), next: page.next }
}

/** Classes of SQLSTATE that say nothing about the question: connection, resources, operator, system, and tables that are not there yet. */
const awayStates = /^(08|25006|3F000|42P01|53|55|57|58)/

async function answered<T>(query: Promise<T>): Promise<T> {
  try {
    return await query
  } catch (error) {
    throw isAway(error) ? new ReportingUnavailable(error) : error
  }
}

function isAway(error: unknown): boolean {
  if (error instanceof InvalidCursor || error instanceof TypeError) return false
  const { code } = error as { code?: unknown }
  // what has no SQLSTATE did not come from Postgres: no connection, or it broke, or it took too long
  return typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || awayStates.test(code)
}
