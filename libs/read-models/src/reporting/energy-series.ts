import type { Instant } from '@voltrail/contracts/quantities'

export type EnergyPoint = {
  readonly at: Instant
  readonly registerWh: number
  readonly energyWh: number
  readonly context: string | null
}

/**
 * Energy since the start at each reading of a register, for a picture: a meter that goes back begins a new segment and adds nothing.
 * Of whole Wh, so it may be off by a rounding from the billed energy, which is worked out exactly elsewhere.
 * @param meterStartWh the register at the start; without one the first reading stands for it
 * @param readings oldest first
 */
export const energySinceStart = (
  meterStartWh: number | null,
  readings: readonly { readonly at: Instant; readonly register_wh: number; readonly context: string | null }[],
): EnergyPoint[] => {
  let energyWh = 0
  let before = meterStartWh ?? readings[0]?.register_wh ?? 0
  return readings.map(({ at, register_wh: registerWh, context }) => {
    energyWh += Math.max(0, registerWh - before)
    before = registerWh
    return { at, registerWh, energyWh, context }
  })
}
