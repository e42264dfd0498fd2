import { PostTariffBody } from './rest/tariffs.ts'
import { TariffTerms } from './tariff-shape.ts'

const energy = { type: 'ENERGY', price: '0.39', vat: '19' }
const terms = (components: readonly object[] = [energy], currency = 'EUR') => ({
  name: 'A tariff',
  currency,
  elements: [{ price_components: components }],
})
const flaws = (body: object) =>
  PostTariffBody.safeParse({ id: 'a', ...body }).error?.issues.map(
    ({ path, message }) => `${path.join('.')} ${message}`,
  )

describe('new terms of a tariff', () => {
  it('are taken with prices of up to four decimals, and with none', () => {
    expect(flaws(terms([energy, { type: 'TIME', price: '1.2345', vat: '0' }, { type: 'FLAT', price: '0' }]))).toBe(
      undefined,
    )
    expect(flaws(terms([energy], 'JPY'))).toBe(undefined)
  })

  it.each<[string, object, string]>([
    [
      'below nothing',
      terms([{ ...energy, price: '-0.10' }]),
      'elements.0.price_components.0.price must not be less than 0',
    ],
    [
      'with a VAT above all',
      terms([{ ...energy, vat: '190' }]),
      'elements.0.price_components.0.vat must be a percentage from 0 to 100',
    ],
    [
      'with a VAT below nothing',
      terms([{ ...energy, vat: '-1' }]),
      'elements.0.price_components.0.vat must not be less than 0',
    ],
    [
      'finer than OCPI',
      terms([{ ...energy, price: '0.39001' }]),
      'elements.0.price_components.0.price must have 4 decimals at most (OCPI 2.2.1)',
    ],
    [
      'told twice',
      terms([energy, { ...energy, price: '0.49' }]),
      'elements.0.price_components.1.type there is a price for ENERGY in this element already',
    ],
    ['in a currency that there is not', terms([energy], 'EUX'), 'currency EUX is no currency of ISO 4217'],
    [
      'as a number',
      terms([{ ...energy, price: 0.39 }]),
      'elements.0.price_components.0.price Invalid input: expected string, received number',
    ],
    [
      'as a word',
      terms([{ ...energy, price: '0,39' }]),
      'elements.0.price_components.0.price must be a decimal number as text, like 12.5',
    ],
  ])('are refused %s, and it is said where', (_title, body, flaw) => {
    expect(flaws(body)).toEqual([flaw])
  })

  it('that were decided before there was a rule are what they are', () => {
    expect(TariffTerms.safeParse(terms([{ ...energy, price: '-0.10000' }, energy], 'EUX')).success).toBe(true)
  })
})
