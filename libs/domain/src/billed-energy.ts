import type { EnergySource, RegisterTrack } from '@voltrail/contracts/events/session'
import { instant, type Instant, type OccurredAt, type RegisterReading, type Wh } from '@voltrail/contracts/quantities'
import {
  compareReadings,
  energyBetween,
  leaptAhead,
  trackReading,
  trackedEnergy,
  untimedMs,
  wentBack,
} from './registers.ts'
import type { TimedReading } from './timed-reading.ts'

/** What is billed of a session: from all that its meter said, in whatever order and however often it came. */

export interface MeteredSession {
  readonly meterStart?: RegisterReading | undefined
  readonly startedAt: OccurredAt
  readonly meterStop?: RegisterReading | undefined
  readonly stoppedAt: OccurredAt
  /** of meter values and of the stop (1.6 transactionData), in any order, told once or more */
  readonly readings: readonly TimedReading[]
}

/** A reading in its place, with the turn in which it was told first. */
interface PlacedReading extends TimedReading {
  readonly turn: number
}

export interface BilledEnergy {
  readonly energyWh: Wh
  readonly energySource: EnergySource
  readonly meterResets?: number
}

/**
 * The billed energy and where it comes from: meter stop − meter start when the register only grew; otherwise the sum of the
 * monotone segments of all readings, meter start and meter stop among them. Readings in disorder are no reset: a clock that was
 * set, or a sample that came stale, shows dips that the register never had. Where the register ended no lower than it began, a
 * reset is believed only with a reading below the first or above the last; without one its energy cannot be told from disorder,
 * so it is last − first, flagged where the readings dip in the order of their telling too.
 *
 * The segments of a proven reset are those of the order that its register had: that of time, or that of the telling, where it
 * shows fewer resets and less energy, as when the clock was set under way too. Whichever was true, no more is billed than was
 * delivered by it.
 */
export const billedEnergy = (metered: MeteredSession): BilledEnergy => {
  const { meterStart, meterStop } = metered
  const series = registerSeries(metered)
  const [first, last] = [series[0]?.reading, series.at(-1)?.reading]
  if (first === undefined || last === undefined) return { energyWh: 0 as Wh, energySource: 'none' }
  const span = spanOf(metered, series)
  const bothTold = meterStart !== undefined && meterStop !== undefined
  const difference = (doubts: number): BilledEnergy => ({
    energyWh: Math.max(0, energyBetween(first, last)) as Wh,
    energySource: bothTold ? 'meter-stop' : 'registers',
    ...(doubts > 0 ? { meterResets: doubts } : {}),
  })

  if (!wentBack(first, last) && dips(series).length > 0 && !isResetProven(series, first, last)) {
    // whatever their order was: each value was passed once, on the way from the first to the last
    const climbed = series.toSorted((a, b) => compareReadings(a.reading, b.reading))
    const [begin, end] = [Date.parse(series[0]!.at), Date.parse(series.at(-1)!.at)]
    const track = trackOf(
      climbed.map(({ reading }) => ({ at: series[0]!.at, reading })),
      () => span(end - begin),
    )!
    return track.resets === 0 ? difference(toldDips(metered.readings, series)) : ofSegments(track, track.resets)
  }
  const track = registerTrack(series, span)
  const resets = Math.max(track.resets, bothTold && wentBack(meterStart, meterStop) ? 1 : 0)
  return bothTold && resets === 0 ? difference(0) : ofSegments(track, resets)
}

const ofSegments = (track: RegisterTrack, resets: number): BilledEnergy => ({
  energyWh: trackedEnergy(track),
  energySource: 'registers',
  ...(resets > 0 ? { meterResets: resets } : {}),
})

const trackOf = (series: readonly TimedReading[], span: (ms: number) => number): RegisterTrack | undefined =>
  series.reduce<RegisterTrack | undefined>(
    (known, { reading, at }) => trackReading(known, reading, at, span),
    undefined,
  )

/**
 * The readings in the order that needs the fewest resets. Of two in which the register reset as often it is that of time: what is
 * told late, or told again, is in disorder in the telling alone.
 */
const registerTrack = (series: readonly PlacedReading[], span: (ms: number) => number): RegisterTrack => {
  const byTime = trackOf(series, span)!
  if (byTime.resets === 0) return byTime
  const [begin, end] = [Date.parse(series[0]!.at), Date.parse(series.at(-1)!.at)]
  const telling = withoutRepeats(series.toSorted((a, b) => a.turn - b.turn))
  const byTelling = trackOf(
    // their times say nothing of this order
    telling.map(({ reading }, turn) => ({ reading, at: instant(begin + turn) })),
    () => span(end - begin),
  )!
  return byTelling.resets < byTime.resets && trackedEnergy(byTelling) < trackedEnergy(byTime)
    ? { ...byTelling, resets: Math.max(1, byTelling.resets) }
    : byTime
}

/**
 * Without what was told again by another time: the same three values in a row, after the times went back. A register
 * that is reset to one value again and again is told in the order of time.
 */
