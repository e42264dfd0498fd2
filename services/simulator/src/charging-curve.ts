/** What the charger can give at one connector. */
export type Supply =
  | { readonly kind: 'AC'; readonly phases: 1 | 3; readonly voltsPerPhase: number; readonly maxAmperes: number }
  | { readonly kind: 'DC'; readonly maxWatts: number; readonly maxAmperes: number }

/** What a car can take. */
export type Vehicle = {
  readonly name: string
  readonly batteryWh: number
  readonly ac: { readonly phases: 1 | 3; readonly maxAmperes: number }
  readonly dc: {
    readonly maxWatts: number
    /** Voltage of the empty and of the full battery. */
    readonly volts: readonly [empty: number, full: number]
    /** From this state of charge on the car takes less and less. */
    readonly taperFromPercent: number
  }
}

export type Flow = {
  readonly watts: number
  /** Per phase (AC) or of the one circuit (DC). */
  readonly amperes: number
  /** Between phase and neutral (AC) or of the battery (DC). */
  readonly volts: number
  /** How many phases carry current; 1 for DC. */
  readonly phases: 1 | 3
}

/** Nothing flows while plug lock, cable and insulation are checked. */
const negotiationMs = 4_000
const acRampMs = 10_000
const dcRampMs = 20_000
/** AC: the car's own charger holds its current until the cells are nearly full. */
const acTaperFromPercent = 97
const leastShare = 0.08

/**
 * What flows at one moment: nothing during the negotiation, then a ramp, then the smaller of what charger and car can do;
 * a DC car takes less and less from its taper point on, an AC car only in the last percents. Full means 0.
 * @param at.limit what charging profiles leave of it: A per phase (AC; below 6 A nothing flows, IEC 61851-1) or W (DC)
 */
export function chargingFlow(
  supply: Supply,
  vehicle: Vehicle,
  at: { readonly sinceStartMs: number; readonly socPercent: number; readonly limit?: number | undefined },
): Flow {
  const full = at.socPercent >= 100
  if (supply.kind === 'AC') {
    const phases = supply.phases === 3 && vehicle.ac.phases === 3 ? 3 : 1
    const share = full ? 0 : ramp(at.sinceStartMs, acRampMs) * taper(at.socPercent, acTaperFromPercent)
    const offered = isPause(supply, at.limit) ? 0 : Math.min(supply.maxAmperes, at.limit ?? Infinity)
    const amperes = Math.min(offered, Math.min(supply.maxAmperes, vehicle.ac.maxAmperes) * share)
    return { watts: amperes * supply.voltsPerPhase * phases, amperes, volts: supply.voltsPerPhase, phases }
  }
  const [empty, charged] = vehicle.dc.volts
  const volts = empty + ((charged - empty) * Math.min(100, Math.max(0, at.socPercent))) / 100
  const ceiling = Math.min(supply.maxWatts, vehicle.dc.maxWatts, supply.maxAmperes * volts, at.limit ?? Infinity)
  const tapered = Math.min(ceiling, vehicle.dc.maxWatts * taper(at.socPercent, vehicle.dc.taperFromPercent))
  const watts = full ? 0 : tapered * ramp(at.sinceStartMs, dcRampMs)
  return { watts, amperes: watts / volts, volts, phases: 1 }
}

/** Whether a limit (A per phase, or W of DC) is so low that the charger pauses. */
export const isPause = (supply: Supply, limit: number | undefined): boolean =>
  limit !== undefined && limit < (supply.kind === 'AC' ? 6 : 1)

const ramp = (sinceStartMs: number, rampMs: number): number =>
  Math.min(1, Math.max(0, (sinceStartMs - negotiationMs) / rampMs))

/** 1 up to the taper point, then down to `leastShare` at 100 %. */
const taper = (socPercent: number, fromPercent: number): number =>
  socPercent <= fromPercent ? 1 : 1 - ((1 - leastShare) * (socPercent - fromPercent)) / (100 - fromPercent)
