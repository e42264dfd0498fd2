import { z } from 'zod'

/** Quantities carry their unit in their name wherever they are stored or shown: `energyWh`, `costMinor`, `powerW`. */

/** An exact decimal number as text, as a meter or a tariff gave it: `-12.5`, `0.39`. */
export const Decimal = z.string().regex(/^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/, 'must be a decimal number as text, like 12.5')
export type Decimal = z.infer<typeof Decimal>

/** Energy, whole watt-hours. */
export const Wh = z.int().brand<'Wh'>()
export type Wh = z.infer<typeof Wh>

/** Money in the minor unit of its currency (cents), whole. */
export const MinorUnits = z.int().brand<'MinorUnits'>()
export type MinorUnits = z.infer<typeof MinorUnits>

export const Watt = z.int()
export type Watt = z.infer<typeof Watt>
export const Milliampere = z.int()
export type Milliampere = z.infer<typeof Milliampere>
export const Millivolt = z.int()
export type Millivolt = z.infer<typeof Millivolt>
/** State of charge in tenths of a per cent, 0 to 1000. */
export const SocPermille = z.int().min(0).max(1000)
export type SocPermille = z.infer<typeof SocPermille>

/** ISO 4217 code. */
export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, like EUR')
export type Currency = z.infer<typeof Currency>

/** An instant in UTC, `2026-01-31T12:00:00.000Z`, always with milliseconds so that text order is time order. */
export const Instant = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/,
    'must be an instant in UTC with milliseconds, like 2026-01-31T12:00:00.000Z',
  )
  .brand<'Instant'>()
export type Instant = z.infer<typeof Instant>

/** @param epochMilliseconds milliseconds since 1970 */
export const instant = (epochMilliseconds: number): Instant => new Date(epochMilliseconds).toISOString() as Instant

/**
 * When something at the charger happened, and why we say so. Pricing uses `effectiveAt` alone.
 * `charger` is the charger's own time (normalised to UTC; the raw text is in the frame), absent when it sent none.
 */
export const OccurredAt = z.object({
  charger: Instant.optional(),
  receivedAt: Instant,
  effectiveAt: Instant,
  reason: z.enum(['charger-clock', 'corrected-offset', 'received', 'untrusted-clock', 'inferred', 'review']),
})
export type OccurredAt = z.infer<typeof OccurredAt>

/** A register reading as received (exact) and in whole watt-hours. */
export const RegisterReading = z.object({ raw: Decimal, unit: z.enum(['Wh', 'kWh']), wh: Wh })
export type RegisterReading = z.infer<typeof RegisterReading>

/**
 * A register reading with the time that counts, oldest first where there are several. `told`: the charger's own time, where that
 * is another: what is told again by a clock that cannot be trusted is known by it.
 */
export const TimedRegister = z.object({
  at: Instant,
  reading: RegisterReading,
  context: z.string().optional(),
  told: Instant.optional(),
})
export type TimedRegister = z.infer<typeof TimedRegister>
