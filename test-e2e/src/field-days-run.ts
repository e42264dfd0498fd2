import { inferenceDefaults } from '@voltrail/contracts/admin-commands'
import type { SessionEvent } from '@voltrail/contracts/events/registry'
import type { ConnectionEpoch, TariffId, TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { billingStream, chargerStream, parseStream } from '@voltrail/contracts/streams'
import { indexOpenByToken, type OpenByToken } from '@voltrail/central/open-by-token'
import { createPods, type Pods } from '@voltrail/central/oracle/pods'
import { createSharedLog, type AppendFault, type SharedLog } from '@voltrail/central/oracle/shared-log'
import { createTwinBus, createTwinVault } from '@voltrail/central/oracle/twins'
import { rate } from '@voltrail/billing/rate'
import { createSessionStarts } from '@voltrail/billing/session-starts'
import { billing } from '@voltrail/domain/billing'
import { charger as chargerAggregate } from '@voltrail/domain/charger/charger'
import { verifyChain } from '@voltrail/domain/hash-chain'
import { beganAt, session as sessionAggregate } from '@voltrail/domain/session'
import type { TariffState } from '@voltrail/domain/tariff'
import { loadCold } from '@voltrail/event-store/load'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { seededRandom } from '@voltrail/simulator/random'
import { fieldTenant, inside, liveThrough, type LivedDays, type SessionLife } from './field-days-charger.ts'
import {
  costOf,
  energyTold,
  fieldTariff,
  planFleet,
  type Plan,
  type PlannedCharger,
  type PlanOptions,
} from './field-days-plan.ts'
import { expectedReviews, openReviews, settleAll, truthOf } from './field-days-reviews.ts'
import { createFieldTimers } from './field-days-timers.ts'

/** Days in the field, lived through in minutes, and what the log says of them held against what really happened. */

export interface BrandTotals {
  chargers: number
  sessions: number
  inferred: number
  /** a true stop came after the end had been inferred: a credit and a new bill */
  late: number
  /** what waited for an operator, and was settled */
  reviews: number
  energyWh: number
  costMinor: number
  frames: number
  repeats: number
  connections: number
  unavailable: number
  /** starts that were answered ConcurrentTx: their tag charged elsewhere */
  concurrent: number
}

export interface FieldReport {
  readonly brands: ReadonlyMap<string, BrandTotals>
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

/** From a charger's last word until whatever it left open has ended and every session is settled. */
const quietMs = 20 * 86_400_000

export const liveFieldDays = async (
  options: PlanOptions,
  onProgress: (done: number, all: number) => void = () => undefined,
): Promise<FieldReport> => {
  const plan = planFleet(options)
  const faults = appendFaultsOf(options.seed, options.chargers * options.days * 250)
  const log = createSharedLog({ pauses: [], stalls: [], faults })
  const { bus } = createTwinBus()
  const vault = createTwinVault()
  const pods = createPods(
    2,
    { log, vault, bus, now: () => instant(plan.begin) },
    { openByToken: openTransactionsOf(log) },
  )
  const differences: string[] = []
  const totals = new Map<string, BrandTotals>()
  for (const [done, charger] of plan.chargers.entries()) {
    const differ = (line: string) => void differences.push(`${charger.chargerId}: ${line}`)
    await liveAndJudge(charger, { plan, log, pods, vault, totals, differ })
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

/** What each token has open, as the log has it at every moment. */
const openTransactionsOf = (log: SharedLog): OpenByToken => {
  const index = indexOpenByToken()
  const taken = new Map<string, number>()
  let heard = 0
  return {
    of: (tenant, token) => {
      for (const stream of new Set(log.journal.slice(heard))) {
        if (!stream.startsWith('charger-')) continue
        const stored = log.stored(stream)
        for (const event of stored.slice(taken.get(stream) ?? 0)) index.take(event as never)
        taken.set(stream, stored.length)
      }
      heard = log.journal.length
      return index.of(tenant, token)
    },
  }
}

interface Field {
  readonly plan: Plan
  readonly log: SharedLog
  readonly pods: Pods
  readonly vault: ReturnType<typeof createTwinVault>
  readonly totals: Map<string, BrandTotals>
  readonly differ: (line: string) => void
}

const liveAndJudge = async (charger: PlannedCharger, field: Field): Promise<void> => {
  const { plan, log, pods, vault, differ } = field
  const from = log.journal.length
  let epoch: ConnectionEpoch | undefined
  const timers = createFieldTimers(charger.chargerId, plan.begin, log, {
    logAway: (at) => inside(plan.outages, at) !== undefined,
    presentAt: () => epoch,
  })
  const lived = await liveThrough(charger, plan, {
    ask: (pod, request) => pods.ask(pod, request),
    logAway: (away) => void (log.away = away),
    advanceTo: (time) => timers.advanceTo(time),
    connected: (now) => void (epoch = now),
    hasEnded: async (life) => {
      const [stream] = streamsOf([life], from, log).bySession.get(life) ?? []
      if (stream === undefined) return false
      return (await loadCold(log.calm, sessionAggregate, stream as never)).state.summary.stop !== undefined
    },
  })
  const tokenRef = vault.tokenRef(fieldTenant, 'NOBODY')
  await timers.command('remote-start', 'unused', { evseId: 1, tokenRef })
  await timers.command('lost', 'lost', { evseId: 1, tokenRef })
  await timers.advanceTo(lived.endedAt + quietMs)
  const about = (type: string) =>
    log
      .stored(chargerStream(fieldTenant, charger.chargerId as never))
      .filter((event) => event.type === type)
      .map((event) => (event.data as { commandId: string }).commandId)
      .join()
  if (about('RemoteStartUnused') !== 'unused') differ(`unused remote starts: ${about('RemoteStartUnused')}`)
  if (about('CommandOutcomeUnknown') !== 'lost')
    differ(`commands of unknown outcome: ${about('CommandOutcomeUnknown')}`)
  for (const line of timers.failed) differ(`a time-out failed: ${line}`)
  await judgeCharger(charger, lived, from, field)
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

/** The bill of a session, made as the billing service makes it: at every end and every correction so far. */
const billOf = async (stream: string, log: SharedLog, plan: Plan) => {
  const loop = createWriteLoop({ log: log.calm, cacheSize: 1, build: 'field-days' })
  const deps = {
    starts: createSessionStarts(log.calm),
    loop,
    book: { hear: () => undefined, of: () => book(plan) },
    pod: 'billing',
    build: 'x',
  }
  for await (const event of log.calm.readForward(stream, 0))
    if (event.type === 'SessionStopped' || event.type === 'SessionCorrected') await rate(event, deps)
  const address = parseStream(stream)
  if (address?.category !== 'session') throw new Error(`${stream} is no session`)
  const bill = billingStream(address.tenant, address.sessionId)
  let balance = 0
  let credits = 0
  for await (const event of log.calm.readForward(bill, 0)) {
    if (event.type === 'SessionRated') balance += event.data.price.costMinor
    if (event.type !== 'SessionCredited') continue
    balance -= event.data.costMinor
    credits += 1
  }
  const { rated } = (await loadCold(log.calm, billing, bill)).state
  return { costMinor: rated?.price.costMinor, balance, credits }
}

/** The session streams of one charger, whose appends begin at `from`: those of sessions in its life, and those of none. */
const streamsOf = (lives: readonly SessionLife[], from: number, log: SharedLog) => {
  const bySession = new Map<SessionLife, string[]>()
  const others: string[] = []
  for (const stream of new Set(log.journal.slice(from))) {
    if (!stream.startsWith('session-')) continue
    const { evseId, startedAt } = (log.stored(stream)[0] as unknown as { data: StartData }).data
    const life = lives.find((one) => one.real.connectorId === evseId && one.startStamps.has(startedAt.charger ?? ''))
    if (life === undefined) others.push(stream)
    else bySession.set(life, [...(bySession.get(life) ?? []), stream])
  }
  return { bySession, others }
}

const judgeCharger = async (
  charger: PlannedCharger,
  lived: LivedDays,
  from: number,
  { plan, log, pods, vault, totals, differ }: Field,
): Promise<void> => {
  const brand = totals.get(charger.brandName) ?? none()
  totals.set(charger.brandName, brand)
  brand.chargers += 1
  for (const count of ['frames', 'repeats', 'connections', 'unavailable', 'concurrent'] as const)
    brand[count] += lived.tally[count]

  const { bySession, others } = streamsOf(lived.lives, from, log)
  for (const stream of others) differ(`${stream} is no real session`)
  const own = new Map<string, SessionLife>()
  const transactions = new Map<SessionLife, TransactionId>()
  for (const life of lived.lives) {
    const streams = bySession.get(life) ?? []
    const [stream] = streams
    if (streams.length !== (life.start === undefined ? 0 : 1))
      differ(`${named(life)} stands in ${streams.length} streams: ${streams.join(', ')}`)
    if (stream === undefined) continue
    own.set(stream, life)
    await judgeTold(charger, life, stream, lived, { log, plan, differ, vault, brand })
    const { start } = (await loadCold(log.calm, sessionAggregate, stream as never)).state
    if (start !== undefined) transactions.set(life, start.transactionId)
  }

  const stream = chargerStream(fieldTenant, charger.chargerId as never)
  const { openTransactions } = (await loadCold(log.calm, chargerAggregate, stream)).state
  if (openTransactions.length > 0) differ(`${openTransactions.length} transactions are open in the register for ever`)

  const waiting = await openReviews([stream, ...own.keys(), ...others], log)
  const entries = waiting.map(({ kinds, stream: where }) => {
    const life = own.get(where)
    return `${life === undefined ? charger.chargerId : named(life)}: ${kinds.join('+')}`
  })
  const should = [
    ...lived.parked.map(({ what }) => `${charger.chargerId}: ${what.split(' ')[1]}`),
    ...[...own.values()].flatMap((life) => expectedReviews(life).map((kinds) => `${named(life)}: ${kinds}`)),
  ]
  const [surplus, missing] = [without(entries, should), without(should, entries)]
  if (surplus.length > 0) differ(`waits for review without reason: ${surplus.join('; ')}`)
  if (missing.length > 0) differ(`should wait for review: ${missing.join('; ')}`)
  brand.reviews += entries.length

  const problems = await settleAll(charger, lived, waiting, own, (life) => transactions.get(life), pods, log)
  for (const problem of problems) differ(problem)
  const left = await openReviews([stream, ...own.keys()], log)
  if (left.length > 0) differ(`still wait for review: ${left.map(({ subject }) => subject).join(', ')}`)
  for (const [where, life] of own) await judgeTruth(charger, life, where, { log, plan, differ, vault, brand })
}

const named = ({ real }: SessionLife): string =>
  `session ${real.index} on connector ${real.connectorId} at ${instant(real.startedAt)}`

const without = (all: readonly string[], some: readonly string[]): string[] => {
  const left = [...some]
  return all.filter((one) => {
    const at = left.indexOf(one)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

interface Judging extends Pick<Field, 'log' | 'plan' | 'differ' | 'vault'> {
  readonly brand: BrandTotals
}
const checking =
  (life: SessionLife, stream: string, { differ }: Judging) =>
  (what: string, is: unknown, should: unknown) => {
    if (is !== should) differ(`${named(life)}: ${what} is ${String(is)} instead of ${String(should)} (${stream})`)
  }

/** Before any operator: what the charger has told is what stands there, and what it did not tell was inferred by the rules. */
const judgeTold = async (
  charger: PlannedCharger,
  life: SessionLife,
  stream: string,
  lived: LivedDays,
  judging: Judging,
): Promise<void> => {
  const { log, plan, brand } = judging
  const check = checking(life, stream, judging)
  const { state } = await loadCold(log.calm, sessionAggregate, stream as never)
  const { stop, energyWh } = state.summary
  const began = state.start && Date.parse(beganAt(state.start, state.summary).effectiveAt)
  const ended = stop && Date.parse(stop.stoppedAt.effectiveAt)
  const told = energyTold(life)
  if (charger.habits.start === 'end' && overlaps(life, lived)) return
  check('its token', state.start?.idToken.ref, judging.vault.tokenRef(fieldTenant, life.real.idTag))
  check('what it told in Wh', energyWh, told.energyWh)
  check('its start', began, life.start?.at)
  check('an inferred end', stop?.inferred, life.stop === undefined)
  check('whether it is settled', state.summary.settled, true)
  if (life.stop === undefined) {
    brand.inferred += 1
    const ends = inferredEnds(charger, life, lived)[stop?.reason ?? ''] ?? []
    if (!ends.includes(ended ?? 0))
      check(`its end (${stop?.reason})`, ended && instant(ended), ends.map((end) => instant(end)).join(' or '))
  } else check('its end', ended, life.stop.at)
  const bill = await billOf(stream, log, plan)
  if (began !== undefined && ended !== undefined)
    check('its cost in cents', bill.costMinor, costOf(told.energyWh, began, Math.max(began, ended)))
  check('its bills less its credits', bill.balance, bill.costMinor)
  if (life.stop !== undefined && bill.credits > 0) brand.late += 1
}

/**
 * Whether a charger that tells a start only at the end was heard too late for two sessions to be told apart (its start, or that its
 * connector was free, came when the next one was about to begin): what was measured meanwhile names no session, and an operator
 * has to say whose it was.
 */
const overlaps = (life: SessionLife, { lives, availableTold }: LivedDays): boolean => {
  const between = (one: SessionLife | undefined, next: SessionLife | undefined): boolean => {
    if (one === undefined || next === undefined) return false
    const free = (availableTold.get(one.real.connectorId) ?? []).find((at) => at >= one.real.endedAt)
    const heardAt = Math.max(one.start?.receivedAt ?? Infinity, free ?? Infinity)
    return heardAt + inferenceDefaults.inferAvailableMinutes * 60_000 > next.real.startedAt
  }
  const i = lives.indexOf(life)
  return between(life, lives[i + 1]) || between(lives[i - 1], life)
}

/** When a session without a stop may have ended, by what proves it. */
const inferredEnds = (
  { sessions }: PlannedCharger,
  { real, told, start }: SessionLife,
  { availableTold, lives }: LivedDays,
): Readonly<Record<string, readonly number[]>> => {
  const last = Math.max(start?.at ?? 0, ...told.map((one) => one.at))
  const next = sessions.find((one) => one.connectorId === real.connectorId && one.startedAt > real.startedAt)
  const nextStart = lives.find((one) => one.real === next)?.start?.at
  const free = (availableTold.get(real.connectorId) ?? []).filter((at) => at > real.startedAt)
  return {
    NextStart: nextStart === undefined ? [] : [Math.min(last, nextStart)],
    ConnectorAvailable: free.map((at) => Math.max(at, last)),
    // what was measured until then may come later still: it corrects the energy, and the operator the end
    ChargerSilent: told.map((one) => one.at),
  }
}

/** After an operator has settled what waited, everything is as it really was. */
const judgeTruth = async (
  charger: PlannedCharger,
  life: SessionLife,
  stream: string,
  judging: Judging,
): Promise<void> => {
  const { log, plan, brand } = judging
  const check = checking(life, stream, judging)
  const { state } = await loadCold(log.calm, sessionAggregate, stream as never)
  const { stop, energyWh } = state.summary
  const truth = truthOf(charger, life)
  check('its true energy in Wh', energyWh, truth.energyWh)
  check('its true start', state.start && beganAt(state.start, state.summary).effectiveAt, instant(truth.startedAt))
  check('its true end', stop?.stoppedAt.effectiveAt, instant(truth.endedAt))
  const { costMinor, balance } = await billOf(stream, log, plan)
  check('its true cost in cents', costMinor, costOf(truth.energyWh, truth.startedAt, truth.endedAt))
  check('its true bills less its credits', balance, costMinor)
  brand.sessions += 1
  brand.energyWh += energyWh
  brand.costMinor += costMinor ?? 0
}

type StartData = Extract<SessionEvent, { type: 'SessionStarted' }>['data']

const none = (): BrandTotals => ({
  chargers: 0,
  sessions: 0,
  inferred: 0,
  late: 0,
  reviews: 0,
  energyWh: 0,
  costMinor: 0,
  frames: 0,
  repeats: 0,
  connections: 0,
  unavailable: 0,
  concurrent: 0,
})
