import { z } from 'zod'
import type { Supply } from './charging-curve.ts'
import type { Connector } from './connector.ts'
import type { LocalTransaction } from './transaction.ts'

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

/** OCPP 1.6 §7.8, as far as these chargers heed it. */
export const chargingProfile = z.object({
  chargingProfileId: z.int(),
  transactionId: z.int().optional(),
  stackLevel: z.int().min(0),
  chargingProfilePurpose: z.enum(['ChargePointMaxProfile', 'TxDefaultProfile', 'TxProfile']),
  chargingProfileKind: z.enum(['Absolute', 'Recurring', 'Relative']),
  recurrencyKind: z.enum(['Daily', 'Weekly']).optional(),
  validFrom: time.optional(),
  validTo: time.optional(),
  chargingSchedule: z.object({
    duration: z.int().optional(),
    startSchedule: time.optional(),
    chargingRateUnit: z.enum(['A', 'W']),
    chargingSchedulePeriod: z
      .array(z.object({ startPeriod: z.int().min(0), limit: z.number().min(0), numberPhases: z.int().optional() }))
      .min(1),
  }),
})
export type ChargingProfile = z.infer<typeof chargingProfile>
export type ProfilePurpose = ChargingProfile['chargingProfilePurpose']

export type ProfileCriteria = {
  readonly id?: number | undefined
  readonly connectorId?: number | undefined
  readonly chargingProfilePurpose?: ProfilePurpose | undefined
  readonly stackLevel?: number | undefined
}

type Installed = {
  readonly connectorId: number
  readonly profile: ChargingProfile
  readonly setAt: number
  /** Of a TxProfile; undefined: the next one there, which a remote start has announced. */
  transaction?: LocalTransaction | undefined
}

/** When a limit is asked for: ms since 1970, and since the transaction began (undefined: none runs). */
export type LimitMoment = { readonly at: number; readonly sinceStartMs: number | undefined }

const periodMs = { Daily: 86_400_000, Weekly: 7 * 86_400_000 }
const most = { installed: 10, stackLevel: 8, periods: 24 }
/** What GetConfiguration shows of it (OCPP 1.6 §9.4). */
export const profileLimits = most

/** The charging profiles of one charger: kept over restarts, but for those of a transaction (OCPP 1.6 §3.13). */
export class ChargingProfiles {
  readonly #supply: Supply
  readonly #connectors: readonly Connector[]
  #installed: Installed[] = []

  constructor(supply: Supply, connectors: readonly Connector[]) {
    this.#supply = supply
    this.#connectors = connectors
  }

