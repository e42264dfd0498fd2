import Big from 'big.js'
import type { MeterSample, SampledValue } from '@voltrail/contracts/facts'
import type { LiveMeasurement } from '@voltrail/contracts/events/session'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { occurredAt, type ChargerClock } from './occurred-at.ts'
import { readRegister } from './registers.ts'
import type { TimedReading } from './timed-reading.ts'

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

/** Measured per phase: what is told of the neutral, or between two phases, is of no phase. */
const perPhase = new Set(['Current.Import', 'Voltage'])
const ofNoPhase = new Set(['N', 'L1-L2', 'L2-L3', 'L3-L1'])

/** Without what is of no phase, and without totals beside phases: a total is a sum here, an average there. */
const ofPhases = (values: readonly SampledValue[]): readonly SampledValue[] =>
  values.filter(({ measurand, phase }) => {
    if (!perPhase.has(measurand)) return true
    if (phase !== undefined) return !ofNoPhase.has(phase)
    return !values.some((one) => one.measurand === measurand && phaseOf(one) !== undefined)
  })

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

/** Of values with one time stamp the begin comes first and the end last, whatever their order in the message. */
const rank = ({ context }: Pick<TimedReading, 'context'>): number =>
  context === 'Transaction.Begin' ? 0 : context === 'Transaction.End' ? 2 : 1

/** The energy registers of one sample: each context once, though it may be told in Wh and in kWh. */
const registersOf = (at: Instant, told: Instant | undefined, values: readonly SampledValue[]): TimedReading[] => {
  const found = new Map<string, SampledValue>()
  for (const value of values.filter(isEnergyRegister)) {
    const key = value.context ?? ''
    const known = found.get(key)
    if (known === undefined || (known.unit === 'kWh' && value.unit !== 'kWh')) found.set(key, value)
  }
  return [...found.values()].map((value) => ({
    at,
    reading: readRegister(value.value!, value.unit === 'kWh' ? 'kWh' : 'Wh'),
    ...(value.context === undefined ? {} : { context: value.context }),
    ...(told === undefined || told === at ? {} : { told }),
  }))
}

/** A sample that is told again, in one message or in the stop, is told once: by its time, its context and its value. */
const sampleKey = ({ at, context, reading }: TimedReading): string =>
  JSON.stringify([at, context ?? 'Sample.Periodic', reading.wh])

/**
 * @param samples in the order of the message, which counts where they have no time of their own
 * @param receivedAt when the message came
 */
export const readSamples = (
  samples: readonly MeterSample[],
  receivedAt: Instant,
  clock?: ChargerClock,
): ReadSamples => {
  const timed = samples
    .map(({ time, values }, i) => {
      const { effectiveAt, reason } = occurredAt(time, receivedAt, clock)
      const own = reason === 'charger-clock' || reason === 'corrected-offset'
      return {
        at: own ? effectiveAt : instant(Date.parse(receivedAt) - (samples.length - 1 - i)),
        told: time.at,
        values,
      }
    })
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const all = timed
    .flatMap(({ at, told, values }) => registersOf(at, told, values))
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : rank(a) - rank(b)))
  const registers = [...new Map(all.map((one) => [sampleKey(one), one])).values()]
  let live: LiveMeasurement = {}
  for (const { values } of timed) {
    live = ofPhases(values).reduce(measure, live)
    const powerW = phasePower(values)
    if (powerW !== undefined) live = { ...live, powerW }
  }
  return { registers, live, measuredAt: timed.at(-1)?.at ?? receivedAt }
}