const withoutRepeats = (telling: readonly PlacedReading[]): readonly PlacedReading[] => {
  const threes = new Map<string, number>()
  const repeats = new Set<number>()
  let [newest, wentBackAt] = [telling[0]?.at, 0]
  for (const [i, { at, reading }] of telling.entries()) {
    if (newest === undefined || i === 0) continue
    if (at < newest) wentBackAt = i
    else newest = at
    if (i === 1) continue
    const three = `${telling[i - 2]!.reading.wh} ${telling[i - 1]!.reading.wh} ${reading.wh}`
    const known = threes.get(three)
    if (known === undefined) threes.set(three, i)
    else if (known < wentBackAt) for (const one of [i - 2, i - 1, i]) repeats.add(one)
  }
  // where it began and ended it is told by no other
  return telling.filter((_, i) => i === 0 || i === telling.length - 1 || !repeats.has(i))
}

/** A single low reading after which the register is where it was before is a stale one. */
const isResetProven = (series: readonly TimedReading[], first: RegisterReading, last: RegisterReading): boolean =>
  series.some(({ reading }, i) => {
    if (wentBack(reading, last)) return true
    const [before, after] = [series[i - 1]?.reading, series[i + 1]?.reading]
    return wentBack(first, reading) && (before === undefined || after === undefined || wentBack(before, after))
  })

/** Neighbours of which the later one is lower. */
const dips = (series: readonly TimedReading[]): (readonly [TimedReading, TimedReading])[] =>
  series.flatMap((to, i) => {
    const from = series[i - 1]
    return from !== undefined && from.at < to.at && wentBack(from.reading, to.reading) ? [[from, to] as const] : []
  })

/** How many dips in time the charger told as dips; a value that it told before is a repeat and tells nothing new. */
const toldDips = (told: readonly TimedReading[], series: readonly TimedReading[]): number => {
  const turns = new Map<number, number>()
  for (const [turn, { reading }] of told.entries()) if (!turns.has(reading.wh)) turns.set(reading.wh, turn)
  const firstTold = new Set(
    [...turns.values()].map((turn) => told[turn]!).map(({ at, reading }) => `${at} ${reading.wh}`),
  )
  const news = series.filter(({ at, reading }) => firstTold.has(`${at} ${reading.wh}`))
  return dips(news).filter(([from, to]) => turns.get(from.reading.wh)! < turns.get(to.reading.wh)!).length
}

