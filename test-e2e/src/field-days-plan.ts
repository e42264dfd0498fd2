import { brandNames, brands, type Brand, type BrandName } from '@voltrail/simulator/brands'
import { between, seededRandom, type Random } from '@voltrail/simulator/random'
import { writeRegister, writeTag } from '@voltrail/simulator/dialect'

/** What really happens at the chargers of a fleet over some days: the truth that the log is held against. Times in ms since 1970. */

export interface PlannedSession {
  readonly index: number
  readonly connectorId: number
  readonly idTag: string
  readonly startedAt: number
  readonly endedAt: number
  /** the meter at the start, at each sample and at the end, exact watt-hours */
  readonly startWh: number
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
  readonly brandName: BrandName
  readonly brand: Brand
  readonly sessions: readonly PlannedSession[]
  readonly strays: readonly Stray[]
  /** when it has no connection */
  readonly offline: readonly Window[]
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
const sampleEvery = 15 * minute

/** Whole seconds: some brands write no more. */
const seconds = (ms: number): number => Math.floor(ms / 1000) * 1000

export const planFleet = ({ chargers, days, seed }: PlanOptions): Plan => {
  const end = begin + days * 24 * hour
  const random = seededRandom(`${seed}/outages`)
  const outages = Array.from({ length: 2 * days }, () => {
    const from = seconds(between(random, begin, end))
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
  const brandName = brandNames[index % brandNames.length]!
  const brand: Brand = brands[brandName]
  const random = seededRandom(`${seed}/${index}`)
  const chargerId = `${brandName.toUpperCase()}-${index}`
  const sessions: PlannedSession[] = []
  for (let connector = 1; connector <= brand.connectors; connector += 1)
    planConnector(brand, connector, chargerId, random, end, sessions)
  const offline: Window[] = []
  for (let at = begin; at < end; at += 12 * hour)
    if (random() < 0.5) {
      const from = seconds(at + between(random, hour, 10 * hour))
      offline.push({ from, to: from + seconds(between(random, minute, 2 * hour)) })
    }
  return { chargerId, brandName, brand, sessions, strays: strays(brand, sessions, random, end), offline, random }
}

const planConnector = (
  brand: Brand,
  connectorId: number,
  chargerId: string,
  random: Random,
  end: number,
  sessions: PlannedSession[],
): void => {
  const dc = brand.supply.kind === 'DC'
  let wh = Math.floor(between(random, 0, 5_000_000)) + random()
  for (let at = begin + seconds(between(random, 10 * minute, 6 * hour)); ;) {
    const lasts = seconds(dc ? between(random, 10 * minute, hour) : between(random, 20 * minute, 7 * hour))
    const endedAt = at + lasts
    if (endedAt > end - hour) return
    const watts = dc ? between(random, 30_000, 150_000) : between(random, 1_400, 11_000)
    // the car may be full long before it leaves
    const flows = lasts * between(random, 0.4, 1.3)
    const meterAt = (time: number): number => startWh + (watts * Math.min(time - at, flows)) / hour
    const startedAt = at
    const startWh = wh
    const samples = []
    for (let time = startedAt + sampleEvery; time < endedAt; time += sampleEvery)
      samples.push({ at: time, wh: meterAt(time) })
    wh = meterAt(endedAt)
    sessions.push({
      index: sessions.length,
      connectorId,
      idTag: `${chargerId.slice(0, 3)}C${connectorId}D${Math.floor(between(random, 0, 6))}`,
      startedAt,
      endedAt,
      startWh,
      samples,
      endWh: wh,
      stopLost: random() < 0.02,
    })
    at = seconds(endedAt + between(random, 5 * minute, 10 * hour))
  }
}

/** Only at chargers of one connector, and when it is idle: then nothing else can be meant. */
const strays = (brand: Brand, sessions: readonly PlannedSession[], random: Random, end: number): Stray[] =>
  brand.connectors > 1
    ? []
    : sessions.flatMap((session, i): Stray[] => {
        const next = sessions[i + 1]?.startedAt ?? end
        const at = session.endedAt + 2 * minute
        if (session.stopLost || at + 2 * minute >= next || random() > 0.05) return []
        return [{ at, kind: random() < 0.5 ? 'stop-of-nothing' : 'malformed-meter' }]
      })

/** What a session's end must say. Times in ms, money in cents. */
export interface Expected {
  readonly energyWh: number
  readonly endedAt: number
  readonly inferred: boolean
  readonly costMinor: number
}

/** As the charger's own messages say it; null while it is open. Written apart from the product: plain whole numbers. */
export const expectedOf = ({ brand, sessions }: PlannedCharger, session: PlannedSession): Expected | null => {
  const told = (wh: number): bigint => BigInt(Math.round(writeRegister(brand.dialect, wh) * 1000))
  // a sample in kWh has three decimals, one in Wh none
  const sampled = (wh: number): bigint =>
    brand.dialect.energyUnit === 'kWh'
      ? BigInt((wh / 1000).toFixed(3).replace('.', '')) * 1000n
      : BigInt(Math.floor(wh)) * 1000n
  const last = session.samples.at(-1)
  const next = sessions.find((one) => one.connectorId === session.connectorId && one.startedAt > session.startedAt)
  if (session.stopLost && next === undefined) return null
  const milli = session.stopLost ? (last === undefined ? told(session.startWh) : sampled(last.wh)) : told(session.endWh)
  const endedAt = session.stopLost ? (last?.at ?? session.startedAt) : session.endedAt
  const energyWh = roundedDivision(milli - told(session.startWh), 1000n)
  return {
    energyWh: Number(energyWh),
    endedAt,
    inferred: session.stopLost,
    costMinor: Number(cost(energyWh, BigInt((endedAt - session.startedAt) / 1000))),
  }
}

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

export const tagOf = (charger: PlannedCharger, session: PlannedSession): string =>
  writeTag(charger.brand.dialect, session.idTag)
