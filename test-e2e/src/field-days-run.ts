import type { SessionEvent } from '@voltrail/contracts/events/registry'
import type { TariffId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, parseStream, sessionParts } from '@voltrail/contracts/streams'
import { createPods } from '@voltrail/central/oracle/pods'
import { createSharedLog, type AppendFault, type SharedLog } from '@voltrail/central/oracle/shared-log'
import { createTwinBus, createTwinVault } from '@voltrail/central/oracle/twins'
import { rate } from '@voltrail/billing/rate'
import { charger as chargerAggregate } from '@voltrail/domain/charger/charger'
import { billing } from '@voltrail/domain/billing'
import { verifyChain } from '@voltrail/domain/hash-chain'
import { session as sessionAggregate } from '@voltrail/domain/session'
import type { TariffState } from '@voltrail/domain/tariff'
import { loadCold } from '@voltrail/event-store/load'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { billingStream } from '@voltrail/contracts/streams'
import { seededRandom } from '@voltrail/simulator/random'
import type { BrandName } from '@voltrail/simulator/brands'
import { fieldTenant, liveThrough, type LivedDays } from './field-days-charger.ts'
import {
  expectedOf,
  fieldTariff,
  planFleet,
  type Plan,
  type PlannedCharger,
  type PlanOptions,
} from './field-days-plan.ts'

/** Days in the field, lived through in minutes, and what the log says of them held against what really happened. */

export interface BrandTotals {
  chargers: number
  sessions: number
  inferred: number
  open: number
  energyWh: number
  costMinor: number
  parked: number
  frames: number
  repeats: number
  connections: number
  unavailable: number
}

export interface FieldReport {
  readonly brands: ReadonlyMap<BrandName, BrandTotals>
  readonly events: number
  /** each a line that names charger and session; empty when log and truth are the same */
  readonly differences: readonly string[]
}

/** Appends that go wrong, one in a hundred: the log away, outcomes that nobody hears, a central that dies. */
const appendFaultsOf = (seed: string, count: number): AppendFault[] => {
  const random = seededRandom(`${seed}/appends`)
  const kinds = ['away', 'lost', 'throws', 'throws-after', 'crash', 'crash-after'] as const
  return Array.from({ length: count }, () =>
    random() < 0.01 ? (kinds[Math.floor(random() * kinds.length)] ?? 'away') : 'ok',
  )
}

export const liveFieldDays = async (
  options: PlanOptions,
  onProgress: (done: number, all: number) => void = () => undefined,
): Promise<FieldReport> => {
  const plan = planFleet(options)
  const faults = appendFaultsOf(options.seed, options.chargers * options.days * 250)
  const log = createSharedLog({ pauses: [], stalls: [], faults })
  const { bus } = createTwinBus()
  const pods = createPods(2, { log, vault: createTwinVault(), bus, now: () => instant(plan.begin) })
  const differences: string[] = []
  const totals = new Map<BrandName, BrandTotals>()
  for (const [done, charger] of plan.chargers.entries()) {
    const lived = await liveThrough(charger, plan, {
      ask: (pod, request) => pods.ask(pod, request),
      logAway: (away) => void (log.away = away),
    })
    log.away = false
    await judgeCharger(charger, plan, lived, log, totals, (line) => differences.push(`${charger.chargerId}: ${line}`))
    onProgress(done + 1, plan.chargers.length)
  }
  let events = 0
  for (const stream of log.streams()) {
    const stored = log.stored(stream)
    events += stored.length
    const verdict = verifyChain(stored)
    if (!verdict.ok) differences.push(`the chain of ${stream} is broken: ${verdict.problem}`)
  }
  return { brands: totals, events, differences }
}

const book = (plan: Plan): ReadonlyMap<TariffId, TariffState> =>
  new Map([
    [
      'field' as TariffId,
      {
        versions: [{ revision: 0, definedAt: instant(plan.begin), terms: fieldTariff }],
        assignments: [{ revision: 1, scope: { kind: 'tenant' as const }, validFrom: instant(plan.begin) }],
      },
    ],
  ])

