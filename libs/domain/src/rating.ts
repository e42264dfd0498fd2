import Big from 'big.js'
import type { ChargedPeriod, Price, PriceLine } from '@voltrail/contracts/events/billing'
import type { Decimal, Instant, MinorUnits, Wh } from '@voltrail/contracts/quantities'
import type { PriceComponent, TariffTerms } from '@voltrail/contracts/tariff-shape'

/**
 * The one pricing function: the live cost, the bill, the record for roaming partners and the audit all come from here.
 * Exact decimals throughout; only where a tariff's rounding rule says so does an amount become whole minor units.
 */

/** Digits after the point of a currency's major unit (ISO 4217) where it is not 2. */
const minorDigits: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
}
export const currencyDigits = (currency: string): number => minorDigits[currency] ?? 2

// what has no end in decimals is kept far beyond the one rounding that follows
const Exact = Big()
Exact.DP = 60
Exact.RM = Big.roundHalfUp

const wholeMinor = (amount: Big): MinorUnits => Number(amount.round(0, Big.roundHalfUp).toFixed()) as MinorUnits

/** A number of steps rounded up, so that a begun step counts whole (OCPI 2.2.1 §11.4.2 step_size). */
const inSteps = (quantity: number, step: number): number => Math.ceil(quantity / step) * step

/** What one component charges: its quantity in the component's unit, and the net amount in minor units. */
const priceLine = (component: PriceComponent, charged: ChargedPeriod, digits: number): PriceLine | undefined => {
  const seconds = Math.max(0, Math.round((Date.parse(charged.endedAt) - Date.parse(charged.startedAt)) / 1000))
  const parked = Math.min(charged.parkingSeconds, seconds)
  const step = component.step_size
  /** Divided last: a third of an hour has no end in decimals, half a cent has, and must be seen as half a cent. */
  const line = (quantity: number, perPriced: number, unit: PriceLine['unit'], shown: string): PriceLine => ({
    type: component.type,
    quantity: shown,
    unit,
    price: component.price,
    vat: component.vat,
    netMinor: wholeMinor(new Exact(quantity).times(component.price).times(new Exact(10).pow(digits)).div(perPriced)),
  })
  const hours = (quantity: number) => line(quantity, 3600, 'h', new Exact(quantity).div(3600).round(6).toFixed())
  switch (component.type) {
    case 'FLAT':
      return line(1, 1, 'session', '1')
    case 'ENERGY': {
      const wh = inSteps(Math.max(0, charged.energyWh), step)
      return line(wh, 1000, 'kWh', new Exact(wh).div(1000).toFixed())
    }
    case 'TIME':
      return hours(inSteps(seconds - parked, step))
    case 'PARKING_TIME':
      return hours(inSteps(parked, step))
    default:
      return component.type satisfies never
  }
}

/**
 * The price of a session.
 * @param charged what was used: boundaries in UTC, energy in Wh, idle time in seconds
 * @param terms the tariff version: the first component of each type applies (OCPI 2.2.1 §11.4.4: elements in order)
 * Rounding `half-up-per-line`: every line to whole minor units, half away from zero; VAT per rate on the sum of its lines, rounded
 * the same way; `costMinor` = net + VAT. So the lines that a driver sees add up to the bill exactly.
 */
export const priceSession = (charged: ChargedPeriod, terms: TariffTerms): Price => {
  const digits = currencyDigits(terms.currency)
  const first = new Map<PriceComponent['type'], PriceComponent>()
  for (const element of terms.elements)
    for (const component of element.price_components)
      if (!first.has(component.type)) first.set(component.type, component)
  const lines = [...first.values()].flatMap((component) => priceLine(component, charged, digits) ?? [])
  const netByRate = new Map<Decimal, number>()
  for (const line of lines) netByRate.set(line.vat, (netByRate.get(line.vat) ?? 0) + line.netMinor)
  const vat = [...netByRate].map(([rate, netMinor]) => ({
    rate,
    netMinor: netMinor as MinorUnits,
    vatMinor: wholeMinor(new Exact(netMinor).times(rate).div(100)),
  }))
  const netMinor = lines.reduce((sum, line) => sum + line.netMinor, 0) as MinorUnits
  const vatMinor = vat.reduce((sum, one) => sum + one.vatMinor, 0) as MinorUnits
  return { currency: terms.currency, lines, vat, netMinor, vatMinor, costMinor: (netMinor + vatMinor) as MinorUnits }
}

/** A charged period from a session's boundaries; an end before the start charges no time. */
export const chargedPeriod = (
  startedAt: Instant,
  endedAt: Instant,
  energyWh: Wh,
  parkingSeconds = 0,
): ChargedPeriod => ({
  startedAt,
  endedAt: endedAt < startedAt ? startedAt : endedAt,
  energyWh,
  parkingSeconds,
})
