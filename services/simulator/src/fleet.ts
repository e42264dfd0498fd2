import { sleep } from '@voltrail/runtime/ticker'
import { brandNames, brands } from './brands.ts'
import type { Brand, BrandName } from './brands.ts'
import { Charger } from './charger.ts'
import { createClock } from './clock.ts'
import type { Connector } from './connector.ts'
import { driveConnector, driveRemotely } from './driver.ts'
import type { DriverOptions, Span } from './driver.ts'
import { Ledger } from './ledger.ts'
import { between, seededRandom } from './random.ts'

export type FleetOptions = {
  /** Without the charger's id, which is appended: `ws://127.0.0.1:9000/ocpp`. */
  readonly url: string
  readonly chargers: number
  /** The chargers take these in turn; all brands unless told. An own object makes an own brand. */
  readonly brands?: readonly (BrandName | Brand)[]
  /** Id tags of the drivers. */
  readonly tokens: readonly string[]
  /** Basic authentication, the same for all chargers. */
  readonly password?: string | undefined
  /** Charger ids are the prefix and a number of four digits, from 0001. */
  readonly prefix?: string
  readonly seed?: string
  /** See `ClockOptions`. */
  readonly speed?: number
  readonly simulatedClock?: boolean
  /** Visits of drivers per charger; unlimited unless told, 0 = remote starts only. */
  readonly sessionsPerCharger?: number | undefined
  /** How long a driver charges, and how long nobody comes; simulated. */
  readonly session?: Span
  readonly pause?: Span
  /** Configuration keys (OCPP 1.6 §9) that differ from the brands', for example `{ MeterValueSampleInterval: '10' }`. */
  readonly configuration?: Readonly<Record<string, string>>
  /** Ceilings of the waits between connection attempts, real milliseconds. */
  readonly reconnect?: { readonly firstMs: number; readonly maxMs: number }
  /** Chargers that connect per second at the start. */
  readonly connectsPerSecond?: number
  /** How many entries each list of the ledger keeps. */
  readonly keep?: number
}

export type FleetProgress = {
  readonly chargers: number
  /** Connected and registered now. */
  readonly online: number
  /** Accepted at least once. */
  readonly registered: number
  readonly sessionsRunning: number
  /** Transaction messages that wait for an acknowledgement. */
  readonly waiting: number
  /** Why a charger went or stayed offline, the newest. */
  readonly problem: string | undefined
}

export type StopOptions = {
  /** End running transactions first (default), or leave them as a power failure would. */
  readonly endSessions?: boolean
  /** How long queues may take to be delivered, real milliseconds; 10 s unless told. */
  readonly drainMs?: number
}

export type Fleet = {
  readonly ledger: Ledger
  readonly chargers: readonly Charger[]
  /** Resolves when every driver has been there and every queue is empty, or after `stop`. */
  readonly done: Promise<void>
  progress(): FleetProgress
  /** Ends the sessions, delivers the queues, disconnects. Safe to call twice. */
  stop(options?: StopOptions): Promise<void>
}

const minutes = (from: number, to: number): Span => ({ minMs: from * 60_000, maxMs: to * 60_000 })

/** Starts chargers that connect, register and charge cars until they are stopped. Throws RangeError on options that make no sense. */
export function startFleet(options: FleetOptions): Fleet {
  const { chargers: count, tokens, seed = 'voltrail', prefix = 'SIM-', sessionsPerCharger = Infinity } = options
  if (!(Number.isInteger(count) && count > 0)) throw new RangeError(`a fleet needs at least one charger, not ${count}`)
  if (tokens.length === 0) throw new RangeError('drivers need at least one id tag in `tokens`')
  const makes = (options.brands ?? brandNames).map((brand): Brand =>
    typeof brand === 'string' ? brands[brand] : brand,
  )
  if (makes.length === 0) throw new RangeError('a fleet needs at least one brand')
  const clock = createClock({ speed: options.speed ?? 1, simulated: options.simulatedClock ?? false })
  const ledger = new Ledger(options.keep)
  const leaving: AbortController[] = []
  const stopped = new AbortController()
  const visits = new Set<Promise<void>>()
  let problem: string | undefined
  let stopping: Promise<void> | undefined

  const driving: Omit<DriverOptions, 'signal'> = {
    clock,
    ledger,
    tokens,
    session: options.session ?? minutes(20, 90),
    pause: options.pause ?? minutes(1, 20),
  }

  function track(visit: Promise<void>): void {
    visits.add(visit)
    void visit.finally(() => visits.delete(visit))
  }

  const spread = seededRandom(`${seed}/connects`)
  const rampMs = (count / (options.connectsPerSecond ?? 100)) * 1_000
  const chargers = Array.from({ length: count }, (_, index) => {
    const id = `${prefix}${String(index + 1).padStart(4, '0')}`
    const remote = seededRandom(`${seed}/${id}/remote`)
    // one per charger: adding a listener to a signal takes longer the more it has
    const left = new AbortController()
    leaving.push(left)
    return new Charger({
      id,
      brand: makes[index % makes.length] as Brand,
      url: options.url,
      password: options.password,
      clock,
      seed,
      ledger,
      connectDelayMs: between(spread, 0, rampMs),
      reconnect: options.reconnect ?? { firstMs: 1_000, maxMs: 30_000 },
      configuration: options.configuration ?? {},
      remoteStarted: (charger: Charger, connector: Connector, idTag: string) =>
        track(driveRemotely(charger, connector, idTag, remote, { ...driving, signal: left.signal })),
      problem: (text) => (problem = `${id}: ${text}`),
    })
  })

  for (const [index, charger] of chargers.entries()) {
    charger.start()
    const { signal } = leaving[index] as AbortController
    let left = sessionsPerCharger
    const anotherOne = () => (left -= 1) >= 0
    for (const connector of charger.connectors) {
      const random = seededRandom(`${seed}/${charger.id}/drivers/${connector.id}`)
      if (left > 0) track(driveConnector(charger, connector, random, anotherOne, { ...driving, signal }))
    }
  }

  const waiting = () => chargers.reduce((sum, charger) => sum + charger.queue.size, 0)

  /** Every driver gone and every queue empty. */
  async function settle(signal: AbortSignal): Promise<void> {
    while (visits.size > 0 || waiting() > 0) if (!(await sleep(50, signal))) return
  }

  async function stop({ endSessions = true, drainMs = 10_000 }: StopOptions): Promise<void> {
    for (const left of leaving) left.abort()
    for (const charger of chargers) charger.closeReader()
    const ends = endSessions
      ? chargers.flatMap((charger) =>
          charger.connectors.map((connector) => charger.charging.end(connector, 'Local', true)),
        )
      : []
    if (endSessions) await settle(AbortSignal.timeout(drainMs))
    stopped.abort()
    await Promise.all(chargers.map((charger) => charger.stop(endSessions)))
    for (const charger of chargers) charger.charging.forget()
    await Promise.all([...visits, ...ends])
  }

  return {
    ledger,
    chargers,
    done: settle(stopped.signal),
    progress: () => ({
      chargers: count,
      online: chargers.filter((charger) => charger.online).length,
      registered: chargers.filter((charger) => charger.commissioned).length,
      sessionsRunning: chargers.reduce((sum, charger) => sum + charger.charging.running, 0),
      waiting: waiting(),
      problem,
    }),
    stop: (stopOptions = {}) => (stopping ??= stop(stopOptions)),
  }
}