/** How long a rise may have taken: times that nobody vouches for, and a session without readings, tell no power. */
const spanOf = ({ startedAt, stoppedAt, meterStart, meterStop }: MeteredSession, series: readonly TimedReading[]) => {
  const timed = [startedAt, stoppedAt].every(({ reason }) => reason !== 'untrusted-clock' && reason !== 'received')
  const between = series.length - (meterStart === undefined ? 0 : 1) - (meterStop === undefined ? 0 : 1)
  return (ms: number): number => (!timed ? untimedMs : between === 0 ? Math.max(ms, untimedMs) : ms)
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
 * Wh and in kWh the Wh count, told with two values the higher: so it does not matter which came first. By a clock that cannot be
 * trusted it is known by the charger's own time and its value (after a reboot such a clock tells a time again), and is where it
 * was told first. Such a clock may stand still: what it tells again after a reset of the register is new.
 */
const once = (readings: readonly TimedReading[], meterStart: RegisterReading | undefined): TimedReading[] => {
  const resets = resetsBefore(readings, meterStart)
  const found = new Map<string, TimedReading>()
  /** by the charger's own time and value: whether the one told first has another time that counts */
  const repeatable = new Map<string, boolean>()
  for (const [turn, one] of readings.entries()) {
    const context = one.context ?? 'Sample.Periodic'
    const reset = one.told === undefined ? 0 : resets[turn]
    const own = `${one.told ?? one.at} ${context} ${one.reading.wh} ${reset}`
    const told = repeatable.get(own)
    if (told !== undefined && (told || one.told !== undefined)) continue
    repeatable.set(own, one.told !== undefined)
    const key = one.told === undefined ? `${one.at} ${context}` : own
    const known = found.get(key)
    if (known === undefined || tellsMore(one.reading, known.reading)) found.set(key, one)
  }
  return [...found.values()]
}

/**
 * How often the register was reset before each reading, in the order of their telling, where clocks do not say: it fell below where
 * the session began, and lower than ever before. Where that reading is told a second time all of them may be, so it counts as none.
 */
const resetsBefore = (
  readings: readonly TimedReading[],
  meterStart: RegisterReading | undefined,
): readonly number[] => {
  const own = ({ told, at, reading }: TimedReading): string => `${told ?? at} ${reading.wh}`
  const tellings = new Map<string, number>()
  for (const [turn, one] of readings.entries()) {
    const before = readings[turn - 1]
    // in a row it stands still, or is told in several contexts
    if (before === undefined || own(before) !== own(one)) tellings.set(own(one), (tellings.get(own(one)) ?? 0) + 1)
  }
  let [lowest, resets] = [meterStart, 0]
  return readings.map((one) => {
    const fell = one.told !== undefined && lowest !== undefined && wentBack(lowest, one.reading)
    if (fell) lowest = one.reading
    if (fell && !begins(one) && tellings.get(own(one)) === 1) resets += 1
    return resets
  })
}

const tellsMore = (a: RegisterReading, b: RegisterReading): boolean =>
  a.unit === b.unit ? compareReadings(a, b) > 0 : a.unit === 'Wh'

/** All readings of the session in the order in which its register had them, from the meter start to the meter stop. */
const registerSeries = ({ meterStart, startedAt, meterStop, stoppedAt, readings }: MeteredSession): PlacedReading[] => {
  const begin = startedAt.effectiveAt
  const end = stoppedAt.effectiveAt
  // what was measured after the meter stop is not of this session, unless the time of the stop is no such thing
  const bounded = meterStop !== undefined && end >= begin
  const within = (at: Instant): boolean => (meterStart === undefined || at >= begin) && !(bounded && at > end)
  const heard = once(readings, meterStart).map((one, turn): PlacedReading => ({ ...one, turn }))
  const placed = withBegin(heard.toSorted(inOrder), begin, meterStart, meterStop)
  const inside = placed.filter(({ at }) => within(at)).toSorted(inOrder)
  const last = inside.at(-1)?.at ?? begin
  return [
    ...(meterStart === undefined ? [] : [{ at: begin, reading: meterStart, turn: -Infinity }]),
    ...inside,
    ...(meterStop === undefined ? [] : [{ at: last > end ? last : end, reading: meterStop, turn: Infinity }]),
  ]
}

/**
 * A begin is where the session began, whatever time it has (many stacks stamp it with that of the stop); except where it cannot
 * be by its value, as after a reset.
 */
const withBegin = (
  sorted: readonly PlacedReading[],
  at: Instant,
  meterStart: RegisterReading | undefined,
  meterStop: RegisterReading | undefined,
): PlacedReading[] => {
  const next = sorted.find((one) => !begins(one))?.reading ?? meterStop
  return sorted.map((one) => {
    if (!begins(one)) return one
    const follows = meterStart === undefined || !wentBack(meterStart, one.reading)
    return follows && (next === undefined || !wentBack(one.reading, next)) ? { ...one, at, turn: -1 } : one
  })
}

export const mostReadings = 512
/** Of what the readings of a thinned message vary by, one part lies between two that are kept, at most. */
export const thinnedParts = 120

/**
 * The readings of a message as they are stored, at most `mostReadings`; the frame keeps them all. A very long list (a stop may
 * carry megabytes) is thinned out. The end of its session decides by all of it; what is left is for a correction that comes later.
 *
 * Kept are the first, the last, the lowest and the highest; the ends of `thinnedParts` equal parts of the way that the register
 * went, up and down; every begin and end that is told as such; and the places where the register broke off, with the reading
 * after it, the greatest first.
 *
 * The bound: a correction finds another energy by the readings that are kept than by all of them by no more than the way that
 * the register went in the message divided by `thinnedParts`, for each of the times that it moves (beginning and end). It does not
 * hold where a reset is in doubt, as where a boundary contradicts the readings next to it, or where the register broke off more
 * often than can be kept (over 80 times). So every correction over readings that were thinned out says that it is one.
 */
export const essential = (list: readonly TimedReading[]): readonly TimedReading[] => {
  if (list.length <= mostReadings) return list
  const byValue = [...list.keys()].toSorted((a, b) => compareReadings(list[a]!.reading, list[b]!.reading))
  const kept = new Set([0, list.length - 1, byValue[0]!, byValue.at(-1)!, ...partEnds(list)])
  const boundaries = list.flatMap(({ context }, i) =>
    context === 'Transaction.Begin' || context === 'Transaction.End' ? [[i]] : [],
  )
  const breaks = list.flatMap((to, i) => {
    const from = list[i - 1]
    return from === undefined || !breaksOff(from, to) ? [] : [{ i, height: Math.abs(to.reading.wh - from.reading.wh) }]
  })
  const highest = breaks.toSorted((a, b) => b.height - a.height)
  for (const places of [...boundaries.slice(0, 4), ...highest.map(({ i }) => [i - 1, i, i + 1])]) {
    const more = places.filter((i) => i < list.length && !kept.has(i))
    if (kept.size + more.length > mostReadings) break
    for (const i of more) kept.add(i)
  }
  return list.filter((_, i) => kept.has(i))
}

/** The first and the last reading of each part: what is left out lies between two that are one part apart. */
const partEnds = (list: readonly TimedReading[]): readonly number[] => {
  let way = 0
  const ways = list.map(({ reading }, i) => (way += Math.abs(reading.wh - (list[i - 1] ?? list[0]!).reading.wh)))
  const partOf = (i: number): number | undefined =>
    ways[i] === undefined
      ? undefined
      : Math.min(thinnedParts - 1, Math.floor((ways[i] * thinnedParts) / Math.max(1, way)))
  return [...list.keys()].filter((i) => partOf(i) !== partOf(i - 1) || partOf(i) !== partOf(i + 1))
}

const breaksOff = (from: TimedReading, to: TimedReading): boolean =>
  wentBack(from.reading, to.reading) || leaptAhead(from.reading, to.reading, Date.parse(to.at) - Date.parse(from.at))
