import Big from 'big.js'
import type { Decimal, Instant, RegisterReading, Wh } from '@voltrail/contracts/quantities'
import type { RegisterTrack } from '@voltrail/contracts/events/session'

/**
 * Energy registers, exact: subtract first, round once (half away from zero). Billed energy is never a sum of samples.
 */
const exactWh = (reading: Pick<RegisterReading, 'raw' | 'unit'>): Big =>
  reading.unit === 'kWh' ? new Big(reading.raw).times(1000) : new Big(reading.raw)

const wholeWh = (exact: Big): Wh => exact.round(0, Big.roundHalfUp).toNumber() as Wh

/** @param raw the value as the meter gave it @param unit its unit; whole watt-hours are kept beside it */
export const readRegister = (raw: Decimal, unit: 'Wh' | 'kWh'): RegisterReading => ({
  raw,
  unit,
  wh: wholeWh(exactWh({ raw, unit })),
})

/** Energy between two readings of one register in Wh; negative when the register went back. */
export const energyBetween = (from: RegisterReading, to: RegisterReading): Wh =>
  wholeWh(exactWh(to).minus(exactWh(from)))

/** What a reading is rounded to, in Wh: 12.35 kWh may be anything from 12,345 to 12,355 Wh. */
const resolution = ({ raw, unit }: RegisterReading): number =>
  unit === 'kWh' ? Math.max(1, 1000 / 10 ** (raw.split('.')[1]?.length ?? 0)) : 1

/**
 * Whether a register was reset or replaced. Back by less than 1 Wh, or by less than the readings are rounded to, is jitter: some
 * meters round each message anew, and tell Wh here and kWh there.
 */
export const wentBack = (from: RegisterReading, to: RegisterReading): boolean =>
  exactWh(from)
    .minus(exactWh(to))
    .gte(Math.max(resolution(from), resolution(to)))

/** No connector delivers more, in W; times of dead clocks are borne with what any vehicle takes, in Wh. */
const mostWatts = 1_000_000
const mostAtOnceWh = 100_000

/**
 * Whether a register rose by more than can have been delivered: what was told before is of another register, as with a meter
 * start of 0 before the readings of an absolute register.
 */
export const leaptAhead = (from: RegisterReading, to: RegisterReading, ms: number): boolean =>
  exactWh(to)
    .minus(exactWh(from))
    .gt(mostAtOnceWh + (mostWatts * Math.max(0, ms)) / 3_600_000)

/** At `mostWatts`, with what is taken at once, this is 1 MWh: more than any session takes whose times tell nothing. */
export const untimedMs = 3_240_000

export const isSameReading = (a: RegisterReading, b: RegisterReading): boolean => exactWh(a).eq(exactWh(b))

/** Below 0 when `a` is the lower one, 0 when both are the same. */
export const compareReadings = (a: RegisterReading, b: RegisterReading): number => exactWh(a).cmp(exactWh(b))

/** A track that begins with one reading. */
export const beginTrack = (reading: RegisterReading, at: Instant): RegisterTrack => ({
  first: reading,
  last: reading,
  lastAt: at,
  closedWh: 0 as Wh,
  resets: 0,
})

/**
 * The track with one more reading. A reading older than the newest one changes nothing (it came late, its energy is already
 * inside), nor does a lower one of the same instant (another context of it). A register that went back, or leapt ahead, ends a
 * monotone segment and opens the next.
 * @param span how long a rise may have taken, of the time between its readings in ms; that time itself unless told
 */
export const trackReading = (
  track: RegisterTrack | undefined,
  reading: RegisterReading,
  at: Instant,
  span: (ms: number) => number = (ms) => ms,
): RegisterTrack => {
  if (track === undefined) return beginTrack(reading, at)
  if (at < track.lastAt) return track
  const back = wentBack(track.last, reading)
  if (!back && !leaptAhead(track.last, reading, span(Date.parse(at) - Date.parse(track.lastAt)))) {
    const jitter = compareReadings(track.last, reading) > 0
    return { ...track, last: jitter ? track.last : reading, lastAt: at }
  }
  if (back && at === track.lastAt) return track
  return {
    first: reading,
    last: reading,
    lastAt: at,
    closedWh: (track.closedWh + energyBetween(track.first, track.last)) as Wh,
    resets: track.resets + 1,
  }
}

/** Energy of all monotone segments in Wh. */
export const trackedEnergy = (track: RegisterTrack | undefined): Wh =>
  (track === undefined ? 0 : track.closedWh + energyBetween(track.first, track.last)) as Wh
