import { z } from 'zod'
import { ChargerId, DecimalString, SessionId, TariffId } from '../ids.ts'
import { Currency, Decimal, Instant, MinorUnits, Wh } from '../quantities.ts'
import { TariffTerms } from '../tariff-shape.ts'
import { EnergySource } from './session.ts'

/** Events of the stream `billing-<tenant>.<session>`: what a session costs, and every time that answer changed. */

/** The facts that a price is made of, and nothing else. */
export const ChargedPeriod = z.object({
  startedAt: Instant,
  endedAt: Instant,
  energyWh: Wh,
  parkingSeconds: z.int().min(0),
})
export type ChargedPeriod = z.infer<typeof ChargedPeriod>

/** One line of a price. `quantity` is in kWh, hours or sessions; `netMinor` is rounded by the tariff's rule. */
export const PriceLine = z.object({
  type: z.enum(['ENERGY', 'TIME', 'PARKING_TIME', 'FLAT']),
  quantity: Decimal,
  unit: z.enum(['kWh', 'h', 'session']),
  price: Decimal,
  vat: Decimal,
  netMinor: MinorUnits,
})
export type PriceLine = z.infer<typeof PriceLine>

export const Price = z.object({
  currency: Currency,
  lines: z.array(PriceLine),
  vat: z.array(z.object({ rate: Decimal, netMinor: MinorUnits, vatMinor: MinorUnits })),
  netMinor: MinorUnits,
  vatMinor: MinorUnits,
  costMinor: MinorUnits,
})
export type Price = z.infer<typeof Price>

const session = {
  sessionId: SessionId,
  chargerId: ChargerId,
  /** the session's revision that was rated: a repeat of it changes nothing */
  sessionRevision: DecimalString,
}

export const billingEvents = {
  SessionRated: z.object({
    ...session,
    kind: z.enum(['final', 'provisional']),
    charged: ChargedPeriod,
    energySource: EnergySource,
    tariff: z.object({
      tariffId: TariffId,
      revision: DecimalString,
      terms: TariffTerms,
      reason: z.enum(['charger', 'tenant']),
    }),
    price: Price,
    /** free of charge because of the start's authorisation status, or an internal token */
    free: z.boolean(),
  }),
  /** The rating at `creditedRevision` of this stream no longer holds. */
  SessionCredited: z.object({
    ...session,
    creditedRevision: DecimalString,
    currency: Currency,
    netMinor: MinorUnits,
    vatMinor: MinorUnits,
    costMinor: MinorUnits,
    cause: z.string(),
  }),
  /**
   * No price is made; `out-of-range`: an amount that is no safe integer; `suspect-energy`: the energy waits for review. Rated when
   * the session changes again.
   */
  SessionUnpriced: z.object({ ...session, reason: z.enum(['no-tariff', 'out-of-range', 'suspect-energy']) }),
} as const
