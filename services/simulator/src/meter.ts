/** A connector's energy meter: counts up for the life of the charger, over sessions, resets and lost connections. */
export class Meter {
  #wattHours: number

  /** `wattHours`: what it shows when the charger is installed. */
  constructor(wattHours: number) {
    if (!(wattHours >= 0)) throw new RangeError(`a meter cannot begin at ${wattHours} Wh`)
    this.#wattHours = wattHours
  }

  /** The register, Wh, exact. */
  get wattHours(): number {
    return this.#wattHours
  }

  /** The register as an integer field shows it: whole Wh, cut off as a display does. */
  get wholeWattHours(): number {
    return Math.floor(this.#wattHours)
  }

  /** Counts `watts` for `milliseconds`. Import only: a meter never goes back. */
  count(watts: number, milliseconds: number): void {
    if (!(watts >= 0 && milliseconds >= 0))
      throw new RangeError(`a meter cannot count ${watts} W for ${milliseconds} ms`)
    this.#wattHours += (watts * milliseconds) / 3_600_000
  }
}
