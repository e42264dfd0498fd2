import type { Brand } from '@voltrail/simulator/brands'
import { between, seededRandom, type Random } from '@voltrail/simulator/random'
import { writeRegister } from '@voltrail/simulator/dialect'
import { fieldBrands, type Habits } from './field-days-brands.ts'

/** What really happens at the chargers of a fleet over some days: the truth that the log is held against. Times in ms since 1970. */

export interface PlannedSession {
  readonly index: number
  readonly connectorId: number
  readonly idTag: string
  readonly startedAt: number
  readonly endedAt: number
  /** the meter at the start, at each sample and at the end, exact watt-hours */
  readonly startWh: number
  readonly meterAt: (time: number) => number
  readonly samples: readonly { readonly at: number; readonly wh: number }[]
  readonly endWh: number
  /** the charger lost its stop (a power cut): it is never told */
  readonly stopLost: boolean
}

/** What a charger sends that belongs to no session of its own. */
export interface Stray {
  readonly at: number
  readonly kind: 'stop-of-nothing' | 'malformed-meter'
}

export interface Window {
  readonly from: number
  readonly to: number
}

export interface PlannedCharger {
  readonly chargerId: string
  readonly brandName: string
  readonly brand: Brand
  readonly habits: Habits
  readonly sessions: readonly PlannedSession[]
  readonly strays: readonly Stray[]
  /** when it has no connection */
  readonly offline: readonly Window[]
  /** when its power fails; its queue survives, its clock and its counters do not */
  readonly powerCuts: readonly number[]
  readonly random: Random
}

export interface Plan {
  readonly begin: number
  readonly end: number
  /** when the log is away */
  readonly outages: readonly Window[]
  readonly chargers: readonly PlannedCharger[]
}

export interface PlanOptions {
  readonly chargers: number
  readonly days: number
  readonly seed: string
}

const minute = 60_000
const hour = 60 * minute
const begin = Date.parse('2026-03-02T00:00:00.000Z')
/** until then nothing goes wrong, so that a charger's clock can be measured */
const calmUntil = begin + 2 * hour
/** a charger that is away for so long counts as silent */
const silence = 80 * hour
const sampleEvery = 15 * minute

/** Whole seconds: some brands write no more. */
const seconds = (ms: number): number => Math.floor(ms / 1000) * 1000

export const planFleet = ({ chargers, days, seed }: PlanOptions): Plan => {
  const end = begin + days * 24 * hour
  const random = seededRandom(`${seed}/outages`)
  const outages = Array.from({ length: 2 * days }, () => {
    const from = seconds(between(random, calmUntil, end))
    return { from, to: from + seconds(between(random, 10_000, 40 * minute)) }
  })
  return {
    begin,
    end,
    outages,
    chargers: Array.from({ length: chargers }, (_, i) => planCharger(i, seed, end)),
  }
}

const planCharger = (index: number, seed: string, end: number): PlannedCharger => {
  const { name, brand, habits } = fieldBrands[index % fieldBrands.length]!
  const random = seededRandom(`${seed}/${index}`)
  const chargerId = `${name.toUpperCase()}-${index}`
  const sessions: PlannedSession[] = []
  for (let connector = 1; connector <= brand.connectors; connector += 1)
    planConnector(brand, habits, connector, chargerId, random, end, sessions)
  const offline: Window[] = []
  const powerCuts: number[] = []
  // who tells a start only at its end, and both sessions of an absence at once, cannot be told apart without an operator
  for (let at = calmUntil; at < end && habits.start !== 'end'; at += 12 * hour)
    if (random() < 0.5) {
      const from = seconds(at + between(random, hour, 10 * hour))
      offline.push({ from, to: from + seconds(between(random, 10 * minute, 2 * hour)) })
      if (random() < 0.5) powerCuts.push(from)
    }
  // some are away for so long that what they had begun is taken to be over
  if (end - begin > silence + 20 * hour && habits.clock === 'right' && habits.start !== 'end' && random() < 0.25) {
    const from = seconds(between(random, calmUntil + 6 * hour, end - silence - 2 * hour))
    offline.push({ from, to: from + silence })
  }
  return {
    chargerId,
    brandName: name,
    brand,
    habits,
    sessions,
    strays: strays(brand, habits, sessions, random, end),
    offline,
    powerCuts,
    random,
  }
}

const planConnector = (
  brand: Brand,
  habits: Habits,
  connectorId: number,
  chargerId: string,
  random: Random,
  end: number,
  sessions: PlannedSession[],
): void => {
  const dc = brand.supply.kind === 'DC'
  let wh = Math.floor(between(random, 2_000_000, 7_000_000)) + random()
  for (let at = begin + seconds(between(random, hour, 6 * hour)); ;) {
    const lasts = seconds(dc ? between(random, 10 * minute, hour) : between(random, 20 * minute, 7 * hour))
    const endedAt = at + lasts
    if (endedAt > end - hour) return
    const watts = dc ? between(random, 30_000, 150_000) : between(random, 1_400, 11_000)
    // the car may be full long before it leaves
    const flows = lasts * between(random, 0.4, 1.3)
    const startedAt = at
    const startWh = wh
    const meterAt = (time: number): number => startWh + (watts * Math.min(time - startedAt, flows)) / hour
    const samples = []
    for (let time = startedAt + sampleEvery; time < endedAt; time += sampleEvery)
      samples.push({ at: time, wh: meterAt(time) })
    wh = meterAt(endedAt)
    sessions.push({
      index: sessions.length,
      connectorId,
      idTag: `${chargerId.slice(0, 3)}C${habits.drivers === 'everywhere' ? 0 : connectorId}D${Math.floor(between(random, 0, habits.tags))}`,
      startedAt,
      endedAt,
      startWh,
      meterAt,
      samples,
      endWh: wh,
      stopLost: random() < (habits.tags === 1 ? 0.2 : 0.03) || habits.stop === 'never',
    })
    at = seconds(endedAt + between(random, 5 * minute, 10 * hour))
  }
}

