import { StartError } from '@voltrail/runtime/start-error'

/** What a REST client of the product needs. */
export interface ApiAccess {
  readonly url: string
  readonly operatorKey: string
}

/**
 * The tariff of a fresh installation, so that the first session gets a bill: 0.39 EUR per kWh, 0.05 EUR per started minute,
 * 0.50 EUR per session, 19 % VAT on top.
 */
export const standardTariff = {
  id: 'standard',
  name: 'Standard',
  currency: 'EUR',
  elements: [
    {
      price_components: [
        { type: 'ENERGY', price: '0.39', vat: '19', step_size: 1 },
        { type: 'TIME', price: '3.00', vat: '19', step_size: 60 },
        { type: 'FLAT', price: '0.50', vat: '19' },
      ],
    },
  ],
} as const

/** Before any session: chargers hand in what they kept while they were offline, and clocks of chargers are wrong. */
const validFrom = '2000-01-01T00:00:00Z'

/** Defines the tariff and makes it the tenant's, until a later assignment. Doing it again changes nothing. */
export async function seedTariff(api: ApiAccess): Promise<void> {
  await post(api, '/v1/tariffs', standardTariff)
  await post(api, `/v1/tariffs/${standardTariff.id}/assignments`, { scope: { kind: 'tenant' }, validFrom })
}

/** What the drivers of the demo carry. */
export const demoIdTokens = [1, 2, 3, 4, 5].map((number) => ({
  token: `04DE000${number}`,
  label: `Demo driver ${number}`,
}))

/** Issues the id tokens of the demo. Doing it again changes nothing. */
export async function seedDemo(api: ApiAccess): Promise<void> {
  for (const { token, label } of demoIdTokens) {
    await post(api, '/v1/id-tokens', { token, type: 'ISO14443', status: 'Accepted', label })
  }
}

async function post(api: ApiAccess, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${api.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.operatorKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  })
  if (response.ok) return
  throw new StartError(
    `POST ${path} was answered ${response.status}: ${(await response.text()).slice(0, 500)}`,
    'see the log of api',
  )
}
