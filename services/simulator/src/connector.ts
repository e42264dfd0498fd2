import { chargingFlow, isPause } from './charging-curve.ts'
import type { Flow, Supply, Vehicle } from './charging-curve.ts'
import { Meter } from './meter.ts'
import type { Reservation } from './reservation.ts'
import type { Reading } from './sampled-values.ts'
import type { LocalTransaction } from './transaction.ts'

export type ConnectorStatus =
  | 'Available'
  | 'Preparing'
  | 'Charging'
  | 'SuspendedEVSE'
  | 'SuspendedEV'
  | 'Finishing'
  | 'Reserved'
  | 'Unavailable'

/** The longest step of the integration: short against every ramp and taper. */
const stepMs = 2_000

/**
 * One outlet: what is plugged in, which transaction runs, what its meter shows. Its OCPP status is derived from these, never set,
 * so it cannot contradict them. Energy is integrated when somebody looks, over the simulated time since the last look.
 */
export class Connector {
  readonly id: number
  readonly meter: Meter
  readonly #supply: Supply
  #operative = true
  #vehicle: Vehicle | undefined
  #batteryWh = 0
  #transaction: LocalTransaction | undefined
  #energisedAtMs = 0
  #countedUntilMs = 0
  #hadTransaction = false
  #limit: number | undefined
  /** Somebody presented a tag and no transaction has begun yet. */
  authorizing = false
  /** Whom it is held for. */
  reservation: Reservation | undefined

  constructor(id: number, supply: Supply, registerWh: number) {
    this.id = id
    this.#supply = supply
    this.meter = new Meter(registerWh)
  }

  get transaction(): LocalTransaction | undefined {
    return this.#transaction
  }

  get plugged(): boolean {
    return this.#vehicle !== undefined
  }

  get socPercent(): number {
    return this.#vehicle ? Math.min(100, (this.#batteryWh / this.#vehicle.batteryWh) * 100) : 0
  }

  /** ChangeAvailability; a running transaction goes on, the status changes when it has ended. */
  setOperative(operative: boolean): void {
    this.#operative = operative
  }

  get status(): ConnectorStatus {
    if (this.#transaction && this.socPercent >= 100) return 'SuspendedEV'
    if (this.#transaction) return isPause(this.#supply, this.#limit) ? 'SuspendedEVSE' : 'Charging'
    if (!this.#operative) return 'Unavailable'
    if (this.#vehicle && this.#hadTransaction) return 'Finishing'
    if (this.reservation && !this.authorizing) return 'Reserved'
    return this.#vehicle || this.authorizing ? 'Preparing' : 'Available'
  }

  /** Free for the next driver: nothing plugged, nothing running, nobody at the reader. */
  get free(): boolean {
    return this.status === 'Available'
  }

  plug(vehicle: Vehicle, socPercent: number): void {
    this.#vehicle = vehicle
    this.#batteryWh = (vehicle.batteryWh * socPercent) / 100
    this.#hadTransaction = false
  }

  unplug(): void {
    this.#vehicle = undefined
    this.#hadTransaction = false
  }

  /** What charging profiles leave it from now on, A per phase (AC) or W (DC); undefined = all that it can give. */
  limitTo(limit: number | undefined, nowMs: number): void {
    this.#count(nowMs)
    this.#limit = limit
  }

  /** How long the running transaction has lasted, simulated milliseconds. */
  sinceStartMs(nowMs: number): number | undefined {
    return this.#transaction && nowMs - this.#energisedAtMs
  }

  begin(transaction: LocalTransaction, nowMs: number): void {
    this.#transaction = transaction
    this.authorizing = false
    this.reservation = undefined
    this.#hadTransaction = true
    this.#energisedAtMs = nowMs
    this.#countedUntilMs = nowMs
  }

  /** Ends the transaction; the register stands still from now on. */
  end(nowMs: number): void {
    this.#count(nowMs)
    this.#transaction = undefined
  }

  /** What the instruments show now; counts the energy since the last look. */
  read(nowMs: number, at: Date): Reading {
    this.#count(nowMs)
    const flow = this.#flow(nowMs)
    return {
      at,
      registerWh: this.meter.wattHours,
      flow,
      offered: this.#limit,
      socPercent: this.socPercent,
      celsius: 18 + flow.watts / 1_500,
    }
  }

  #flow(atMs: number): Flow {
    const sinceStartMs = atMs - this.#energisedAtMs
    if (this.#vehicle && this.#transaction)
      return chargingFlow(this.#supply, this.#vehicle, {
        sinceStartMs,
        socPercent: this.socPercent,
        limit: this.#limit,
      })
    const volts = this.#supply.kind === 'AC' ? this.#supply.voltsPerPhase : 0
    return { watts: 0, amperes: 0, volts, phases: this.#supply.kind === 'AC' ? this.#supply.phases : 1 }
  }

  #count(untilMs: number): void {
    if (!this.#vehicle || !this.#transaction) return
    while (this.#countedUntilMs < untilMs) {
      const step = Math.min(stepMs, untilMs - this.#countedUntilMs)
      const { watts } = this.#flow(this.#countedUntilMs + step / 2)
      this.meter.count(watts, step)
      this.#batteryWh += (watts * step) / 3_600_000
      this.#countedUntilMs += step
    }
  }
}
