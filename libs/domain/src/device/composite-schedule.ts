import type { ChargingPeriod, ChargingSchedule, CompositeSchedule } from '@voltrail/contracts/charging-profile'
import { limitIn } from './profile-limits.ts'
import type { SetProfile } from './profiles.ts'

/** What is told of a difference, and what rounding on the way may make of a limit. */
const toleranceOf = { A: 0.1, W: 25 } as const

export interface Comparison {
  readonly agrees: boolean
  readonly detail?: string
}

/**
 * Whether a charger means to stay at or below what its profiles say, at each time at which either changes. At EVSE 0 only the
 * maximum of the whole station counts: what it draws in all is not bound by the profiles of single EVSEs.
 * @param askedAt ms since 1970, when it was asked: its schedule begins then
 */
export const compareComposite = (
  composite: CompositeSchedule,
  profiles: readonly SetProfile[],
  askedAt: number,
): Comparison => {
  const { evseId, unit } = composite
  const maxima = profiles.filter(({ profile }) => profile.purpose === 'ChargingStationMaxProfile')
  const transaction = (purpose: string) =>
    evseId === 0 ? [] : profiles.filter((one) => one.profile.purpose === purpose && [0, evseId].includes(one.evseId))
  const stacks = [
    maxima,
    transaction('TxProfile').length > 0 ? transaction('TxProfile') : transaction('TxDefaultProfile'),
  ]
  if (stacks.every((stack) => stack.length === 0)) return { agrees: true }
  if (composite.periods.length === 0)
    return { agrees: false, detail: 'the charger tells of no limit, and profiles are set' }

  const ends = askedAt + composite.durationSeconds * 1_000
  const instants = [
    ...composite.periods.map(({ startSeconds }) => askedAt + startSeconds * 1_000),
    ...profiles.flatMap((one) =>
      one.profile.schedule.periods.map((period) => startOf(one) + period.startSeconds * 1_000),
    ),
  ].filter((time) => time >= askedAt && (time < ends || time === askedAt))
  for (const time of instants.toSorted((a, b) => a - b)) {
    const said = periodAt(composite.periods, (time - askedAt) / 1_000)
    for (const stack of stacks) {
      const allowed = limitAt(stack, time, unit)
      if (allowed === undefined) continue
      if (allowed === 'incomparable')
        return {
          agrees: false,
          detail: `it speaks in ${unit}, the profile does not, and nobody says on how many phases`,
        }
      if (said !== undefined && Number(said.limit) > allowed + toleranceOf[unit])
        return {
          agrees: false,
          detail: `after ${Math.round((time - askedAt) / 1_000)} s it means to allow ${said.limit} ${unit}, its profiles ${allowed} ${unit}`,
        }
    }
  }
  return { agrees: true }
}

const startOf = ({ profile, at }: SetProfile): number => Date.parse(profile.schedule.startAt ?? at)

const periodAt = (periods: readonly ChargingPeriod[], seconds: number): ChargingPeriod | undefined =>
  periods.findLast(({ startSeconds }) => startSeconds <= seconds)

/** What the highest profile of a stack that is in force allows; `undefined`: nothing limits then. */
const limitAt = (
  stack: readonly SetProfile[],
  time: number,
  unit: ChargingSchedule['unit'],
): number | 'incomparable' | undefined => {
  for (const one of stack.toSorted((a, b) => b.profile.stackLevel - a.profile.stackLevel)) {
    const { profile } = one
    const { schedule } = profile
    if (profile.validFrom !== undefined && time < Date.parse(profile.validFrom)) continue
    if (profile.validTo !== undefined && time >= Date.parse(profile.validTo)) continue
    // it begins with charging, or again each day: any of its periods may be the one
    const floating = profile.kind !== 'Absolute'
    const seconds = (time - startOf(one)) / 1_000
    if (!floating && (seconds < 0 || seconds >= (schedule.durationSeconds ?? Number.POSITIVE_INFINITY))) continue
    const period = periodAt(schedule.periods, seconds)
    const candidates = floating ? schedule.periods : period === undefined ? [] : [period]
    const limits = candidates.map((candidate) => limitIn(unit, candidate, schedule.unit))
    if (limits.length === 0) continue
    return limits.includes(undefined) ? 'incomparable' : Math.max(...limits.map(Number))
  }
  return undefined
}
