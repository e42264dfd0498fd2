import { sleep } from '@voltrail/runtime/ticker'
import type { Charger } from './charger.ts'
import type { Vehicle } from './charging-curve.ts'
import type { Clock } from './clock.ts'
import type { Connector } from './connector.ts'
import type { Ledger } from './ledger.ts'
import { between, pick } from './random.ts'
import type { Random } from './random.ts'
import { vehicles } from './vehicles.ts'

/** From and to, simulated milliseconds. */
export type Span = { readonly minMs: number; readonly maxMs: number }

/** One driver's visit, decided before it begins. */
export type Visit = {
  readonly pauseMs: number
  readonly idTag: string
  readonly vehicle: Vehicle
  readonly socPercent: number
  readonly chargeMs: number
  /** Pulls the plug instead of presenting the tag again. */
  readonly pullsPlug: boolean
}

export type DriverOptions = {
  readonly clock: Clock
  readonly ledger: Ledger
  readonly tokens: readonly string[]
  readonly session: Span
  readonly pause: Span
  /** No new visit once it is aborted; a running one ends with its transaction. */
  readonly signal: AbortSignal
}

const walkMs = 3_000
/** How often a driver who waits looks whether the connector is free; real milliseconds. */
const lookMs = 100

/** The next visit at a connector: the same numbers give the same visits. */
export function planVisit(random: Random, options: Pick<DriverOptions, 'tokens' | 'session' | 'pause'>): Visit {
  const { tokens, session, pause } = options
  return {
    pauseMs: Math.round(between(random, pause.minMs, pause.maxMs)),
    idTag: pick(random, tokens),
    vehicle: pick(random, vehicles),
    socPercent: Math.round(between(random, 12, 70)),
    chargeMs: Math.round(between(random, session.minMs, session.maxMs)),
    pullsPlug: random() < 0.2,
  }
}

/** Drivers come to a connector one after the other, as long as `anotherOne` says so. */
export async function driveConnector(
  charger: Charger,
  connector: Connector,
  random: Random,
  anotherOne: () => boolean,
  options: DriverOptions,
): Promise<void> {
  const { clock, signal, ledger } = options
  while (!signal.aborted) {
    const visit = planVisit(random, options)
    if (!(await clock.sleep(visit.pauseMs, signal))) return
    while (!(charger.inService && connector.free)) if (!(await sleep(lookMs, signal))) return
    if (!anotherOne()) return
    charger.plug(connector, visit.vehicle, visit.socPercent)
    // in the middle of this the fleet may stop: then nobody presents a tag any more
    if ((await clock.sleep(walkMs, signal)) && !(await charger.present(connector, visit.idTag))) ledger.driverRefused()
    await charge(charger, connector, visit, options)
  }
}

/** Somebody pressed "start" in an app: the car is plugged in if it was not, and the transaction runs without a tag at the reader. */
export async function driveRemotely(
  charger: Charger,
  connector: Connector,
  idTag: string,
  random: Random,
  options: DriverOptions,
): Promise<void> {
  const { clock, signal } = options
  const visit = { ...planVisit(random, options), idTag }
  const waiting = connector.plugged
  if (!waiting) {
    if (!(await clock.sleep(walkMs, signal))) {
      connector.authorizing = false
      return
    }
    charger.plug(connector, visit.vehicle, visit.socPercent)
  }
  // a reset may have come between
  if (!charger.inService) connector.authorizing = false
  else if (charger.configuration.flag('AuthorizeRemoteTxRequests')) await charger.present(connector, idTag)
  else charger.charging.begin(connector, idTag)
  // a car that was waiting has a driver of its own
  if (!waiting) await charge(charger, connector, visit, options)
}

/** From the first energy, if there is any, to the free connector. */
async function charge(
  charger: Charger,
  connector: Connector,
  visit: Visit,
  { clock, signal }: DriverOptions,
): Promise<void> {
  const ended = charger.charging.ended(connector)
  if (ended && (await clock.sleep(visit.chargeMs, ended))) {
    if (visit.pullsPlug) await charger.charging.end(connector, 'EVDisconnected')
    else await charger.charging.end(connector, 'Local', true)
  }
  if (!visit.pullsPlug) await clock.sleep(walkMs, signal)
  charger.unplug(connector)
}
