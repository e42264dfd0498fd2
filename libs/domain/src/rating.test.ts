import fc from 'fast-check'
import type { TariffTerms } from '@voltrail/contracts/tariff-shape'
import type { Wh } from '@voltrail/contracts/quantities'
import { at } from './fixtures/given.ts'
import { chargedPeriod, priceSession } from './rating.ts'

const terms = (components: TariffTerms['elements'][number]['price_components'], currency = 'EUR'): TariffTerms => ({
  name: 'test',
  currency,
  elements: [{ price_components: components }],
  rounding: 'half-up-per-line',
})
const energy = { type: 'ENERGY' as const, price: '0.39', vat: '19', step_size: 1 }
const time = { type: 'TIME' as const, price: '3.00', vat: '19', step_size: 1 }
const flat = { type: 'FLAT' as const, price: '0.50', vat: '19', step_size: 1 }

describe('the one pricing function', () => {
  it('prices energy, time and a session fee with VAT, worked out by hand', () => {
    // 12.345 kWh * 0.39 = 4.81455 -> 481; 90 min at 3.00/h = 4.50 -> 450; fee 50; net 981; VAT 19 % = 186.39 -> 186
    const price = priceSession(chargedPeriod(at(0), at(90), 12_345 as Wh), terms([energy, time, flat]))
    expect(price.lines.map((line) => [line.type, line.quantity, line.unit, line.netMinor])).toEqual([
      ['ENERGY', '12.345', 'kWh', 481],
      ['TIME', '1.5', 'h', 450],
      ['FLAT', '1', 'session', 50],
    ])
    expect(price).toMatchObject({ netMinor: 981, vatMinor: 186, costMinor: 1167, currency: 'EUR' })
  })

  it('rounds half a cent up', () => {
    // 1 kWh * 0.005 = 0.5 ct
    expect(
      priceSession(chargedPeriod(at(0), at(1), 1000 as Wh), terms([{ ...energy, price: '0.005', vat: '0' }])).costMinor,
    ).toBe(1)
  })

  it('sees half a cent of a time that has no end in decimal hours', () => {
    // 75 s at 1.20/h = 2.5 ct, and 75/3600 h = 0.0208333…
    const charged = { ...chargedPeriod(at(0), at(0), 0 as Wh), endedAt: at(75 / 60) }
    expect(priceSession(charged, terms([{ ...time, price: '1.20', vat: '0' }])).costMinor).toBe(3)
  })

  it('rounds a begun step up to a whole one', () => {
    const stepped = { ...energy, price: '1', vat: '0', step_size: 500 }
    expect(priceSession(chargedPeriod(at(0), at(1), 501 as Wh), terms([stepped])).costMinor).toBe(100)
    const minutes = { ...time, price: '60', vat: '0', step_size: 60 }
    expect(
      priceSession({ ...chargedPeriod(at(0), at(0), 0 as Wh), endedAt: at(1 / 60) }, terms([minutes])).costMinor,
    ).toBe(100)
  })

  it('bills idle minutes as idle time and not as charging time', () => {
    const parking = { type: 'PARKING_TIME' as const, price: '6', vat: '0', step_size: 1 }
    const price = priceSession(chargedPeriod(at(0), at(60), 0 as Wh, 1800), terms([{ ...time, vat: '0' }, parking]))
    expect(price.lines.map((line) => line.netMinor)).toEqual([150, 300])
  })

  it('knows currencies without minor units and with three', () => {
    expect(
      priceSession(chargedPeriod(at(0), at(1), 1000 as Wh), terms([{ ...energy, price: '45', vat: '0' }], 'JPY'))
        .costMinor,
    ).toBe(45)
    expect(
      priceSession(chargedPeriod(at(0), at(1), 1000 as Wh), terms([{ ...energy, price: '0.045', vat: '0' }], 'KWD'))
        .costMinor,
    ).toBe(45)
  })

  it('takes the first component of each type', () => {
    const price = priceSession(chargedPeriod(at(0), at(1), 1000 as Wh), {
      ...terms([{ ...energy, vat: '0' }]),
      elements: [
        { price_components: [{ ...energy, vat: '0' }] },
        { price_components: [{ ...energy, price: '9', vat: '0' }] },
      ],
    })
    expect(price.costMinor).toBe(39)
  })

  it('makes lines that add up to the bill, and a bill that never falls when more is used', () => {
    const wh = fc.integer({ min: 0, max: 500_000 })
    const minutes = fc.integer({ min: 0, max: 10_000 })
    fc.assert(
      fc.property(wh, wh, minutes, (a, b, m) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((e) =>
          priceSession(chargedPeriod(at(0), at(m), e as Wh), terms([energy, time, flat])),
        )
        expect(less!.lines.reduce((sum, line) => sum + line.netMinor, 0)).toBe(less!.netMinor)
        expect(less!.netMinor + less!.vatMinor).toBe(less!.costMinor)
        expect(more!.costMinor).toBeGreaterThanOrEqual(less!.costMinor)
      }),
    )
  })
})
