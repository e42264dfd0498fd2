import type { ChargerTime, MeterSample, SampledValue } from '@voltrail/contracts/facts'
import type { TransactionId } from '@voltrail/contracts/ids'
import type { Decimal } from '@voltrail/contracts/quantities'
import type { LastRegister } from '../inbound-context.ts'
import { rawText } from '../notes.ts'
import { rulesInForce } from '../quirks.ts'
import type { Desk } from './inbound-message.ts'

/** A register reading of a message, as it stands there. */
export interface ToldEnergy {
  readonly reading: LastRegister
  readonly path: string
  readonly raw: string
}

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
 * @param told the readings of the message, in its order
 * @param place the EVSE, or of a stop, which names none, the transaction
 * @param next the transaction that they are of, for a stop that comes later
 */
export const flagSuspectEnergy = (
  told: readonly ToldEnergy[],
  place: { readonly evseId: number } | { readonly transaction: TransactionId | undefined },
  desk: Desk,
  next?: TransactionId,
): void => {
  if (!rulesInForce(desk.context).has('Q20-suspect')) return
  const memory = desk.context.lastRegisters
  const evseId = 'evseId' in place ? place.evseId : evseOf(place.transaction, memory)
  let before = evseId === undefined ? undefined : memory?.get(evseId)
  for (const { reading, path, raw } of told) {
    if (before !== undefined && isSuspect(before, reading)) desk.notes.add('Q20-suspect', path, () => rawText(raw))
    before = reading
  }
  if (evseId === undefined || before === undefined) return
  const { transaction: _, ...last } = before
  memory?.set(evseId, next === undefined ? last : { ...last, transaction: next })
}

const evseOf = (
  transaction: TransactionId | undefined,
  memory: ReadonlyMap<number, LastRegister> | undefined,
): number | undefined => {
  for (const [evseId, last] of memory ?? [])
    if (transaction !== undefined && last.transaction === transaction) return evseId
  return undefined
}

/** All that energy needs, it is expected at the lower power of both ends at least, and at the higher at most. */
const isSuspect = (before: LastRegister, now: LastRegister): boolean => {
  const ms = now.atMs - before.atMs
  const risen = now.wh - before.wh
  if (ms <= 0 || ms > longestMs || risen <= 0) return false
  const powers = [before.watts, now.watts].filter((one) => one !== undefined)
  const expected = (power: number): number | undefined => {
    const wh = (power * ms) / 3_600_000
    return power < leastWatts || wh < leastWh ? undefined : wh
  }
  const [least, most] = [expected(Math.min(...powers)), expected(Math.max(...powers))]
  const far = (factor: number): boolean => factor >= leastFactor && factor <= mostFactor
  return powers.length > 0 && ((least !== undefined && far(least / risen)) || (most !== undefined && far(risen / most)))
}

/** @param path where the samples' list stands */
export const energyOfSamples = (samples: readonly MeterSample[], path: string): ToldEnergy[] =>
  samples.flatMap((sample, i) => {
    if (sample.time.at === undefined) return []
    const whole = (value: SampledValue, measurand: string): boolean =>
      value.measurand === measurand && value.phase === undefined && value.value !== undefined
    const index = sample.values.findIndex((value) => whole(value, 'Energy.Active.Import.Register'))
    const register = sample.values[index]
    const scale = wattHours[register?.unit ?? '']
    if (register === undefined || scale === undefined) return []
    const power = sample.values.find((value) => whole(value, 'Power.Active.Import'))
    const powerScale = watts[power?.unit ?? '']
    const boundary = register.context === 'Transaction.Begin' || register.context === 'Transaction.End'
    return [
      {
        path: `${path}/${i}/sampledValue/${index}/value`,
        raw: `${register.value} ${register.unit}`,
        reading: {
          atMs: Date.parse(sample.time.at),
          wh: Number(register.value) * scale,
          watts: powerScale === undefined ? (boundary ? 0 : undefined) : Number(power?.value) * powerScale,
        },
      },
    ]
  })

/** The register of a start or a stop: nothing is drawn before the one or after the other. */
export const energyOfBoundary = (
  register: { readonly value: Decimal; readonly unit: 'Wh' | 'kWh' } | undefined,
  time: ChargerTime,
  path: string,
): ToldEnergy[] => {
  if (register === undefined || time.at === undefined) return []
  const { value, unit } = register
  const wh = Number(value) * (wattHours[unit] ?? 1)
  return [{ path, raw: `${value} ${unit}`, reading: { atMs: Date.parse(time.at), wh, watts: 0 } }]
}
