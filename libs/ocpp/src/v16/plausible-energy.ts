import type { MeterSample, SampledValue } from '@voltrail/contracts/facts'
import { rawText } from '../notes.ts'
import { rulesInForce } from '../quirks.ts'
import type { Desk } from './inbound-message.ts'

type Reading = { atMs: number; wh: number; watts: number | undefined }

const wattHours: Readonly<Record<string, number>> = { Wh: 1, kWh: 1000 }
const watts: Readonly<Record<string, number>> = { W: 1, kW: 1000 }
/** a power that was read once says nothing about hours */
const longestMs = 30 * 60_000
/** less power, or less energy, than this is lost in rounding */
const leastWatts = 500
const leastWh = 5
/** a thousandfold, with what a power may change between two readings */
const leastFactor = 300
const mostFactor = 3000

/**
 * Flags registers whose rise is a thousandth or a thousandfold of power times time: Wh and kWh were taken for each other. No
 * value is changed. Compared are the readings within the message, and the last one of the connection if the context keeps it.
 * @param path where the samples' list stands
 */
export const flagSuspectEnergy = (samples: readonly MeterSample[], evseId: number, path: string, desk: Desk): void => {
  if (!rulesInForce(desk.context).has('Q20-suspect')) return
  const memory = desk.context.lastRegisters
  let before = memory?.get(evseId)
  samples.forEach((sample, i) => {
    const register = readingOf(sample)
    if (register === undefined) return
    const { reading, index } = register
    if (before !== undefined && isSuspect(before, reading)) {
      const raw = sample.values[index]
      desk.notes.add('Q20-suspect', `${path}/${i}/sampledValue/${index}/value`, () =>
        rawText(`${raw?.value} ${raw?.unit}`),
      )
    }
    before = reading
  })
  if (before !== undefined) memory?.set(evseId, before)
}

const isSuspect = (before: Reading, now: Reading): boolean => {
  const ms = now.atMs - before.atMs
  const power = now.watts ?? before.watts
  if (ms <= 0 || ms > longestMs || power === undefined || power < leastWatts) return false
  const expected = (power * ms) / 3_600_000
  const risen = now.wh - before.wh
  if (expected < leastWh || risen <= 0) return false
  const factor = Math.max(expected / risen, risen / expected)
  return factor >= leastFactor && factor <= mostFactor
}

const readingOf = (sample: MeterSample): { reading: Reading; index: number } | undefined => {
  if (sample.time.at === undefined) return undefined
  const whole = (value: SampledValue, measurand: string): boolean =>
    value.measurand === measurand && value.phase === undefined && value.value !== undefined
  const index = sample.values.findIndex((value) => whole(value, 'Energy.Active.Import.Register'))
  const register = sample.values[index]
  const scale = wattHours[register?.unit ?? '']
  if (register === undefined || scale === undefined) return undefined
  const power = sample.values.find((value) => whole(value, 'Power.Active.Import'))
  const powerScale = watts[power?.unit ?? '']
  return {
    index,
    reading: {
      atMs: Date.parse(sample.time.at),
      wh: Number(register.value) * scale,
      watts: powerScale === undefined ? undefined : Number(power?.value) * powerScale,
    },
  }
}