/** Only at chargers of one connector, and when it is idle: then nothing else can be meant. */
const strays = (
  brand: Brand,
  habits: Habits,
  sessions: readonly PlannedSession[],
  random: Random,
  end: number,
): Stray[] =>
  brand.connectors > 1 || habits.start !== 'begin'
    ? []
    : sessions.flatMap((session, i): Stray[] => {
        const next = sessions[i + 1]?.startedAt ?? end
        const at = session.endedAt + 2 * minute
        if (session.stopLost || at + 2 * minute >= next || random() > 0.05) return []
        return [{ at, kind: random() < 0.5 ? 'stop-of-nothing' : 'malformed-meter' }]
      })

/** The register as the charger shows it at a time of a session, exact watt-hours. */
export const shownWh = (
  { habits, powerCuts, sessions }: PlannedCharger,
  session: PlannedSession,
  at: number,
): number => {
  const wh = session.meterAt(at)
  switch (habits.register) {
    case 'absolute':
      return wh
    case 'relative':
      return wh - session.startWh
    case 'start-zero':
      return at === session.startedAt ? 0 : wh
    case 'resets': {
      const cut = powerCuts.findLast((one) => one <= at)
      if (cut === undefined) return wh
      const running = sessions.findLast((one) => one.startedAt <= cut) ?? sessions[0]!
      return wh - (running.startedAt > cut ? running.startWh : running.meterAt(Math.min(cut, running.endedAt)))
    }
    default:
      return habits.register satisfies never
  }
}

/** A reading as it was told, in thousandths of a watt-hour. */
export interface ToldReading {
  readonly at: number
  readonly milli: bigint
}

/** meterStart and meterStop as the brand writes them. */
export const registerTold = ({ brand }: PlannedCharger, wh: number): bigint =>
  BigInt(Math.round(writeRegister(brand.dialect, wh) * 1000))

/** A sample as the brand writes it: in kWh it has three decimals, in Wh none. */
export const sampleTold = ({ brand }: PlannedCharger, wh: number): bigint =>
  brand.dialect.energyUnit === 'kWh'
    ? BigInt((wh / 1000).toFixed(3).replace('.', '')) * 1000n
    : BigInt(Math.floor(wh)) * 1000n

/**
 * The energy of what was told, and how often the register broke off: back by 1 Wh or more, or on by more than 1 MW and 100 kWh
 * explain. Written apart from the product: plain whole numbers.
 */
export const energyTold = ({
  told,
  stopMilli,
}: {
  readonly told: readonly ToldReading[]
  readonly stopMilli?: bigint
}): { energyWh: number; resets: number } => {
  let energy = 0n
  let resets = 0
  const [first, ...others] = told.toSorted((a, b) => a.at - b.at)
  let high = first
  for (const next of others) {
    if (high === undefined) break
    const rise = next.milli - high.milli
    const most = 100_000_000n + (1_000_000_000n * BigInt(Math.max(0, next.at - high.at))) / 3_600_000n
    if (rise <= -1000n || rise > most) {
      resets += 1
      high = next
    } else {
      if (rise > 0n) energy += rise
      high = { at: next.at, milli: rise > 0n ? next.milli : high.milli }
    }
  }
  // what grew only is the difference of its ends, whatever the samples between were rounded to
  const whole = stopMilli === undefined || first === undefined || resets > 0 ? energy : stopMilli - first.milli
  return { energyWh: Number(roundedDivision(whole, 1000n)), resets }
}

/** The bill in cents. Times in ms: a second that has begun counts (OCPI 2.2.1 §11.4.4, step_size). */
export const costOf = (energyWh: number, startedAt: number, endedAt: number): number =>
  Number(cost(BigInt(energyWh), BigInt(Math.ceil((endedAt - startedAt) / 1000))))

/** 0.39 per kWh, 1.20 per hour and 0.50 at once, VAT of 19 % on their sum; every line to whole cents, half away from zero. */
const cost = (energyWh: bigint, duration: bigint): bigint => {
  const net = roundedDivision(energyWh * 39n, 1000n) + roundedDivision(duration * 120n, 3600n) + 50n
  return net + roundedDivision(net * 19n, 100n)
}
const roundedDivision = (a: bigint, b: bigint): bigint => (2n * a + b) / (2n * b)

export const fieldTariff = {
  name: 'Field days',
  currency: 'EUR',
  rounding: 'half-up-per-line' as const,
  elements: [
    {
      price_components: [
        { type: 'ENERGY' as const, price: '0.39', vat: '19', step_size: 1 },
        { type: 'TIME' as const, price: '1.20', vat: '19', step_size: 1 },
        { type: 'FLAT' as const, price: '0.50', vat: '19', step_size: 1 },
      ],
    },
  ],
}
