import type { EnergySource } from '@voltrail/contracts/events/session'
import type { Instant, OccurredAt, RegisterReading, Wh } from '@voltrail/contracts/quantities'
import { compareReadings, energyBetween, leaptAhead, trackReading, trackedEnergy, wentBack } from './registers.ts'
import type { TimedReading } from './session.ts'

/** What is billed of a session: from all that its meter said, in whatever order and however often it came. */

export interface MeteredSession {
  readonly meterStart?: RegisterReading | undefined
  readonly startedAt: OccurredAt
  readonly meterStop?: RegisterReading | undefined
  readonly stoppedAt: OccurredAt
  /** of meter values and of the stop (1.6 transactionData), in any order, told once or more */
  readonly readings: readonly TimedReading[]
}

export interface BilledEnergy {
  readonly energyWh: Wh
  readonly energySource: EnergySource
  readonly meterResets?: number
}

/**
 * The billed energy and where it comes from: meter stop − meter start when the register only grew; otherwise the sum of the
 * monotone segments of all readings, meter start and meter stop among them.
 */
export const billedEnergy = (metered: MeteredSession): BilledEnergy => {
  const { meterStart, meterStop } = metered
  const track = registerSeries(metered).reduce<ReturnType<typeof trackReading> | undefined>(
    (known, { reading, at }) => trackReading(known, reading, at),
    undefined,
  )
  if (track === undefined) return { energyWh: 0 as Wh, energySource: 'none' }
  const brokeOff = meterStart !== undefined && meterStop !== undefined && wentBack(meterStart, meterStop) ? 1 : 0
  const meterResets = Math.max(track.resets, brokeOff)
  if (meterStart !== undefined && meterStop !== undefined && meterResets === 0)
    return { energyWh: Math.max(0, energyBetween(meterStart, meterStop)) as Wh, energySource: 'meter-stop' }
  return { energyWh: trackedEnergy(track), energySource: 'registers', ...(meterResets > 0 ? { meterResets } : {}) }
}

const begins = ({ context }: TimedReading): boolean => context === 'Transaction.Begin'
const rank = (one: TimedReading): number => (begins(one) ? 0 : one.context === 'Transaction.End' ? 2 : 1)

/** By time; at one time the begin first and the end last, of others the highest first: a lower one of its instant tells nothing. */
const inOrder = (a: TimedReading, b: TimedReading): number => {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1
  return rank(a) - rank(b) || (begins(a) ? 1 : -1) * compareReadings(a.reading, b.reading)
}

/**
 * A sample is one by its time and its context: the measurand, phase, location and format of all of them are the same. Told in
 * Wh and in kWh the Wh count, told with two values the higher: so it does not matter which came first.
 */
const once = (readings: readonly TimedReading[]): TimedReading[] => {
  const found = new Map<string, TimedReading>()
  for (const one of readings) {
    const key = `${one.at} ${one.context ?? 'Sample.Periodic'}`
    const known = found.get(key)
    if (known === undefined || tellsMore(one.reading, known.reading)) found.set(key, one)
  }
  return [...found.values()]
}

const tellsMore = (a: RegisterReading, b: RegisterReading): boolean =>
  a.unit === b.unit ? compareReadings(a, b) > 0 : a.unit === 'Wh'

/** All readings of the session in the order in which its register had them, from the meter start to the meter stop. */
const registerSeries = ({ meterStart, startedAt, meterStop, stoppedAt, readings }: MeteredSession): TimedReading[] => {
  const begin = startedAt.effectiveAt
  const end = stoppedAt.effectiveAt
  // what was measured after the meter stop is not of this session, unless the time of the stop is no such thing
  const bounded = meterStop !== undefined && end >= begin
  const within = (at: Instant): boolean => (meterStart === undefined || at >= begin) && !(bounded && at > end)
  const placed = withBegin(once(readings).toSorted(inOrder), begin, meterStart, meterStop)
  const inside = placed.filter(({ at }) => within(at)).toSorted(inOrder)
  const last = inside.at(-1)?.at ?? begin
  return [
    ...(meterStart === undefined ? [] : [{ at: begin, reading: meterStart }]),
    ...inside,
    ...(meterStop === undefined ? [] : [{ at: last > end ? last : end, reading: meterStop }]),
  ]
}

/**
 * A begin is where the session began, whatever time it has (many stacks stamp it with that of the stop); except where it cannot
 * be by its value, as after a reset.
 */
const withBegin = (
  sorted: readonly TimedReading[],
  at: Instant,
  meterStart: RegisterReading | undefined,
  meterStop: RegisterReading | undefined,
): TimedReading[] => {
  const next = sorted.find((one) => !begins(one))?.reading ?? meterStop
  return sorted.map((one) => {
    if (!begins(one)) return one
    const follows = meterStart === undefined || !wentBack(meterStart, one.reading)
    return follows && (next === undefined || !wentBack(one.reading, next)) ? { ...one, at } : one
  })
}

const mostReadings = 512

/**
 * The readings of a message as they are stored. Of a very long list (a stop may carry megabytes) only those that the energy
 * depends on: the first, the last, and both sides of each place where the register broke off. The frame keeps them all.
 */
export const essential = (list: readonly TimedReading[]): readonly TimedReading[] =>
  list.length <= mostReadings
    ? list
    : list.filter((one, i) => {
        const [before, after] = [list[i - 1], list[i + 1]]
        return before === undefined || after === undefined || breaksOff(before, one) || breaksOff(one, after)
      })

const breaksOff = (from: TimedReading, to: TimedReading): boolean =>
  wentBack(from.reading, to.reading) || leaptAhead(from.reading, to.reading, Date.parse(to.at) - Date.parse(from.at))
