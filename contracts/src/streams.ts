import { CampaignId, ChargerId, ImageName, SessionId, TariffId, TenantId, TokenRef, TransactionId } from './ids.ts'
import { decodeToken, encodeToken } from './tokens.ts'

/** Every stream name of the log is built and parsed here: `<category>-<tenant>.<id…>`. */
export const categories = [
  'charger',
  'device',
  'session',
  'billing',
  'tariff',
  'token',
  'tenant',
  'campaign',
  'firmware',
] as const
export type Category = (typeof categories)[number]

export type StreamName = string & { readonly __stream: unique symbol }

const name = (category: Category, tenant: TenantId, ...ids: string[]): StreamName =>
  `${category}-${[tenant, ...ids].join('.')}` as StreamName

export const chargerStream = (tenant: TenantId, charger: ChargerId) => name('charger', tenant, encodeToken(charger))
export const deviceStream = (tenant: TenantId, charger: ChargerId) => name('device', tenant, encodeToken(charger))
export const sessionStream = (tenant: TenantId, session: SessionId) => name('session', tenant, session)
export const billingStream = (tenant: TenantId, session: SessionId) => name('billing', tenant, session)
export const tariffStream = (tenant: TenantId, tariff: TariffId) => name('tariff', tenant, encodeToken(tariff))
export const tokenStream = (tenant: TenantId, token: TokenRef) => name('token', tenant, token)
export const campaignStream = (tenant: TenantId, id: CampaignId) => name('campaign', tenant, encodeToken(id))
export const firmwareStream = (tenant: TenantId, image: ImageName) => name('firmware', tenant, encodeToken(image))
export const tenantStream = (tenant: TenantId) => name('tenant', tenant)

/** Where the parts of a large frame lie. Not a category of domain events. */
export const frameStream = (tenant: TenantId, sha256: string): string => `frame-${tenant}.${sha256}`

/** The prefix that a subscription filters by: `session-`. */
export const categoryPrefix = (category: Category): string => `${category}-`

export const sessionId = (charger: ChargerId, transaction: TransactionId): SessionId =>
  `${encodeToken(charger)}.${encodeToken(transaction)}` as SessionId

export const sessionParts = (session: SessionId): { chargerId: ChargerId; transactionId: TransactionId } => {
  const [charger = '', transaction = ''] = session.split('.')
  return {
    chargerId: ChargerId.parse(decodeToken(charger)),
    transactionId: TransactionId.parse(decodeToken(transaction)),
  }
}

export type StreamAddress =
  | { category: 'charger' | 'device'; tenant: TenantId; chargerId: ChargerId }
  | { category: 'session' | 'billing'; tenant: TenantId; sessionId: SessionId }
  | { category: 'tariff'; tenant: TenantId; tariffId: TariffId }
  | { category: 'token'; tenant: TenantId; tokenRef: TokenRef }
  | { category: 'tenant'; tenant: TenantId }
  | { category: 'campaign'; tenant: TenantId; campaignId: CampaignId }
  | { category: 'firmware'; tenant: TenantId; image: ImageName }

/** The parts of one of our stream names; `undefined` for a stream that is not ours (system streams, checkpoints). */
export const parseStream = (stream: string): StreamAddress | undefined => {
  const dash = stream.indexOf('-')
  const category = categories.find((one) => one === stream.slice(0, dash))
  if (dash < 0 || category === undefined) return undefined
  const [tenantText, ...ids] = stream.slice(dash + 1).split('.')
  const tenant = TenantId.safeParse(tenantText)
  if (!tenant.success) return undefined
  try {
    switch (category) {
      case 'charger':
      case 'device':
        return { category, tenant: tenant.data, chargerId: ChargerId.parse(decodeToken(ids.join('.'))) }
      case 'session':
      case 'billing':
        return { category, tenant: tenant.data, sessionId: SessionId.parse(ids.join('.')) }
      case 'tariff':
        return { category, tenant: tenant.data, tariffId: TariffId.parse(decodeToken(ids.join('.'))) }
      case 'token':
        return { category, tenant: tenant.data, tokenRef: TokenRef.parse(ids.join('.')) }
      case 'campaign':
        return { category, tenant: tenant.data, campaignId: CampaignId.parse(decodeToken(ids.join('.'))) }
      case 'firmware':
        return { category, tenant: tenant.data, image: ImageName.parse(decodeToken(ids.join('.'))) }
      case 'tenant':
        return ids.length === 0 ? { category, tenant: tenant.data } : undefined
      default:
        return category satisfies never
    }
  } catch {
    return undefined
  }
}
