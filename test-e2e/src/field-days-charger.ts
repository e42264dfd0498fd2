import type { Fact, FactAnswer, FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { ChargerId, ConnectionEpoch, FactId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { createEdgeMetrics } from '@voltrail/edge/edge-metrics'
import { createFactSource } from '@voltrail/edge/fact-source'
import { createInboundCalls, type InboundCalls } from '@voltrail/edge/inbound-calls'
import { createInboundQueue } from '@voltrail/edge/inbound-queue'
import { defaultLimits } from '@voltrail/edge/limits'
import { parseFrame } from '@voltrail/ocpp/framing'
import type { InboundContext } from '@voltrail/ocpp/inbound-context'
import { protocols } from '@voltrail/ocpp/protocols'
import { createMetrics } from '@voltrail/runtime/metrics'
import { writeTimestamp } from '@voltrail/simulator/dialect'
import type { Payload } from '@voltrail/simulator/payload'
import { meterValue, type ReadingContext } from '@voltrail/simulator/sampled-values'
import { meterValuesPayload, startPayload, stopPayload, type LocalTransaction } from '@voltrail/simulator/transaction'
import {
  registerTold,
  sampleTold,
  shownWh,
  type Plan,
  type PlannedCharger,
  type PlannedSession,
  type ToldReading,
  type Window,
} from './field-days-plan.ts'

/** One charger living through its plan on a virtual clock, and the edge before it: real frames, read and answered as the edge does. */

export const fieldTenant = 'default' as TenantId

export interface Tally {
  frames: number
  /** messages told again because their answer was not heard */
  repeats: number
  /** connections that the charger made */
  connections: number
  /** asks that central could not answer */
  unavailable: number
  /** starts that were answered ConcurrentTx */
  concurrent: number
}

/** What the charger has told of one of its sessions, as the first durable answer says: the truth that the log is held against. */
export interface SessionLife {
  readonly real: PlannedSession
  /** every time that its start was told with, by the charger's clock */
  readonly startStamps: Set<string>
  /** when the start was received first; `untrusted`: nobody can know when it was */
  start?: { readonly at: number; readonly untrusted: boolean; readonly receivedAt: number }
  stop?: { readonly at: number; readonly untrusted: boolean; readonly named: boolean }
  /** its stop says nothing that can be attributed any more */
  stopParked: boolean
  readonly told: ToldReading[]
  stopMilli?: bigint
}

export interface LivedDays {
  readonly tally: Tally
  readonly lives: readonly SessionLife[]
  /** parked frames, `meant reason`, in order; and the session that each is about */
  readonly parked: readonly { readonly what: string; readonly of?: SessionLife }[]
  /** when each connector was told to be Available, our time */
  readonly availableTold: ReadonlyMap<number, readonly number[]>
  readonly endedAt: number
}

interface Queued {
  readonly action: 'StartTransaction' | 'MeterValues' | 'StopTransaction'
  /** made when it is sent: a stop needs the id that the start's answer brought */
  readonly payload: () => Payload
  /** told for the first time: it is durable now, whether the charger hears the answer or not. Times in ms */
  readonly durable: (receivedAt: number) => void
  readonly answered: (payload: Payload) => void
  /** told again after the clock was set */
  readonly restamp?: () => void
}

type Moment = {
  readonly at: number
  readonly order: number
  readonly happen: (online: boolean) => void | Promise<void>
}

/** What the power meter shows: nothing any more when the car is full. */
const flowAt = ({ meterAt }: PlannedSession, moment: number) => ({
  watts: Math.round((meterAt(moment) - meterAt(moment - 1_000)) * 3_600),
  amperes: 10,
  volts: 230,
  phases: 1 as const,
})
const metrics = createEdgeMetrics(createMetrics('field-days'), { connections: () => 0 })
/** what comes so soon after a connection may come from a queue */
const drainMs = 120_000

export const inside = (windows: readonly Window[], at: number): Window | undefined =>
  windows.find((window) => window.from <= at && at < window.to)

export interface World {
  readonly ask: (pod: number, request: FactRequest) => Promise<FactReply | undefined>
  /** told before each ask whether the log is away now */
  readonly logAway: (away: boolean) => void
  /** what happens because time passes, until then */
  readonly advanceTo: (time: number) => Promise<void>
  /** told whenever the charger's connection changes */
  readonly connected: (epoch: ConnectionEpoch | undefined) => void
  /** whether the session's end was inferred by now */
  readonly hasEnded: (life: SessionLife) => Promise<boolean>
}

export const liveThrough = async (charger: PlannedCharger, plan: Plan, world: World): Promise<LivedDays> => {
  const { brand, habits, random } = charger
  const protocol = protocols['ocpp1.6']!
  const tally: Tally = { frames: 0, repeats: 0, connections: 0, unavailable: 0, concurrent: 0 }
  const parked: { what: string; of?: SessionLife }[] = []
  const lives = charger.sessions.map((real): SessionLife => ({
    real,
    startStamps: new Set(),
    told: [],
    stopParked: false,
  }))
  const availableTold = new Map<number, number[]>()
  const queue: Queued[] = []
  const statuses = new Map<number, string>()
  let now = plan.begin
  let connection: { epoch: ConnectionEpoch; calls: InboundCalls; since: number } | undefined
  let booted = false
  let lastWord = plan.begin
  let pod = 0
  let refusedUntil = 0
  let messages = 0
  /** since when the clock counts from 1970, and whether it still does */
  let dead: { readonly since: number; set: boolean } | undefined

  const online = (): boolean => inside(charger.offline, now) === undefined && now >= refusedUntil
  const cut = () => {
    connection = undefined
    world.connected(undefined)
  }
  const isDead = (): boolean => habits.clock === 'dead' && dead?.set === false
  /** what the charger's clock shows */
  const stamp = (at: number): Date => {
    if (habits.clock === 'ahead') return new Date(at + 2 * 3_600_000)
    return new Date(isDead() ? at - dead!.since : at)
  }
  const nextMessageId = (): string => {
    messages += 1
    if (habits.messageIds === 'one') return '1'
    return habits.messageIds === 'counted' ? String(messages) : `${charger.chargerId}-${tally.frames}-${messages}`
  }

  /** Asks central, one pod after the other, with one fact id until it answers or 20 s are over. */
  const ask = async (request: FactRequest): Promise<FactAnswer | 'refused' | undefined> => {
    for (let waited = 0; waited <= defaultLimits.holdMs; waited += 2_000) {
      world.logAway(inside(plan.outages, now) !== undefined)
      const reply = await world.ask((pod += 1), request)
      if (reply?.outcome === 'answered') return reply.answer
      if (reply?.outcome === 'refused')
        throw new Error(`${charger.chargerId}: ${request.fact.type} refused: ${reply.detail}`)
      tally.unavailable += 1
      now += 2_000
    }
    // no upgrade is taken before the log has been well for a while
    const outage = inside(plan.outages, now)
    if (outage !== undefined) refusedUntil = outage.to + 30_000 + Math.floor(random() * 60) * 1_000
    return undefined
  }

  /** A CALL as text, through the edge; its CALLRESULT payload, or undefined when the socket went first. */
  const call = async (action: string, payload: Payload | null, messageId: string): Promise<Payload | undefined> => {
    if (connection === undefined) return undefined
    const text = JSON.stringify([2, messageId, action, payload])
    const frame = parseFrame(text)
    if (frame.kind !== 'call') throw new Error(`the edge cannot read ${text}`)
    tally.frames += 1
    lastWord = now
    const handled = await connection.calls.handle({ frame, text, receivedAt: now, since: now })
    if (handled.kind === 'close') {
      cut()
      return undefined
    }
    const answer = JSON.parse(handled.text) as [number, string, Payload]
    if (answer[0] !== 3) throw new Error(`${charger.chargerId}: ${text} is answered with ${handled.text}`)
    if (answer[1] !== messageId) throw new Error(`${charger.chargerId}: ${messageId} is answered as ${answer[1]}`)
    return answer[2]
  }

  const tellStatus = async (connectorId: number, status: string) => {
    const at = brand.dialect.timestamps === 'zulu' ? now : Math.floor(now / 1000) * 1000
    const told = await call(
      'StatusNotification',
      { connectorId, status, errorCode: 'NoError', timestamp: writeTimestamp(brand.dialect, stamp(now)) },
      nextMessageId(),
    )
    if (told !== undefined && status === 'Available')
      availableTold.set(connectorId, [...(availableTold.get(connectorId) ?? []), at])
  }
  const tellStatuses = async () => {
    for (const [connectorId, status] of statuses) if (connection !== undefined) await tellStatus(connectorId, status)
  }
  const known = ({ identity }: Extract<FactAnswer, { type: 'Connect' }>): InboundContext => ({
    tenant: fieldTenant,
    chargerId: charger.chargerId,
    ...(identity === undefined ? {} : { vendor: identity.vendor, model: identity.model }),
    ...(identity?.firmwareVersion === undefined ? {} : { firmwareVersion: identity.firmwareVersion }),
  })
  const connect = async (): Promise<boolean> => {
    const since = now
    const answer = await ask({
      factId: `edge-${charger.chargerId}.${(tally.connections += 1)}` as FactId,
      tenant: fieldTenant,
      chargerId: charger.chargerId as ChargerId,
      edge: 'edge-field',
      receivedAt: instant(now),
      normalisations: [],
      fact: {
        type: 'Connect',
        edge: 'edge-field',
        subprotocol: 'ocpp1.6',
        remoteAddress: '10.0.0.1',
        tls: false,
        credential: { kind: 'none' },
      } satisfies Fact,
    })
    if (answer === undefined || answer === 'refused' || answer.type !== 'Connect') return false
    const who = {
      tenant: fieldTenant,
      chargerId: charger.chargerId as ChargerId,
      epoch: answer.epoch,
      edge: 'edge-field',
    }
    const calls = createInboundCalls({
      protocol,
      context: known(answer),
      registration: answer.registration,
      source: createFactSource(who),
      digest: (secret) => `redacted:${secret.length}`,
      ask: async (request) => {
        const said = await ask(request)
        return said === undefined || said === 'refused'
          ? { kind: 'given-up', reason: 'no answer' }
          : { kind: 'answered', answer: said }
      },
      limits: defaultLimits,
      metrics,
      now: () => now,
      ticks: () => now,
      onAnswered: () => undefined,
    })
    connection = { epoch: answer.epoch, calls, since }
    world.connected(answer.epoch)
    if (brand.boot.statusFirst) await tellStatuses()
    if (connection !== undefined && (brand.boot.on === 'every-connection' || !booted)) {
      const { vendor, model, firmware } = brand
      const boot = { chargePointVendor: vendor, chargePointModel: model, firmwareVersion: firmware }
      const done = (await call('BootNotification', boot, nextMessageId())) !== undefined
      booted ||= done
      if (done && dead !== undefined && habits.setBy === 'boot') dead.set = true
    }
    if (connection !== undefined && !brand.boot.statusFirst && !(isDead() && habits.setBy === 'heartbeat'))
      await tellStatuses()
    return connection !== undefined
  }
  /** A clock that no boot has set learns the time of a heartbeat. */
  const heartbeat = async () => {
    if (!isDead() || connection === undefined) return
    if ((await call('Heartbeat', brand.dialect.emptyPayload === 'null' ? null : {}, nextMessageId())) === undefined)
      return
    dead!.set = true
    await tellStatuses()
  }

  const told = new Set<Queued>()
  const tell = async (message: Queued, messageId: string): Promise<Payload | undefined> => {
    const receivedAt = now
    const answer = await call(message.action, message.payload(), messageId)
    if (answer !== undefined && !told.has(message)) {
      told.add(message)
      message.durable(receivedAt)
    }
    return answer
  }
  /** As many as a pipelining charger sends before it hears anything: what needs a start's answer waits for it. */
  const pipeline = async (): Promise<void> => {
    const next = queue.slice(0, 8)
    const start = next.findIndex((message) => message.action === 'StartTransaction')
    const batch = start < 0 ? next : next.slice(0, start + 1)
    const answers: (Payload | undefined)[] = []
    const inbound = createInboundQueue<{ message: Queued; id: string }>({
      high: defaultLimits.inboundQueue,
      handle: async ({ message, id }) => void answers.push(await tell(message, id)),
      onPressure: () => undefined,
      onError: (error) => {
        throw error
      },
    })
    for (const message of batch) inbound.push({ message, id: nextMessageId() })
    await inbound.idle()
    for (const answer of answers) {
      if (answer === undefined) return
      queue.shift()!.answered(answer)
    }
  }

  /** Everything that waits, in order; each message until its answer is heard. */
  const deliver = async (): Promise<void> => {
    let messageId: string | undefined
    while (online()) {
      await world.advanceTo(now)
      if (connection === undefined && !(await connect())) return
      const message = queue[0]
      if (message === undefined) return heartbeat()
      now += 1_000
      if (habits.pipelines && messageId === undefined) {
        await pipeline()
        if (connection !== undefined && random() < 0.02) cut()
        continue
      }
      const repeated = messageId !== undefined
      if (messageId === undefined || brand.retry.messageId === 'new') messageId = nextMessageId()
      if (repeated) {
        tally.repeats += 1
        if (habits.restamps && !isDead()) message.restamp?.()
      }
      const answer = await tell(message, messageId)
      await heartbeat()
      if (answer === undefined) continue
      // an answer that the charger overhears, or that was on its way when the connection broke
      if (!repeated && random() < brand.retry.missedAnswers) continue
      if (random() < 0.02) {
        cut()
        continue
      }
      queue.shift()
      messageId = undefined
      message.answered(answer)
    }
  }

  /** such a stop finds its session only while that is open */
  const unnamedStops = habits.stopId !== 'own' || brand.offlineStop === 'minus-one'
  const moments: Moment[] = []
  const at = (time: number, happen: Moment['happen']) => moments.push({ at: time, order: moments.length, happen })
  const status = (connectorId: number, word: string) => void statuses.set(connectorId, word)
  const untrusted = (time: Date, receivedAt: number): boolean =>
    time.getUTCFullYear() < 2020 && connection !== undefined && receivedAt - connection.since < drainMs
  const effective = (time: Date, real: number, receivedAt: number): number =>
    time.getUTCFullYear() < 2020 ? receivedAt : real

  /** The payload with its tag as this make writes it. */
  const tagged = (payload: Payload, suffix: string): Payload =>
    habits.tagSuffix === 'none' || typeof payload['idTag'] !== 'string'
      ? payload
      : { ...payload, idTag: `${payload['idTag']}${suffix}` }
  const statusIn = (answer: Payload): unknown => (answer['idTagInfo'] as Payload | undefined)?.['status']

  const planSession = (life: SessionLife) => {
    const { real } = life
    const { connectorId } = real
    const local: LocalTransaction = {
      number: real.index,
      connectorId,
      idTag: real.idTag,
      startedAt: new Date(real.startedAt),
      meterStartWh: shownWh(charger, real, real.startedAt),
      startedOffline: false,
    }
    const written: Payload[] = []
    const reading = (time: Date, moment: number, wh: number, kind: ReadingContext): Payload => {
      const value = meterValue(
        brand,
        { at: time, registerWh: wh, flow: flowAt(real, moment), socPercent: 50, celsius: 30 },
        kind,
        brand.measurands,
      )
      if (habits.units === 'written') return value
      const sampled = value['sampledValue'] as Payload[]
      return { ...value, sampledValue: sampled.map(({ unit: _, ...rest }) => rest) }
    }
    const remember = (time: Date, moment: number, wh: number, receivedAt: number) =>
      life.told.push({ at: effective(time, moment, receivedAt), milli: sampleTold(charger, wh) })
    const meter = (moment: number, kind: ReadingContext) => {
      const [time, wh] = [stamp(moment), shownWh(charger, real, moment)]
      const value = reading(time, moment, wh, kind)
      if (habits.samples === 'transaction-data' || habits.samples === 'both') {
        written.push(value)
        sampled.push((receivedAt) => remember(time, moment, wh, receivedAt))
      }
      if (habits.samples === 'messages' || habits.samples === 'both')
        queue.push({
          action: 'MeterValues',
          payload: () => {
            const payload = meterValuesPayload(brand, local, [value])
            if (habits.meterConnector === 'own') return payload
            const { transactionId: _, ...whole } = payload
            return { ...whole, connectorId: 0 }
          },
          durable: (receivedAt) => remember(time, moment, wh, receivedAt),
          answered: () => undefined,
        })
    }
    const sampled: ((receivedAt: number) => void)[] = []
    const tellStart = () => {
      queue.push({
        action: 'StartTransaction',
        payload: () => {
          life.startStamps.add(instant(local.startedAt.getTime()))
          return tagged(startPayload(brand, local), habits.tagSuffix === 'both' ? '_28881628' : '\u0010\u000e')
        },
        durable: (receivedAt) => {
          const time = local.startedAt
          life.start = {
            at: effective(time, real.startedAt, receivedAt),
            untrusted: untrusted(time, receivedAt),
            receivedAt,
          }
          life.told.unshift({ at: life.start.at, milli: registerTold(charger, local.meterStartWh) })
        },
        answered: (answer) => {
          const transactionId = answer['transactionId'] as number
          local.transactionId = transactionId
          if (statusIn(answer) !== 'ConcurrentTx') return
          tally.concurrent += 1
          if (!habits.stopsOnConcurrentTx) return
          const [timestamp, meterStop] = [stamp(now).toISOString(), Math.round(shownWh(charger, real, now))]
          queue.push({
            action: 'StopTransaction',
            payload: () => ({ transactionId, meterStop, timestamp, reason: 'DeAuthorized' }),
            durable: () => undefined,
            answered: () => undefined,
          })
        },
        restamp: () => {
          if (local.startedAt.getUTCFullYear() < 2020)
            Object.assign(local, { startedAt: new Date(real.startedAt) } satisfies Partial<LocalTransaction>)
        },
      })
    }
    at(real.startedAt, (connected) => {
      Object.assign(local, { startedAt: stamp(real.startedAt), startedOffline: !connected })
      status(connectorId, 'Charging')
      if (habits.start === 'begin') tellStart()
    })
    for (const sample of real.samples) at(sample.at, () => meter(sample.at, 'Sample.Periodic'))
    at(real.endedAt, () => {
      status(connectorId, 'Available')
      if (habits.start === 'end') tellStart()
      if (real.stopLost) return
      const time = stamp(real.endedAt)
      local.end = {
        at: time,
        meterStopWh: shownWh(charger, real, real.endedAt),
        reason: 'EVDisconnected',
        byDriver: habits.start !== 'never',
      }
      const unnamed = habits.stopId !== 'own' || habits.start === 'never'
      queue.push({
        action: 'StopTransaction',
        payload: () => ({
          ...tagged(stopPayload(brand, local, written), '\u0010\u000e'),
          ...(unnamed ? { transactionId: habits.stopId === '-1' ? -1 : 0 } : {}),
        }),
        durable: (receivedAt) => {
          const matches = unnamed || (local.startedOffline && brand.offlineStop === 'minus-one')
          if (habits.start === 'never' || (matches && life.stopParked)) {
            life.stopParked = true
            parked.push({ what: 'TransactionStop unknown-transaction', of: life })
            return
          }
          for (const one of sampled) one(receivedAt)
          life.stop = {
            at: effective(time, real.endedAt, receivedAt),
            untrusted: untrusted(time, receivedAt),
            named: !matches,
          }
          life.stopMilli = registerTold(charger, local.end!.meterStopWh)
          life.told.push({ at: life.stop.at, milli: life.stopMilli })
        },
        answered: () => undefined,
      })
      if (brand.ending === 'available-first') meter(real.endedAt, 'Transaction.End')
    })
  }
  for (const life of lives) planSession(life)
  for (const stray of charger.strays)
    at(stray.at, () => {
      const timestamp = writeTimestamp(brand.dialect, stamp(stray.at))
      const stop = stray.kind === 'stop-of-nothing'
      queue.push({
        action: stop ? 'StopTransaction' : 'MeterValues',
        payload: () =>
          stop
            ? { transactionId: 77, meterStop: 5, timestamp }
            : { connectorId: 1, meterValue: `nothing at ${timestamp}` },
        durable: () =>
          void parked.push({ what: stop ? 'TransactionStop unknown-transaction' : 'MeterValues malformed' }),
        answered: () => undefined,
      })
    })
  for (const time of charger.powerCuts)
    at(time, () => {
      cut()
      booted = false
      messages = 0
      dead = { since: time, set: false }
    })
  // an installer tries it: by what it tells then its clock is measured
  for (let connectorId = 1; connectorId <= brand.connectors; connectorId += 1) {
    status(connectorId, 'Available')
    for (const [i, word] of ['Unavailable', 'Available', 'Unavailable', 'Available'].entries())
      at(plan.begin + (2 + i) * 5 * 60_000, () => status(connectorId, word))
  }
  for (let tick = plan.begin; tick < plan.end; tick += 20 * 60_000) at(tick, () => undefined)

  for (const moment of moments.toSorted((a, b) => a.at - b.at || a.order - b.order)) {
    now = Math.max(now, moment.at)
    if (!online() && connection !== undefined) cut()
    if (habits.closesAfterMs > 0 && connection !== undefined && now - lastWord >= habits.closesAfterMs) cut()
    await world.advanceTo(now)
    const before = new Map(statuses)
    await moment.happen(connection !== undefined)
    now = Math.max(now, moment.at + 500)
    if (brand.ending === 'available-first') await tellChanges(before)
    if (unnamedStops && queue.length > 0)
      for (const life of lives)
        if (life.stop === undefined && !life.stopParked && life.start !== undefined)
          life.stopParked = moment.at > life.real.endedAt - 1 && (await world.hasEnded(life))
    await deliver()
    if (brand.ending !== 'available-first') await tellChanges(before)
  }
  // until the last message is told, whatever is in its way
  while (queue.length > 0) {
    now += 60_000
    await deliver()
  }
  cut()
  return { tally, lives, parked, availableTold, endedAt: now }

  async function tellChanges(before: ReadonlyMap<number, string>): Promise<void> {
    for (const [connectorId, word] of statuses)
      if (connection !== undefined && before.get(connectorId) !== word) await tellStatus(connectorId, word)
  }
}
