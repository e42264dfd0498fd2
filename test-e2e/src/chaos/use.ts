import { readdirSync, readFileSync } from 'node:fs'
import type { Product } from '@voltrail/embedded/product'
import type { Finding } from '../ledger-judge.ts'

/** What one process had at one time. */
export interface Sample {
  readonly name: string
  readonly pid: number
  /** `performance.now()` */
  readonly at: number
  readonly kib: number
  readonly handles: number
}

/** What all processes have now. Linux: reads /proc. */
export const sampleAll = (product: Product): Sample[] =>
  [...product.processes.values()].flatMap(({ name, pid }) => {
    if (pid === undefined) return []
    try {
      const kib = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
      return [{ name, pid, at: performance.now(), kib, handles: readdirSync(`/proc/${pid}/fd`).length }]
    } catch {
      // it has just ended
      return []
    }
  })

/** How many subjects each client of NATS listens to, by the name of its connection; undefined: not our own server. */
export const subscriptionsOf = async (product: Product): Promise<ReadonlyMap<string, number> | undefined> => {
  if (product.natsMonitorUrl === undefined) return undefined
  const response = await fetch(`${product.natsMonitorUrl}/connz?limit=10000`)
  const { connections } = (await response.json()) as { connections: { name?: string; subscriptions: number }[] }
  const counts = new Map<string, number>()
  for (const { name = '', subscriptions } of connections) counts.set(name, (counts.get(name) ?? 0) + subscriptions)
  return counts
}

/** What is there without chargers. */
export interface Rest {
  readonly samples: readonly Sample[]
  readonly subscriptions: ReadonlyMap<string, number> | undefined
}

/** Caches and the log's own clients may hold so many more than at the start. */
const moreHandles = 16
const moreSubscriptions = 4

/** Holds what is there when the last charger has gone against what was there before the first came. */
export const judgeLeftovers = (before: Rest, after: Rest): Finding[] => {
  const findings: Finding[] = []
  const differ = (charger: string, what: string) => findings.push({ kind: 'wrong', charger, what })
  for (const { name, handles } of after.samples) {
    const had = before.samples.find((one) => one.name === name)?.handles
    if (had !== undefined && handles > had + moreHandles) differ(name, `it has ${handles} open files, and had ${had}`)
  }
  for (const [name, count] of after.subscriptions ?? []) {
    const had = before.subscriptions?.get(name)
    if (had !== undefined && count > had + moreSubscriptions)
      differ(name, `it listens to ${count} subjects, and did to ${had}`)
  }
  return findings
}

/** How the memory of one process went in the second half of its life, when caches and compiled code are mostly there. */
export interface Growth {
  readonly name: string
  readonly pid: number
  readonly seconds: number
  readonly kib: number
  readonly kibPerMinute: number
}

const leastSamples = 8

/** Of each process, the one that lived longest; none where there are too few samples. */
export const growthsOf = (samples: readonly Sample[]): Growth[] => {
  const lives = new Map<string, Sample[]>()
  for (const sample of samples) {
    const key = `${sample.name} ${sample.pid}`
    const life = lives.get(key)
    if (life === undefined) lives.set(key, [sample])
    else life.push(sample)
  }
  const longest = new Map<string, Growth>()
  for (const life of lives.values()) {
    const half = life.slice(Math.floor(life.length / 2))
    const [first, last] = [half[0], half.at(-1)]
    if (first === undefined || last === undefined || life.length < leastSamples) continue
    const growth = {
      name: first.name,
      pid: first.pid,
      seconds: (last.at - life[0]!.at) / 1_000,
      kib: last.kib,
      kibPerMinute: slope(half.map(({ at, kib }) => [at / 60_000, kib])),
    }
    if ((longest.get(growth.name)?.seconds ?? 0) < growth.seconds) longest.set(growth.name, growth)
  }
  return [...longest.values()]
}

/** Of the line that fits best. */
const slope = (points: readonly (readonly [x: number, y: number])[]): number => {
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length
  const [x, y] = [mean(points.map((one) => one[0])), mean(points.map((one) => one[1]))]
  const spread = points.reduce((sum, one) => sum + (one[0] - x) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, one) => sum + (one[0] - x) * (one[1] - y), 0) / spread
}

/** A process that warms up may grow; one that grew so long and so much leaks. */
const leastSeconds = 120
const mostGrowth = { kib: 100 * 1024, part: 0.5 }

export const judgeGrowth = (growths: readonly Growth[]): Finding[] =>
  growths.flatMap(({ name, seconds, kib, kibPerMinute }): Finding[] => {
    const grown = (kibPerMinute * seconds) / 120
    const leaks = seconds >= leastSeconds && grown > mostGrowth.kib && grown > mostGrowth.part * (kib - grown)
    const what = `it grows by ${Math.round(kibPerMinute)} KiB a minute, ${Math.round(seconds)} s after its start`
    return leaks ? [{ kind: 'wrong', charger: name, what }] : []
  })
