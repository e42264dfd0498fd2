import type { ChargingProfile } from '@voltrail/contracts/charging-profile'
import { readInstant, writeTimestamp } from '../timestamp.ts'
import { asText, defined } from './fields.ts'
import type { Fields } from './inbound-message.ts'
import { writeTransactionId } from './transaction-id.ts'

/** OCPP 1.6 §7.8 ChargingProfile, §7.13 ChargingSchedule: limits are numbers with one digit after the point at most. */
export const writeChargingProfile = (profile: ChargingProfile): { payload: object } | { unsupported: string } => {
  const { schedule, transactionId, recurrency, validFrom, validTo } = profile
  const number = transactionId === undefined ? undefined : writeTransactionId(transactionId)
  if (transactionId !== undefined && number === undefined)
    return { unsupported: 'an OCPP 1.6 transaction id is a whole number' }
  const limits = [
    ...schedule.periods.map(({ limit }) => limit),
    ...(schedule.minChargingRate === undefined ? [] : [schedule.minChargingRate]),
  ]
  if (limits.some((limit) => /\.\d{2,}$/.test(limit)))
    return { unsupported: 'an OCPP 1.6 limit has one digit after the point at most' }
  return {
    payload: {
      chargingProfileId: profile.profileId,
      ...(number !== undefined && { transactionId: number }),
      stackLevel: profile.stackLevel,
      chargingProfilePurpose: purposes[profile.purpose],
      chargingProfileKind: profile.kind,
      ...(recurrency !== undefined && { recurrencyKind: recurrency }),
      ...(validFrom !== undefined && { validFrom: writeTimestamp(validFrom) }),
      ...(validTo !== undefined && { validTo: writeTimestamp(validTo) }),
      chargingSchedule: {
        ...(schedule.durationSeconds !== undefined && { duration: schedule.durationSeconds }),
        ...(schedule.startAt !== undefined && { startSchedule: writeTimestamp(schedule.startAt) }),
        chargingRateUnit: schedule.unit,
        chargingSchedulePeriod: schedule.periods.map(({ startSeconds, limit, numberPhases }) => ({
          startPeriod: startSeconds,
          limit: Number(limit),
          ...(numberPhases !== undefined && { numberPhases }),
        })),
        ...(schedule.minChargingRate !== undefined && { minChargingRate: Number(schedule.minChargingRate) }),
      },
    },
  }
}

/** The words of 1.6 for the purposes (§7.11). */
export const purposes = {
  ChargingStationMaxProfile: 'ChargePointMaxProfile',
  TxDefaultProfile: 'TxDefaultProfile',
  TxProfile: 'TxProfile',
} as const

const neutral = new Map<unknown, string>(Object.entries(purposes).map(([purpose, said]) => [said, purpose]))

/** Our word for a purpose of 1.6; what is none stays as it is, for the schema to refuse. */
export const readPurpose = (said: unknown): unknown => neutral.get(said) ?? said

/** The profile in our words, not yet checked. @param payload valid by the schema of 1.6 */
export const readChargingProfile = (payload: Fields): object => {
  const schedule = payload['chargingSchedule'] as Fields
  const { transactionId, validFrom, validTo, recurrencyKind } = payload
  return defined({
    profileId: payload['chargingProfileId'],
    stackLevel: payload['stackLevel'],
    purpose: readPurpose(payload['chargingProfilePurpose']),
    kind: payload['chargingProfileKind'],
    recurrency: recurrencyKind,
    validFrom: readInstant(validFrom),
    validTo: readInstant(validTo),
    transactionId: asText(transactionId),
    schedule: defined({
      unit: schedule['chargingRateUnit'],
      durationSeconds: schedule['duration'],
      startAt: readInstant(schedule['startSchedule']),
      minChargingRate: decimal(schedule['minChargingRate']),
      periods: (schedule['chargingSchedulePeriod'] as readonly Fields[]).map((period) =>
        defined({
          startSeconds: period['startPeriod'],
          limit: decimal(period['limit']),
          numberPhases: period['numberPhases'],
        }),
      ),
    }),
  })
}

const decimal = (value: unknown): unknown => (typeof value === 'number' ? String(value) : value)