/** The last bill of a session, made as the billing service makes it: at every end and every correction. */
const billOf = async (stream: string, log: SharedLog, plan: Plan) => {
  const loop = createWriteLoop({ log: log.calm, cacheSize: 1, build: 'field-days' })
  const deps = {
    log: log.calm,
    loop,
    book: { hear: () => undefined, of: () => book(plan) },
    pod: 'billing',
    build: 'x',
  }
  for await (const event of log.calm.readForward(stream, 0))
    if (event.type === 'SessionStopped' || event.type === 'SessionCorrected') await rate(event, deps)
  const address = parseStream(stream)
  if (address?.category !== 'session') throw new Error(`${stream} is no session`)
  return (await loadCold(log.calm, billing, billingStream(address.tenant, address.sessionId))).state.rated
}

const judgeCharger = async (
  charger: PlannedCharger,
  plan: Plan,
  lived: LivedDays,
  log: SharedLog,
  totals: Map<BrandName, BrandTotals>,
  differ: (line: string) => void,
): Promise<void> => {
  const own = log.streams().filter((stream) => {
    const address = parseStream(stream)
    return address?.category === 'session' && sessionParts(address.sessionId).chargerId === charger.chargerId
  })
  const bySessionStart = new Map<string, string[]>()
  for (const stream of own) {
    const { evseId, startedAt } = (log.stored(stream)[0] as unknown as { data: StartData }).data
    const start = `${evseId} ${startedAt.charger}`
    bySessionStart.set(start, [...(bySessionStart.get(start) ?? []), stream])
  }
  const brand = totals.get(charger.brandName) ?? none()
  totals.set(charger.brandName, brand)
  brand.chargers += 1
  let open = 0

  for (const real of charger.sessions) {
    const name = `session ${real.index} on connector ${real.connectorId} at ${instant(real.startedAt)}`
    const streams = bySessionStart.get(`${real.connectorId} ${instant(real.startedAt)}`) ?? []
    bySessionStart.delete(`${real.connectorId} ${instant(real.startedAt)}`)
    const [stream] = streams
    if (stream === undefined || streams.length !== 1) {
      differ(`${name} stands in ${streams.length} streams`)
      continue
    }
    const { state } = await loadCold(log.calm, sessionAggregate, stream as never)
    const { stop, energyWh, corrections } = state.summary
    const expected = expectedOf(charger, real)
    const rated = await billOf(stream, log, plan)
    brand.sessions += 1
    if (expected === null) {
      open += 1
      if (stop !== undefined) differ(`${name} has ended, but nothing says so`)
      continue
    }
    const check = (what: string, is: unknown, should: unknown) => {
      if (is !== should) differ(`${name}: ${what} is ${String(is)} instead of ${String(should)} (${stream})`)
    }
    check('its energy in Wh', energyWh, expected.energyWh)
    check('its start', state.start?.startedAt.effectiveAt, instant(real.startedAt))
    check('its end', stop?.stoppedAt.effectiveAt, instant(expected.endedAt))
    check('an inferred end', stop?.inferred, expected.inferred)
    check('its cost in cents', rated?.price.costMinor, expected.costMinor)
    check('its corrections', corrections, 0)
    brand.inferred += expected.inferred ? 1 : 0
    brand.energyWh += energyWh
    brand.costMinor += rated?.price.costMinor ?? 0
  }
  for (const [start, streams] of bySessionStart) differ(`no real session began at ${start}: ${streams.join(', ')}`)

  const stream = chargerStream(fieldTenant, charger.chargerId as never)
  const { state } = await loadCold(log.calm, chargerAggregate, stream)
  if (state.openTransactions.length !== open)
    differ(`${state.openTransactions.length} transactions are open in the register instead of ${open}`)
  const parked = log
    .stored(stream)
    .filter((event) => event.type === 'FrameParked')
    .map((event) => event.data as { meant: string; reason: string })
    .map(({ meant, reason }) => `${meant} ${reason}`)
  const shouldPark = lived.parked.map(({ meant, reason }) => `${meant} ${reason}`)
  if (parked.join() !== shouldPark.join()) differ(`parked: [${parked.join()}] instead of [${shouldPark.join()}]`)

  brand.open += open
  brand.parked += parked.length
  for (const count of ['frames', 'repeats', 'connections', 'unavailable'] as const) brand[count] += lived.tally[count]
}

type StartData = Extract<SessionEvent, { type: 'SessionStarted' }>['data']

const none = (): BrandTotals => ({
  chargers: 0,
  sessions: 0,
  inferred: 0,
  open: 0,
  energyWh: 0,
  costMinor: 0,
  parked: 0,
  frames: 0,
  repeats: 0,
  connections: 0,
  unavailable: 0,
})
