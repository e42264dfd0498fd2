import type { ChargerId, TariffId } from '@voltrail/contracts/ids'
import type { TariffScope } from '@voltrail/contracts/admin-commands'
import type { TariffTerms } from '@voltrail/contracts/tariff-shape'
import { at, given } from './fixtures/given.ts'
import { assignTariff, chooseTariff, defineTariff, tariff, type TariffState } from './tariff.ts'

const tariffId = 'standard' as TariffId
const terms = (price: string): TariffTerms => ({
  name: 'Standard',
  currency: 'EUR',
  rounding: 'half-up-per-line',
  elements: [{ price_components: [{ type: 'ENERGY', price, vat: '0', step_size: 1 }] }],
})
const charger = 'CP1' as ChargerId
const state = (scope: TariffScope, validFrom: number, ...versions: [number, string][]): TariffState => ({
  versions: versions.map(([definedAt, price], revision) => ({
    revision,
    definedAt: at(definedAt),
    terms: terms(price),
  })),
  assignments: [{ revision: 9, scope, validFrom: at(validFrom) }],
})
const book = (entries: Record<string, TariffState>): ReadonlyMap<TariffId, TariffState> =>
  new Map(Object.entries(entries) as [TariffId, TariffState][])

describe('a tariff', () => {
  it('has a new version for new terms, and none for the same', () => {
    given(tariff)
      .when((s) => defineTariff({ tariffId, terms: terms('0.30') }, s))
      .thenMatching({ type: 'TariffDefined' })
    given(tariff, { type: 'TariffDefined', data: { tariffId, terms: terms('0.30') } })
      .when((s) => defineTariff({ tariffId, terms: terms('0.30') }, s))
      .thenNothing()
  })
  it('is assigned only when it is defined, and once', () => {
    const assignment = { tariffId, scope: { kind: 'tenant' as const }, validFrom: at(0) }
    given(tariff)
      .when((s) => assignTariff(assignment, s))
      .thenRejected({ kind: 'undefined-tariff' })
    given(
      tariff,
      { type: 'TariffDefined', data: { tariffId, terms: terms('1') } },
      { type: 'TariffAssigned', data: assignment },
    )
      .when((s) => assignTariff(assignment, s))
      .thenNothing()
  })
})

describe('the tariff of a session', () => {
  const tenant = { kind: 'tenant' as const }
  it('is the charger’s before the tenant’s', () =>
    expect(
      chooseTariff(
        book({ a: state(tenant, 0, [0, '1']), b: state({ kind: 'charger', chargerId: charger }, 0, [0, '2']) }),
        {
          chargerId: charger,
          at: at(5),
        },
      ),
    ).toMatchObject({ tariffId: 'b', reason: 'charger' }))
  it('is the latest that was valid when the session began', () => {
    const tariffs = book({
      a: state(tenant, 0, [0, '1']),
      b: state(tenant, 10, [0, '2']),
      c: state(tenant, 20, [0, '3']),
    })
    expect(chooseTariff(tariffs, { chargerId: charger, at: at(15) })).toMatchObject({ tariffId: 'b' })
    expect(chooseTariff(tariffs, { chargerId: charger, at: at(-1) })).toBeUndefined()
  })
  it('keeps the version that was in force at the start, whatever came later', () =>
    expect(
      chooseTariff(book({ a: state(tenant, 0, [0, '1'], [30, '9']) }), { chargerId: charger, at: at(15) }),
    ).toMatchObject({ revision: 0, terms: terms('1') }))
})
