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
