import Big from 'big.js'
import type { MeterSample, SampledValue } from '@voltrail/contracts/facts'
import type { LiveMeasurement } from '@voltrail/contracts/events/session'
import type { Instant } from '@voltrail/contracts/quantities'
import { occurredAt } from './occurred-at.ts'
import { readRegister } from './registers.ts'
import type { TimedReading } from './session.ts'

/** What the sampled values of a message say: energy registers, and the newest of everything else. */
export interface ReadSamples {
  readonly registers: readonly TimedReading[]
  readonly live: LiveMeasurement
  /** the newest sample's time that counts; the time of receipt when there is none */
  readonly measuredAt: Instant
}

/** OCPP 1.6 §7.31: absent means the import register of active energy, at the outlet. */
const isEnergyRegister = (value: SampledValue): boolean =>
  value.measurand === 'Energy.Active.Import.Register' &&
  value.phase === undefined &&
  (value.location === undefined || value.location === 'Outlet') &&
  // a unit that we do not know is not guessed: the reading stays in the frame
  (value.unit === undefined || value.unit === 'Wh' || value.unit === 'kWh') &&
  value.value !== undefined

const scaled = (value: SampledValue, factors: Readonly<Record<string, number>>): number | undefined => {
  const factor = factors[value.unit ?? '']
  if (value.value === undefined || factor === undefined) return undefined
  const whole = new Big(value.value).times(factor).round(0, Big.roundHalfUp).toNumber()
  return Number.isSafeInteger(whole) ? whole : undefined
}

type Phase = 'L1' | 'L2' | 'L3'
const phaseOf = (value: SampledValue): Phase | undefined => {
  const phase = value.phase?.slice(0, 2)
  return phase === 'L1' || phase === 'L2' || phase === 'L3' ? phase : undefined
}

/** The live measurement with one more value; what we do not follow leaves it as it is. */
const measure = (live: LiveMeasurement, value: SampledValue): LiveMeasurement => {
  const phase = phaseOf(value)
  switch (value.measurand) {
    case 'Power.Active.Import': {
      const powerW = scaled(value, { '': 1, W: 1, kW: 1000 })
      if (powerW === undefined) return live
      // a charger that reports phases only: their sum is the power
      if (value.phase === undefined) return { ...live, powerW }
      return live
    }
    case 'Current.Import': {
      const ma = scaled(value, { '': 1000, A: 1000 })
      if (ma === undefined) return live
      return { ...live, currentMa: { ...live.currentMa, [phase ?? 'L1']: ma } }
    }
    case 'Current.Offered': {
      const offeredMa = scaled(value, { '': 1000, A: 1000 })
      return offeredMa === undefined ? live : { ...live, offeredMa }
    }
    case 'Voltage': {
      const mv = scaled(value, { '': 1000, V: 1000 })
      if (mv === undefined) return live
      return { ...live, voltageMv: { ...live.voltageMv, [phase ?? 'L1']: mv } }
    }
    case 'SoC': {
      const permille = scaled(value, { '': 10, Percent: 10 })
      return permille === undefined || permille < 0 || permille > 1000 ? live : { ...live, socPermille: permille }
    }
    default:
      return live
  }
}

/** Power given per phase only: the sum of the phases. */
const phasePower = (values: readonly SampledValue[]): number | undefined => {
  const power = values.filter((v) => v.measurand === 'Power.Active.Import')
  if (power.length === 0 || power.some((v) => v.phase === undefined)) return undefined
  return power.reduce((sum, v) => sum + (scaled(v, { '': 1, W: 1, kW: 1000 }) ?? 0), 0)
}

/** @param samples in the order of the message @param receivedAt when the message came */
export const readSamples = (samples: readonly MeterSample[], receivedAt: Instant): ReadSamples => {
  const timed = samples
    .map((sample) => ({ at: occurredAt(sample.time, receivedAt).effectiveAt, values: sample.values }))
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const registers = timed.flatMap(({ at, values }) =>
    values.filter(isEnergyRegister).map((value) => ({
      at,
      reading: readRegister(value.value!, value.unit === 'kWh' ? 'kWh' : 'Wh'),
      ...(value.context === undefined ? {} : { context: value.context }),
    })),
  )
  let live: LiveMeasurement = {}
  for (const { values } of timed) {
    live = values.reduce(measure, live)
    const powerW = phasePower(values)
    if (powerW !== undefined) live = { ...live, powerW }
  }
  return { registers, live, measuredAt: timed.at(-1)?.at ?? receivedAt }
}
