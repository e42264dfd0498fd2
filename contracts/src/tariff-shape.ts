import { z } from 'zod'
import { Currency, Decimal } from './quantities.ts'

/**
 * A tariff in OCPI 2.2.1 words (mod_tariffs). Prices are exact decimals in the major unit (`"0.39"` euro), without VAT:
 * ENERGY per kWh, TIME and PARKING_TIME per hour, FLAT per session. `vat` is a percentage.
 * `step_size`: ENERGY in Wh, TIME and PARKING_TIME in seconds; the quantity is rounded up to it.
 */
export const PriceComponent = z.object({
  type: z.enum(['ENERGY', 'TIME', 'PARKING_TIME', 'FLAT']),
  price: Decimal,
  vat: Decimal.default('0'),
  step_size: z.int().min(1).default(1),
})
export type PriceComponent = z.infer<typeof PriceComponent>

export const TariffElement = z.object({ price_components: z.array(PriceComponent).min(1) })
export type TariffElement = z.infer<typeof TariffElement>

/** How amounts become whole minor units; the only rule so far: each line half away from zero, VAT per rate on the sum of its lines. */
export const Rounding = z.enum(['half-up-per-line'])

export const TariffTerms = z.object({
  name: z.string().min(1).max(100),
  currency: Currency,
  elements: z.array(TariffElement).min(1).max(20),
  rounding: Rounding.default('half-up-per-line'),
})
export type TariffTerms = z.infer<typeof TariffTerms>

/** The currencies that there are (ISO 4217), as this runtime knows them. */
const currencies = new Set(Intl.supportedValuesOf('currency'))
/** OCPI 2.2.1 §7.8 (number). */
const mostDecimals = 4

/**
 * What is asked of new terms. Those that stand in the log are as they are: what was decided once is priced the same for ever.
 * An operator who means a discount makes another tariff.
 */
export const checkNewTerms = (
  { currency, elements }: Pick<TariffTerms, 'currency' | 'elements'>,
  context: z.core.$RefinementCtx,
): void => {
  const wrong = (message: string, ...path: (string | number)[]): void => {
    context.issues.push({ code: 'custom', message, path, input: undefined })
  }
  if (!currencies.has(currency)) wrong(`${currency} is no currency of ISO 4217`, 'currency')
  for (const [e, { price_components: components }] of elements.entries()) {
    const types = new Set<string>()
    for (const [c, { type, price, vat }] of components.entries()) {
      const at = ['elements', e, 'price_components', c] as const
      if (types.has(type)) wrong(`there is a price for ${type} in this element already`, ...at, 'type')
      types.add(type)
      for (const [name, value] of Object.entries({ price, vat })) {
        if (value.startsWith('-')) wrong('must not be less than 0', ...at, name)
        if ((value.split('.')[1]?.length ?? 0) > mostDecimals)
          wrong(`must have ${mostDecimals} decimals at most (OCPI 2.2.1)`, ...at, name)
      }
      if (Number(vat) > 100) wrong('must be a percentage from 0 to 100', ...at, 'vat')
    }
  }
}
