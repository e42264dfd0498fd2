import { randomUUID } from 'node:crypto'
import type { Fact, FactReply, FactRequest, FactAnswer } from '@voltrail/contracts/facts'
import type { ChargerId, ConnectionEpoch, FactId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { parseFrame } from '@voltrail/ocpp/framing'
import type { InboundContext } from '@voltrail/ocpp/inbound-context'
import { protocols } from '@voltrail/ocpp/protocols'
import type { Payload } from '@voltrail/simulator/payload'
import { writeTimestamp } from '@voltrail/simulator/dialect'
import { meterValue, type ReadingContext } from '@voltrail/simulator/sampled-values'
import { meterValuesPayload, startPayload, stopPayload, type LocalTransaction } from '@voltrail/simulator/transaction'
import type { Plan, PlannedCharger, PlannedSession, Window } from './field-days-plan.ts'

/** One charger living through its plan on a virtual clock, and the edge before it: real frames, translated as the edge does. */

export const fieldTenant = 'default' as TenantId

export interface Tally {
  frames: number
  /** messages told again because their answer was not heard */
  repeats: number
  /** connections that the charger made */
  connections: number
  /** asks that central could not answer */
  unavailable: number
}

export interface ParkedExpectation {
  readonly meant: string
  readonly reason: string
}

export interface LivedDays {
  readonly tally: Tally
  /** what must wait for review, in order */
  readonly parked: readonly ParkedExpectation[]
}

interface Queued {
  readonly action: 'StartTransaction' | 'MeterValues' | 'StopTransaction'
  /** made when it is sent: a stop needs the id that the start's answer brought */
  readonly payload: () => Payload
  readonly answered: (payload: Payload) => void
}

type Moment = { readonly at: number; readonly order: number; readonly happen: (online: boolean) => void }

const measuredFlow = { watts: 7_000, amperes: 10, volts: 230, phases: 1 as const }

export const liveThrough = async (
  charger: PlannedCharger,
  plan: Plan,
  world: {
    readonly ask: (pod: number, request: FactRequest) => Promise<FactReply | undefined>
    /** told before each ask whether the log is away now */
    readonly logAway: (away: boolean) => void
  },
): Promise<LivedDays> => {
  const { brand, random } = charger
  const protocol = protocols['ocpp1.6']!
  const tally: Tally = { frames: 0, repeats: 0, connections: 0, unavailable: 0 }
  const parked: ParkedExpectation[] = []
  const queue: Queued[] = []
  const statuses = new Map<number, string>()
  let context: InboundContext = { tenant: fieldTenant, chargerId: charger.chargerId }
  let now = plan.begin
  let epoch: ConnectionEpoch | undefined
  let booted = false
  let pod = 0
  let counter = 0
  let refusedUntil = 0

  const inside = (windows: readonly Window[], at: number): Window | undefined =>
    windows.find((window) => window.from <= at && at < window.to)
  const online = (): boolean => inside(charger.offline, now) === undefined && now >= refusedUntil

  /** The edge: one fact id, asked until central answers or 20 s are over. */
  const ask = async (fact: Fact, given: Partial<FactRequest> = {}): Promise<FactAnswer | undefined> => {
    const asEdge = fact.type === 'Connect'
    const request: FactRequest = {
      factId: (asEdge
        ? `edge-${charger.chargerId}.${(tally.connections += 1)}`
        : `${epoch}.${(counter += 1)}`) as FactId,
      tenant: fieldTenant,
      chargerId: charger.chargerId as ChargerId,
      edge: 'edge-field',
      receivedAt: instant(now),
      normalisations: [],
      ...(asEdge || epoch === undefined ? {} : { epoch }),
      ...given,
      fact,
    }
    for (let waited = 0; waited <= 20_000; waited += 2_000) {
      world.logAway(inside(plan.outages, now) !== undefined)
      const reply = await world.ask(pod, request)
      if (reply?.outcome === 'answered') return reply.answer
      if (reply?.outcome === 'refused') throw new Error(`${charger.chargerId}: ${fact.type} refused: ${reply.detail}`)
      tally.unavailable += 1
      pod += 1
      now += 2_000
    }
    // the socket is closed, and no upgrade is taken before the log has been well for a while
    epoch = undefined
    const outage = inside(plan.outages, now)
    if (outage !== undefined) refusedUntil = outage.to + 30_000 + Math.floor(random() * 60) * 1_000
    return undefined
  }

  /** A CALL as text, through the edge's translation; its CALLRESULT payload, or undefined when the socket went first. */
  const call = async (action: string, payload: Payload | null, messageId: string = randomUUID()) => {
    const text = JSON.stringify([2, messageId, action, payload])
    const frame = parseFrame(text)
    if (frame.kind !== 'call') throw new Error(`the edge cannot read ${text}`)
    tally.frames += 1
    const inbound = protocol.inbound(frame.action, frame.payload, context)
    if (inbound.kind === 'error') throw new Error(`${charger.chargerId}: ${text} is answered with ${inbound.code}`)
    if (inbound.kind === 'heartbeat') return inbound.answer(instant(now)) as Payload
    const answer = await ask(inbound.fact, {
      messageId: frame.messageId,
      frame: text,
      normalisations: [...frame.normalisations, ...inbound.normalisations],
    })
    if (answer === undefined) return undefined
    if (inbound.fact.type === 'Boot') {
      const { vendor, model, firmwareVersion } = inbound.fact
      context = { ...context, vendor, model, ...(firmwareVersion === undefined ? {} : { firmwareVersion }) }
    }
    return inbound.answer(answer, instant(now)) as Payload
  }

  const tellStatus = (connectorId: number, status: string) =>
    call('StatusNotification', {
      connectorId,
      status,
      errorCode: 'NoError',
      timestamp: writeTimestamp(brand.dialect, new Date(now)),
    })
  const tellStatuses = async () => {
    for (const [connectorId, status] of statuses) if (epoch !== undefined) await tellStatus(connectorId, status)
  }
  const connect = async (): Promise<boolean> => {
    const answer = await ask({
      type: 'Connect',
      edge: 'edge-field',
      subprotocol: 'ocpp1.6',
      remoteAddress: '10.0.0.1',
      tls: false,
      credential: { kind: 'none' },
    })
    if (answer?.type !== 'Connect') return false
    epoch = answer.epoch
    counter = 0
    if (brand.boot.statusFirst) await tellStatuses()
    if (epoch !== undefined && (brand.boot.on === 'every-connection' || !booted)) {
      const { vendor, model, firmware } = brand
      const boot = { chargePointVendor: vendor, chargePointModel: model, firmwareVersion: firmware }
      booted = (await call('BootNotification', boot)) !== undefined || booted
    }
    if (epoch !== undefined && !brand.boot.statusFirst) await tellStatuses()
    return epoch !== undefined
  }

  /** Everything that waits, in order; each message until its answer is heard. */
  const deliver = async (): Promise<void> => {
    let messageId: string | undefined
    while (online()) {
      if (epoch === undefined && !(await connect())) return
      const message = queue[0]
      if (message === undefined) return
      now += 1_000
      const repeated = messageId !== undefined
      if (messageId === undefined || brand.retry.messageId === 'new') messageId = randomUUID()
      if (repeated) tally.repeats += 1
      const answer = await call(message.action, message.payload(), messageId)
      if (answer === undefined) continue
      // an answer that the charger overhears, or that was on its way when the connection broke
      if (!repeated && random() < brand.retry.missedAnswers) continue
      if (random() < 0.02) {
        epoch = undefined
        continue
      }
      queue.shift()
      messageId = undefined
      message.answered(answer)
    }
  }

  const moments: Moment[] = []
  const at = (time: number, happen: (online: boolean) => void) =>
    moments.push({ at: time, order: moments.length, happen })
  const status = (connectorId: number, word: string) => void statuses.set(connectorId, word)

  const planSession = (session: PlannedSession) => {
    const { connectorId } = session
    let local: LocalTransaction
    const reading = (time: number, wh: number, kind: ReadingContext) =>
      meterValue(
        brand,
        { at: new Date(time), registerWh: wh, flow: measuredFlow, socPercent: 50, celsius: 30 },
        kind,
        brand.measurands,
      )
    const meter = (time: number, wh: number, kind: ReadingContext) =>
      queue.push({
        action: 'MeterValues',
        payload: () => meterValuesPayload(brand, local, [reading(time, wh, kind)]),
        answered: () => undefined,
      })
    at(session.startedAt, (connected) => {
      local = {
        number: session.index,
        connectorId,
        idTag: session.idTag,
        startedAt: new Date(session.startedAt),
        meterStartWh: session.startWh,
        startedOffline: !connected,
      }
      status(connectorId, 'Charging')
      queue.push({
        action: 'StartTransaction',
        payload: () => startPayload(brand, local),
        answered: (answer) => void (local.transactionId = answer['transactionId'] as number),
      })
    })
    for (const sample of session.samples) at(sample.at, () => meter(sample.at, sample.wh, 'Sample.Periodic'))
    at(session.endedAt, () => {
      status(connectorId, 'Available')
      if (session.stopLost) return
      local.end = {
        at: new Date(session.endedAt),
        meterStopWh: session.endWh,
        reason: 'EVDisconnected',
        byDriver: true,
      }
      queue.push({ action: 'StopTransaction', payload: () => stopPayload(brand, local, []), answered: () => undefined })
      if (brand.ending === 'available-first') meter(session.endedAt, session.endWh, 'Transaction.End')
    })
  }
  for (const session of charger.sessions) planSession(session)
  for (const stray of charger.strays)
    at(stray.at, () => {
      const timestamp = writeTimestamp(brand.dialect, new Date(stray.at))
      const stop = stray.kind === 'stop-of-nothing'
      parked.push(
        stop
          ? { meant: 'TransactionStop', reason: 'unknown-transaction' }
          : { meant: 'MeterValues', reason: 'malformed' },
      )
      queue.push({
        action: stop ? 'StopTransaction' : 'MeterValues',
        payload: () =>
          stop
            ? { transactionId: 77, meterStop: 5, timestamp }
            : { connectorId: 1, meterValue: `nothing at ${timestamp}` },
        answered: () => undefined,
      })
    })
  for (let tick = plan.begin; tick < plan.end; tick += 20 * 60_000) at(tick, () => undefined)

  for (let connectorId = 1; connectorId <= brand.connectors; connectorId += 1) status(connectorId, 'Available')
  for (const moment of moments.toSorted((a, b) => a.at - b.at || a.order - b.order)) {
    now = Math.max(now, moment.at)
    if (!online()) epoch = undefined
    const before = new Map(statuses)
    moment.happen(epoch !== undefined)
    now = Math.max(now, moment.at + 500)
    if (brand.ending === 'available-first') await tellChanges(before)
    await deliver()
    if (brand.ending !== 'available-first') await tellChanges(before)
  }
  // until the last message is told, whatever is in its way
  while (queue.length > 0) {
    now += 60_000
    await deliver()
  }
  return { tally, parked }

  async function tellChanges(before: ReadonlyMap<number, string>): Promise<void> {
    for (const [connectorId, word] of statuses)
      if (epoch !== undefined && before.get(connectorId) !== word) await tellStatus(connectorId, word)
  }
}
