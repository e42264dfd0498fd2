import { ChargerId, TenantId } from '@voltrail/contracts/ids'

/** Who a connection URL names, or the HTTP refusal with a text that tells the installer what to change. */
export type UpgradePath =
  | { readonly kind: 'charger'; readonly tenant: TenantId; readonly chargerId: ChargerId }
  | { readonly kind: 'refused'; readonly status: 400 | 404; readonly detail: string }

export const defaultTenant = TenantId.parse('default')
const form = 'connect to /ocpp/<chargerId> or /ocpp/<tenant>/<chargerId>'

/**
 * Reads the request target of an upgrade (OCPP-J 1.6 §3.1.1). Ids are percent-decoded; a query, empty segments and trailing
 * slashes are ignored, because installers' base URLs often end in a slash.
 */
export const readUpgradePath = (target: string, tenants: ReadonlySet<string>): UpgradePath => {
  // a server must take the absolute form too (RFC 9112 §3.2.2)
  const [path = ''] = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1)
  const segments: string[] = []
  for (const raw of path.split('/')) {
    if (raw === '') continue
    try {
      segments.push(decodeURIComponent(raw))
    } catch {
      return malformed(`the path has a broken percent-encoding in ${JSON.stringify(raw.slice(0, 60))}`)
    }
  }
  const [root, first, second, ...rest] = segments
  // some stacks append the id that the installer has already entered: /ocpp/acme/CP1/CP1
  const more = rest.length === 1 && rest[0] === second ? [] : rest
  if (root !== 'ocpp' || first === undefined || more.length > 0) return notFound(`there is nothing here; ${form}`)
  if (second === undefined) return charger(defaultTenant, first)
  if (tenants.has(first)) return charger(TenantId.parse(first), second)
  // the same without a tenant: /ocpp/CP1/CP1
  if (first === second && rest.length === 0) return charger(defaultTenant, second)
  return notFound(`there is no tenant ${JSON.stringify(first.slice(0, 60))}; ${form}`)
}

const charger = (tenant: TenantId, id: string): UpgradePath => {
  const parsed = ChargerId.safeParse(id)
  if (parsed.success) return { kind: 'charger', tenant, chargerId: parsed.data }
  return malformed(
    'the charger id in the path must have 1 to 48 characters, none of them a slash or a control character',
  )
}

const malformed = (detail: string): UpgradePath => ({ kind: 'refused', status: 400, detail })
const notFound = (detail: string): UpgradePath => ({ kind: 'refused', status: 404, detail })
