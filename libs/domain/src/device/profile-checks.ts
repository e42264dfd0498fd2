import type { ChargingProfile, ChargingSchedule } from '@voltrail/contracts/charging-profile'
import type { DeviceState } from './device-state.ts'
import { limitIn } from './profile-limits.ts'
import { replaces, type Placed, type SetProfile } from './profiles.ts'
import { isSameKey } from './key-name.ts'

type Keys = NonNullable<DeviceState['configuration']>['keys']

/** What is known of the charger that a profile is for. */
export interface ProfileTerms {
  /** its configuration, as far as it was seen */
  readonly keys: Keys
  /** what it took already */
  readonly profiles: readonly SetProfile[]
  /** how far its clock was off when it was last seen, oldest first; empty: it never was */
  readonly clockOffsetsMs: readonly number[]
  /** its clock is trusted all the same: somebody who may says so */
  readonly force?: true | undefined
}

/**
 * Why a charger will not take a profile, by its own limits (OCPP 1.6 §9.4), or must not be given it; `undefined`: nothing speaks
 * against it. A key that it never showed limits nothing.
 */
export const profileRefusal = ({ evseId, profile }: Placed, terms: ProfileTerms): string | undefined => {
  const { schedule, stackLevel } = profile
  const value = (key: string): string | undefined => terms.keys.find((one) => isSameKey(one.key, key))?.value
  const number = (key: string): number | undefined => {
    const text = value(key)?.trim() ?? ''
    return /^\d{1,9}$/.test(text) ? Number(text) : undefined
  }
  const mostStack = number('ChargeProfileMaxStackLevel')
  if (mostStack !== undefined && stackLevel > mostStack)
    return `the charger takes stack levels up to ${mostStack} (ChargeProfileMaxStackLevel), this one is ${stackLevel}`
  const units = unitsOf(value('ChargingScheduleAllowedChargingRateUnit'))
  if (units.size > 0 && !units.has(schedule.unit))
    return `the charger takes limits in ${[...units].join(' or ')} only (ChargingScheduleAllowedChargingRateUnit), this one is in ${schedule.unit}`
  const mostPeriods = number('ChargingScheduleMaxPeriods')
  if (mostPeriods !== undefined && schedule.periods.length > mostPeriods)
    return `the charger takes ${mostPeriods} periods at most (ChargingScheduleMaxPeriods), this schedule has ${schedule.periods.length}`
  const mostProfiles = number('MaxChargingProfilesInstalled')
  const others = terms.profiles.filter((known) => !replaces({ evseId, profile }, known))
  if (mostProfiles !== undefined && others.length >= mostProfiles)
    return `the charger holds ${mostProfiles} profiles at most (MaxChargingProfilesInstalled) and has ${others.length}: clear one first`
  const times = [
    ...(profile.validFrom === undefined ? [] : ['validFrom']),
    ...(profile.validTo === undefined ? [] : ['validTo']),
    ...(schedule.startAt === undefined ? [] : ['schedule.startAt']),
    ...(profile.kind === 'Recurring' ? ['kind Recurring'] : []),
  ]
  if (times.length > 0 && terms.force !== true && !clockProven(terms.clockOffsetsMs))
    return `${times.join(', ')}: the charger's clock is not known to be right to within 60 s (${seenClock(terms.clockOffsetsMs)}), so a limit must not hang on it: leave the times out${profile.kind === 'Recurring' ? ' and use kind Relative' : ''}, or set "force" to send it all the same`
  return undefined
}

const seenClock = (offsetsMs: readonly number[]): string => {
  const worst = offsetsMs.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0]
  if (worst === undefined) return 'it has told no status with a time yet'
  return `it was seen ${Math.round(Math.abs(worst) / 1_000)} s ${worst > 0 ? 'ahead' : 'behind'}`
}

/** `Current`, `Power` (§9.4.2), or the units themselves, as some makes have it. */
const unitsOf = (text = ''): ReadonlySet<ChargingSchedule['unit']> =>
  new Set(
    text
      .split(',')
      .map((word) => word.trim().toLowerCase())
      .flatMap((word): ChargingSchedule['unit'][] =>
        word === 'current' || word === 'a' ? ['A'] : word === 'power' || word === 'w' ? ['W'] : [],
      ),
  )

/** Whether a charger's clock is proven: measured, and never further off than this. */
export const provenClockMs = 60_000
export const clockProven = (offsetsMs: readonly number[]): boolean =>
  offsetsMs.length > 0 && offsetsMs.every((offset) => Math.abs(offset) <= provenClockMs)

/** Profiles of a transaction and their defaults stand in for each other; the maximum of the station stands alone. */
const family = ({ purpose }: ChargingProfile): 'maximum' | 'transaction' =>
  purpose === 'ChargingStationMaxProfile' ? 'maximum' : 'transaction'

/**
 * Whether a profile can only lower what the charger may draw: nothing that it stands in for allowed less, at any time. Such a
 * profile does not wait for the log. A profile is a cap, so one that nothing is known to compete with lowers, too.
 * @param profiles those that the charger is known to have; `undefined`: nobody can say now
 */
export const lowersPower = (placed: Placed, profiles: readonly SetProfile[] | undefined): boolean => {
  if (profiles === undefined) return true
  const { evseId, profile } = placed
  const rivals = profiles.filter(
    (known) =>
      family(known.profile) === family(profile) &&
      (known.evseId === evseId || known.evseId === 0 || evseId === 0 || replaces(placed, known)),
  )
  return rivals.every((rival) => {
    // where it ends, nothing is left of the one that it replaced
    const ends = profile.schedule.durationSeconds !== undefined || profile.validTo !== undefined
    const begins = profile.validFrom !== undefined || profile.schedule.startAt !== undefined
    if (replaces(placed, rival) && (ends || begins)) return false
    // the same EVSE, or all of them: elsewhere the older one would be gone
    if (replaces(placed, rival) && evseId !== rival.evseId && evseId !== 0) return false
    return rival.profile.schedule.periods.every((older) =>
      profile.schedule.periods.every((newer) => {
        const limit = limitIn(rival.profile.schedule.unit, newer, profile.schedule.unit)
        return limit !== undefined && limit <= Number(older.limit)
      }),
    )
  })
}
