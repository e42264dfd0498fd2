import type { Fact, FactAnswer, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { ChargerId, ConnectionEpoch, FactId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import type { Pods } from './pods.ts'
import { turns } from './shared-log.ts'

/**
 * A real charger: a queue of transaction messages in strict order, each sent again until its answer is heard, over connections
 * that come and go. What really happened is known here, and nowhere else.
 */

/** One session as a script tells it. Energies in Wh. */
export interface ScriptedSession {
  readonly connector: 1 | 2
  /** it began offline: its frames never name a transaction, its stop says -1 */
  readonly offline: boolean
  /** what was charged until each meter message */
  readonly metered: readonly number[]
  /** what was charged after the last of them; null: the stop was lost with the charger's memory */
  readonly rest: number | null
}

/** One try to deliver a message. */
export interface Attempt {
  readonly pod: number
  /** the retry has the message id of the try before it */
  readonly sameMessageId: boolean
  readonly reconnect: boolean
  /** the answer is lost on its way */
  readonly lost: boolean
  /** turns until the edge asks another pod with the same fact id while the first still works; null: never */
  readonly reaskAfter: number | null
  /** turns until the charger gives up and the message is left at work in its pod; null: it waits */
  readonly patience: number | null
  /** the retry of a start has another time, because the clock was set meanwhile */
  readonly restamped: boolean
}

export interface Scenario {
  readonly sessions: readonly ScriptedSession[]
  /** which connector speaks next, used again and again */
  readonly turns: readonly boolean[]
  /** its clock was never set: it counts from 1970 */
  readonly deadClock?: boolean
  /** tries in their order over all messages; those after them go well */
  readonly attempts: readonly Attempt[]
}

export interface RealSession {
  readonly index: number
  readonly evseId: number
  readonly tag: string
  readonly offline: boolean
  /** every time that its start was told with */
  readonly startTimes: Set<string>
  readonly meterStart: number
  readonly metered: readonly number[]
  readonly meterStop: number | undefined
  /** every transaction id that was answered to its start, by whatever try */
  readonly answeredIds: Set<TransactionId>
  transactionId?: TransactionId
}

interface Message {
  readonly session: RealSession
  readonly kind: 'start' | 'meter' | 'stop'
  readonly at: Instant
  /** register, Wh */
  readonly wh: number
}

/** A message with every frame text that it was sent as. */
export interface Delivered extends Message {
  readonly frames: ReadonlySet<string>
}

export interface ChargerRun {
  readonly sessions: readonly RealSession[]
  readonly delivered: readonly Delivered[]
}

export const oracleTenant = 'default' as TenantId
export const oracleCharger = 'CP1' as ChargerId

const begin = Date.parse('2026-03-01T08:00:00.000Z')
/** such a clock's first message */
const deadBegin = Date.parse('1970-01-01T00:10:00.000Z')
const stepMs = 600_000
const meterBegin: Readonly<Record<number, number>> = { 1: 10_000, 2: 700_000 }

/** What really happens, in the order in which it does. */
const realMessages = (scenario: Scenario): { sessions: RealSession[]; queue: Message[] } => {
  const registers: Record<number, number> = { ...meterBegin }
  const lines: { 1: Omit<Message, 'at'>[]; 2: Omit<Message, 'at'>[] } = { 1: [], 2: [] }
  const sessions = scenario.sessions.map((scripted, index): RealSession => {
    const { connector, metered, rest, offline } = scripted
    const meterStart = registers[connector] ?? 0
    let wh = meterStart
    const readings = metered.map((energy) => (wh += energy))
    const meterStop = rest === null ? undefined : wh + rest
    // what was charged after the last message that arrived is on the meter all the same
    registers[connector] = meterStop ?? wh + 7
    const session: RealSession = {
      index,
      evseId: connector,
      tag: `TAG${connector}${index % 2}`,
      offline,
      startTimes: new Set(),
      meterStart,
      metered: readings,
      meterStop,
      answeredIds: new Set(),
    }
    lines[connector].push({ session, kind: 'start', wh: meterStart })
    for (const reading of readings) lines[connector].push({ session, kind: 'meter', wh: reading })
    if (meterStop !== undefined) lines[connector].push({ session, kind: 'stop', wh: meterStop })
    return session
  })
  const queue: Message[] = []
  const origin = scenario.deadClock === true ? deadBegin : begin
  for (let turn = 0; lines[1].length + lines[2].length > 0; turn += 1) {
    const first = scenario.turns[turn % Math.max(1, scenario.turns.length)] ?? true
    const next = (first ? lines[1] : lines[2]).shift() ?? (first ? lines[2] : lines[1]).shift()
    if (next !== undefined) queue.push({ ...next, at: instant(origin + queue.length * stepMs) })
  }
  return { sessions, queue }
}

const factOf = ({ session, kind, at, wh }: Message): Fact => {
  const time = { raw: at, at }
  const raw = String(wh)
  const evse = { evseId: session.evseId, connectorId: 1 }
  const idToken = { value: session.tag, type: 'ISO14443' as const }
  const known = session.offline ? undefined : session.transactionId
  switch (kind) {
    case 'start':
      return {
        type: 'TransactionStart',
        ...evse,
        idToken,
        meterStart: { value: raw, unit: 'Wh' },
        time,
        raw: { connector: String(session.evseId), idToken: session.tag, timestamp: at, meterStart: raw },
      }
    case 'meter':
      return {
        type: 'MeterValues',
        ...evse,
        ...(known === undefined ? {} : { transactionId: known }),
        samples: [{ time, values: [{ measurand: 'Energy.Active.Import.Register', value: raw, unit: 'Wh' }] }],
        raw: { transaction: known ?? '', contentHash: `${at} ${raw}` },
      }
    case 'stop':
      return {
        type: 'TransactionStop',
        ...(known === undefined ? {} : { transactionId: known }),
        idToken,
        meterStop: { value: raw, unit: 'Wh' },
        time,
        samples: [],
        raw: { transaction: known ?? '-1', idToken: session.tag, timestamp: at, meterStop: raw },
      }
    default:
      return kind satisfies never
  }
}

/** Lets the charger live through a scenario until its queue is empty and no try of it is at work any more. */
export const runCharger = async (
  scenario: Scenario,
  pods: Pods,
  trace: (line: string) => void,
): Promise<ChargerRun> => {
  const { sessions, queue } = realMessages(scenario)
  const attempts = [...scenario.attempts]
  const atWork = new Set<Promise<unknown>>()
  const delivered: Delivered[] = []
  const origin = scenario.deadClock === true ? deadBegin : begin
  let now = begin
  let epoch: ConnectionEpoch | undefined
  let connections = 0
  let counter = 0
  let messageIds = 0
  let asked = 0

  const ask = (pod: number, request: FactRequest, heard: (answer: FactAnswer) => void) => {
    const reply = pods.ask(pod, request).then((said) => {
      if (said?.outcome === 'answered') heard(said.answer)
      return said
    })
    atWork.add(reply)
    void reply.finally(() => atWork.delete(reply)).catch(() => undefined)
    return reply
  }

  /** The edge: the same fact id until somebody answers. Undefined: the charger has given up before. */
  const relay = async (
    request: FactRequest,
    attempt: Attempt,
    heard: (answer: FactAnswer) => void,
  ): Promise<FactAnswer | undefined> => {
    let pod = attempt.pod
    const giveUp = attempt.patience === null ? undefined : turns(attempt.patience).then(() => 'gave-up' as const)
    for (let tries = 0; tries < 30; tries += 1) {
      const waits: Promise<FactReply | 'silent' | 'gave-up' | undefined>[] = [ask(pod, request, heard)]
      if (attempt.reaskAfter !== null && tries === 0) {
        const first = waits[0]
        const silent = await Promise.race([first, turns(attempt.reaskAfter).then(() => 'silent' as const)])
        if (silent === 'silent') {
          trace(`  the edge asks pod ${(pod + 1) % 2} too`)
          waits.push(ask(pod + 1, request, heard))
        }
      }
      if (giveUp !== undefined) waits.push(giveUp)
      const answered = (async () => {
        let left = [...waits]
        while (left.length > 0) {
          const [reply, which] = await Promise.race(left.map(async (wait) => [await wait, wait] as const))
          if (reply === 'gave-up') return 'gave-up' as const
          if (typeof reply === 'object' && reply.outcome !== 'unavailable') return reply
          left = left.filter((wait) => wait !== which)
          if (left.length === (giveUp === undefined ? 0 : 1)) return undefined
        }
        return undefined
      })()
      const reply = await answered
      if (reply === 'gave-up') return undefined
      if (reply?.outcome === 'answered') return reply.answer
      if (reply?.outcome === 'refused') throw new Error(`refused: ${reply.reason}: ${reply.detail}`)
      pod += 1
      await turns(1)
    }
    throw new Error('central did not answer 30 times')
  }

  const calm: Attempt = {
    pod: 0,
    sameMessageId: false,
    reconnect: false,
    lost: false,
    reaskAfter: null,
    patience: null,
    restamped: false,
  }
  const requestOf = (factId: string, fact: Fact, frame: string, messageId?: string): FactRequest => ({
    factId: factId as FactId,
    tenant: oracleTenant,
    chargerId: oracleCharger,
    edge: 'edge-oracle',
    receivedAt: instant((now += 1_000)),
    normalisations: [],
    ...(epoch === undefined || fact.type === 'Connect' ? {} : { epoch }),
    ...(messageId === undefined ? {} : { messageId }),
    ...(fact.type === 'Connect' ? {} : { frame }),
    fact,
  })
  const connect = async (pod: number) => {
    const factId = `edge-oracle.${(connections += 1)}`
    const answer = await relay(
      requestOf(
        factId,
        {
          type: 'Connect',
          edge: 'edge-oracle',
          subprotocol: 'ocpp1.6',
          remoteAddress: '127.0.0.1',
          tls: false,
          credential: { kind: 'none' },
        },
        '',
      ),
      { ...calm, pod },
      () => undefined,
    )
    if (answer?.type !== 'Connect') throw new Error('a connection was not answered')
    epoch = answer.epoch
    counter = 0
    trace(`connected: epoch ${epoch}`)
  }

  for (const message of queue) {
    const { session, kind } = message
    now = Math.max(now, begin + (Date.parse(message.at) - origin) + 2_000)
    const frames = new Set<string>()
    let messageId = ''
    let factId = ''
    let told = message
    for (let answered = false, tries = 0; !answered; tries += 1) {
      const attempt = attempts.shift() ?? { ...calm, pod: (asked += 1) }
      if (epoch === undefined || (attempt.reconnect && tries > 0)) {
        await connect(attempt.pod)
        factId = ''
      }
      if (attempt.restamped && kind === 'start' && tries > 0)
        told = { ...message, at: instant(Date.parse(message.at) - 3_000 * tries) }
      const same = attempt.sameMessageId && tries > 0 && told === message
      if (!same) messageId = `m${(messageIds += 1)}`
      // the same message on the same connection is the same fact for the edge
      if (!same || factId === '') factId = `${epoch}.${(counter += 1)}`
      const fact = factOf(told)
      const frame = JSON.stringify([2, messageId, kind, fact])
      frames.add(frame)
      if (fact.type === 'TransactionStart') session.startTimes.add(told.at)
      trace(
        `${kind} of session ${session.index} at ${told.at.slice(11, 19)}, ${told.wh} Wh: message ${messageId}, fact ${factId}, ` +
          `pod ${attempt.pod % 2}${attempt.patience === null ? '' : `, waits ${attempt.patience} turns`}`,
      )
      const answer = await relay(requestOf(factId, fact, frame, messageId), attempt, (heard) => {
        if (kind === 'start' && 'transactionId' in heard) session.answeredIds.add(heard.transactionId)
      })
      if (answer === undefined) trace('  no answer in time')
      else if (attempt.lost) trace('  its answer is lost')
      else {
        answered = true
        if (answer.type === 'TransactionStart') session.transactionId = answer.transactionId
        trace(`  answered ${JSON.stringify(answer)}`)
      }
    }
    delivered.push({ ...message, frames })
  }
  while (atWork.size > 0) await Promise.allSettled(atWork)
  return { sessions, delivered }
}
