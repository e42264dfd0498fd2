import { z } from 'zod'
import { EvseId, TransactionId } from './ids.ts'
import { Decimal, Instant } from './quantities.ts'

/** Charging profiles in version-neutral words (those of OCPP 2.x §K). Limits are exact decimals as text. */

export const ChargingProfilePurpose = z.enum(['ChargingStationMaxProfile', 'TxDefaultProfile', 'TxProfile'])
export type ChargingProfilePurpose = z.infer<typeof ChargingProfilePurpose>

export const ChargingRateUnit = z.enum(['A', 'W'])
export type ChargingRateUnit = z.infer<typeof ChargingRateUnit>

const atLeastZero = Decimal.refine((limit) => !limit.startsWith('-'), 'is 0 or more')

/** From `startSeconds` after the schedule's start until the next period. A limit in A is per phase. */
export const ChargingPeriod = z.object({
  startSeconds: z.int().min(0).max(31_536_000),
  limit: atLeastZero,
  numberPhases: z.int().min(1).max(3).optional(),
})
export type ChargingPeriod = z.infer<typeof ChargingPeriod>

export const ChargingSchedule = z.object({
  unit: ChargingRateUnit,
  durationSeconds: z.int().min(1).max(31_536_000).optional(),
  /** absent: relative to the start of charging, or to when it is received */
  startAt: Instant.optional(),
  minChargingRate: atLeastZero.optional(),
  periods: z
    .array(ChargingPeriod)
    .min(1)
    .max(1_024)
    .refine((periods) => periods[0]?.startSeconds === 0, 'the first period starts at 0')
    .refine(
      (periods) =>
        periods.every(({ startSeconds }, i) => i === 0 || startSeconds > (periods[i - 1]?.startSeconds ?? 0)),
      'periods are in the order of time',
    ),
})
export type ChargingSchedule = z.infer<typeof ChargingSchedule>

export const ChargingProfile = z.object({
  profileId: z.int().min(0).max(2_147_483_647),
  stackLevel: z.int().min(0).max(1_000),
  purpose: ChargingProfilePurpose,
  kind: z.enum(['Absolute', 'Recurring', 'Relative']),
  recurrency: z.enum(['Daily', 'Weekly']).optional(),
  validFrom: Instant.optional(),
  validTo: Instant.optional(),
  /** of a TxProfile: the transaction that it is for */
  transactionId: TransactionId.optional(),
  schedule: ChargingSchedule,
})
export type ChargingProfile = z.infer<typeof ChargingProfile>

/** What a charger says it will do, by GetCompositeSchedule. */
export const CompositeSchedule = z.object({
  evseId: EvseId,
  startAt: Instant.optional(),
  durationSeconds: z.int().min(0),
  unit: ChargingRateUnit,
  periods: z.array(ChargingPeriod),
})
export type CompositeSchedule = z.infer<typeof CompositeSchedule>