  /** SetChargingProfile, OCPP 1.6 §5.16. `forNext`: for the transaction that a remote start begins. */
  set(connectorId: number, profile: ChargingProfile, now: number, forNext = false): 'Accepted' | 'Rejected' {
    const connector = this.#connectors.find(({ id }) => id === connectorId)
    if (connectorId !== 0 && !connector) return 'Rejected'
    const { chargingProfilePurpose: purpose, stackLevel, chargingProfileId, chargingSchedule } = profile
    if (stackLevel > most.stackLevel || chargingSchedule.chargingSchedulePeriod.length > most.periods) return 'Rejected'
    if (purpose === 'ChargePointMaxProfile' && connectorId !== 0) return 'Rejected'
    const transaction = connector?.transaction
    if (purpose === 'TxProfile' && !forNext) {
      if (!transaction) return 'Rejected'
      if (profile.transactionId !== undefined && profile.transactionId !== transaction.transactionId) return 'Rejected'
    }
    const others = this.#live().filter(({ connectorId: there, profile: one }) => {
      const sameSlot = one.chargingProfilePurpose === purpose && one.stackLevel === stackLevel && there === connectorId
      return one.chargingProfileId !== chargingProfileId && !sameSlot
    })
    if (others.length >= most.installed) return 'Rejected'
    const bound = purpose === 'TxProfile' && !forNext ? { transaction } : {}
    this.#installed = [...others, { connectorId, profile, setAt: now, ...bound }]
    return 'Accepted'
  }

  /** ClearChargingProfile, OCPP 1.6 §5.1: an id stands alone, other criteria hold together. */
  clear({ id, connectorId, chargingProfilePurpose, stackLevel }: ProfileCriteria): 'Accepted' | 'Unknown' {
    const before = this.#live()
    this.#installed = before.filter(({ connectorId: there, profile }) => {
      if (id !== undefined) return profile.chargingProfileId !== id
      return !(
        (connectorId === undefined || there === connectorId) &&
        (chargingProfilePurpose === undefined || profile.chargingProfilePurpose === chargingProfilePurpose) &&
        (stackLevel === undefined || profile.stackLevel === stackLevel)
      )
    })
    return this.#installed.length < before.length ? 'Accepted' : 'Unknown'
  }

  /** What this connector may draw, in A per phase (AC) or W (DC), after sharing the charger's own limit; undefined = all it can. */
  limit(connector: Connector, moment: LimitMoment): number | undefined {
    const own =
      this.#valid('TxProfile', [connector.id], moment) ?? this.#valid('TxDefaultProfile', [connector.id, 0], moment)
    const whole = this.#valid('ChargePointMaxProfile', [0], moment)
    const sharing = this.#connectors.filter((one) => one.transaction || one === connector).length
    const limits = [own, whole === undefined ? undefined : whole / sharing].filter((one) => one !== undefined)
    return limits.length === 0 ? undefined : Math.min(...limits)
  }

  /** The limit of the highest stack level among the valid profiles of a purpose. */
  #valid(
    purpose: ProfilePurpose,
    connectorIds: readonly number[],
    { at, sinceStartMs }: LimitMoment,
  ): number | undefined {
    return this.#live()
      .filter(
        ({ profile, connectorId }) => profile.chargingProfilePurpose === purpose && connectorIds.includes(connectorId),
      )
      .toSorted((a, b) => b.profile.stackLevel - a.profile.stackLevel || b.connectorId - a.connectorId)
      .map((one) => this.#limitOf(one, at, sinceStartMs))
      .find((found) => found !== undefined)
  }

  /** GetCompositeSchedule, OCPP 1.6 §5.7, in A per phase or W; connector undefined = the charger as a whole. */
  composite(connector: Connector | undefined, from: LimitMoment, seconds: number, unit: 'A' | 'W') {
    const all = connector ? [connector] : this.#connectors
    const ceiling = this.#supply.kind === 'AC' ? this.#supply.maxAmperes : this.#supply.maxWatts
    const duration = Math.min(seconds, 86_400)
    const chargingSchedulePeriod: { startPeriod: number; limit: number }[] = []
    for (let second = 0; second < Math.max(1, duration); second += 1) {
      const moment = {
        at: from.at + second * 1_000,
        sinceStartMs: from.sinceStartMs === undefined ? undefined : from.sinceStartMs + second * 1_000,
      }
      const each = all.map((one) => Math.min(ceiling, this.limit(one, moment) ?? ceiling))
      // what all may draw together is no more than the whole may (OCPP 1.6 §3.13.1)
      const whole = connector ? undefined : this.#valid('ChargePointMaxProfile', [0], moment)
      const sum = each.reduce((total, one) => total + one, 0)
      const limit = this.#written(Math.min(sum, whole ?? Infinity), unit)
      if (chargingSchedulePeriod.at(-1)?.limit !== limit) chargingSchedulePeriod.push({ startPeriod: second, limit })
    }
    return { duration, chargingRateUnit: unit, chargingSchedulePeriod }
  }

  #limitOf({ profile, setAt }: Installed, at: number, sinceStartMs: number | undefined): number | undefined {
    const { validFrom = -Infinity, validTo = Infinity, chargingProfileKind: kind, chargingSchedule } = profile
    if (at < validFrom || at >= validTo) return undefined
    const begun = chargingSchedule.startSchedule ?? setAt
    const since =
      kind === 'Relative'
        ? (sinceStartMs ?? 0)
        : kind === 'Recurring'
          ? (at - begun) % periodMs[profile.recurrencyKind ?? 'Daily']
          : at - begun
    if (since < 0 || (chargingSchedule.duration !== undefined && since >= chargingSchedule.duration * 1_000))
      return undefined
    const period = chargingSchedule.chargingSchedulePeriod.findLast(({ startPeriod }) => startPeriod * 1_000 <= since)
    return period && this.#read(period.limit, chargingSchedule.chargingRateUnit)
  }

  get #ampereWatts(): number {
    return this.#supply.kind === 'AC'
      ? this.#supply.voltsPerPhase * this.#supply.phases
      : this.#supply.maxWatts / this.#supply.maxAmperes
  }

  #read(limit: number, unit: 'A' | 'W'): number {
    if (this.#supply.kind === 'AC') return unit === 'A' ? limit : limit / this.#ampereWatts
    return unit === 'W' ? limit : limit * this.#ampereWatts
  }

  #written(limit: number, unit: 'A' | 'W'): number {
    const own = this.#supply.kind === 'AC' ? 'A' : 'W'
    const value = own === unit ? limit : unit === 'W' ? limit * this.#ampereWatts : limit / this.#ampereWatts
    // OCPP 1.6 §7.13: at most one decimal
    return Math.floor(value * 10 + 1e-6) / 10
  }

  /** Without those whose transaction has ended; a remote start's is bound to the transaction that has begun. */
  #live(): Installed[] {
    this.#installed = this.#installed.filter((one) => {
      if (one.profile.chargingProfilePurpose !== 'TxProfile') return true
      const running = this.#connectors.find(({ id }) => id === one.connectorId)?.transaction
      if (one.transaction === undefined) {
        if (running) one.transaction = running
        return true
      }
      return one.transaction === running
    })
    return this.#installed
  }
}
