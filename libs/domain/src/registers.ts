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

/** Whether a register was reset or replaced. Back by less than 1 Wh is jitter: some meters round each message anew. */
export const wentBack = (from: RegisterReading, to: RegisterReading): boolean => exactWh(from).minus(exactWh(to)).gte(1)

export const isSameReading = (a: RegisterReading, b: RegisterReading): boolean => exactWh(a).eq(exactWh(b))

const energyExceeds = (a: RegisterReading, b: RegisterReading): boolean => exactWh(a).gt(exactWh(b))

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
 * inside), nor does a lower one of the same instant (another context of it). A register that went back ends a monotone segment
 * and opens the next.
 */
export const trackReading = (
  track: RegisterTrack | undefined,
  reading: RegisterReading,
  at: Instant,
): RegisterTrack => {
  if (track === undefined) return beginTrack(reading, at)
  if (at < track.lastAt) return track
  if (!wentBack(track.last, reading)) {
    const jitter = energyExceeds(track.last, reading)
    return { ...track, last: jitter ? track.last : reading, lastAt: at }
  }
  if (at === track.lastAt) return track
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
