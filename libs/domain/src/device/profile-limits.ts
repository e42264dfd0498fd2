import type { ChargingPeriod, ChargingSchedule } from '@voltrail/contracts/charging-profile'
import type { Decimal } from '@voltrail/contracts/quantities'

/** A limit in A is per phase. It becomes W at this voltage between phase and neutral (IEC 60038: 230 V). */
export const supplyVolts = 230

/** Limits have one digit after the point at most (OCPP 1.6 §7.14): tenths are whole numbers, and nothing is lost. */
const tenths = (limit: Decimal): number => Math.floor(Math.round(Number(limit) * 1_000) / 100)
const written = (value: number): Decimal => (value % 10 === 0 ? String(value / 10) : (value / 10).toFixed(1))

/** A part of a limit for each of so many, rounded down: together they never exceed it. */
export const sharedLimit = (limit: Decimal, among: number): Decimal => written(Math.floor(tenths(limit) / among))

/** A limit in A as whole W, rounded down; undefined when nobody said on how many phases. */
export const lowestWatts = ({
  limit,
  numberPhases,
}: Pick<ChargingPeriod, 'limit' | 'numberPhases'>): Decimal | undefined =>
  numberPhases === undefined ? undefined : String(Math.floor((tenths(limit) * supplyVolts * numberPhases) / 10))

/** What a period allows in a unit, as a number; undefined when it cannot be told in that unit. */
export const limitIn = (
  unit: ChargingSchedule['unit'],
  period: ChargingPeriod,
  given: ChargingSchedule['unit'],
): number | undefined => {
  if (unit === given) return Number(period.limit)
  if (period.numberPhases === undefined) return undefined
  const factor = supplyVolts * period.numberPhases
  return unit === 'W' ? Number(period.limit) * factor : Number(period.limit) / factor
}
