import { randomUUID } from 'node:crypto'
import { Backoff } from '@voltrail/runtime/backoff'
import { sleep } from '@voltrail/runtime/ticker'
import { Authorization } from './authorization.ts'
import type { Brand } from './brands.ts'
import { answerCall } from './call-answers.ts'
import type { Vehicle } from './charging-curve.ts'
import { ChargingProfiles, type LimitMoment } from './charging-profiles.ts'
import { Charging } from './charging.ts'
import type { Clock } from './clock.ts'
import { createCommandTarget } from './command-target.ts'
import { Configuration } from './configuration.ts'
import { Connector } from './connector.ts'
import { createDelivery } from './delivery.ts'
import { writeTimestamp } from './dialect.ts'
import type { Ledger } from './ledger.ts'
import { Link } from './link.ts'
import type { CallOutcome } from './link.ts'
import { LocalList } from './local-list.ts'
import type { MessageQueue } from './message-queue.ts'
import type { Payload } from './payload.ts'
import { between, seededRandom } from './random.ts'
import { isReservedFor } from './reservation.ts'
import type { Reservation } from './reservation.ts'
import { Transfers } from './transfers.ts'

export type ChargerOptions = {
  readonly id: string
  readonly brand: Brand
  readonly url: string
  readonly password?: string | undefined
  readonly clock: Clock
  readonly seed: string
  readonly ledger: Ledger
  /** Before its first connection, so that a fleet does not come as one. */
  readonly connectDelayMs: number
  readonly reconnect: { readonly firstMs: number; readonly maxMs: number }
  /** Configuration keys that differ from the brand's. */
  readonly configuration: Readonly<Record<string, string>>
  /** The central system wants a transaction on this connector, which is free or has a car waiting. */
  readonly remoteStarted: (charger: Charger, connector: Connector, idTag: string) => void
  /** Why it is offline, for people. */
  readonly problem: (text: string) => void
}

const bootRetryMs = 10_000
/** So many CALLs in a row without an answer: the connection is dead, whatever TCP says. */
const unansweredCalls = 3
/** Two connection attempts are never closer. */
const shortestPauseMs = 50

/** One charger: its connection and registration; what it does with cars is in `charging.ts`, with commands in `command-target.ts`. */
export class Charger {
  readonly id: string
  readonly brand: Brand
  readonly connectors: readonly Connector[]
  readonly configuration: Configuration
  readonly authorization: Authorization
  readonly charging: Charging
  readonly profiles: ChargingProfiles
  readonly localList = new LocalList()
  readonly transfers: Transfers
  readonly queue: MessageQueue
  readonly #options: ChargerOptions
  readonly #backoff: Backoff
  readonly #stopping = new AbortController()
  readonly #reported = new Map<number, string>()
  #password: string | undefined
  #link: Link | undefined
  #life: Promise<void> = Promise.resolve()
  #online = false
  #commissioned = false
  #operative = true
  #needsBoot = true
  #restarting = false
  #readerClosed = false
  #unanswered = 0
  #bootWanted: AbortController | undefined
  #beatWaits: AbortController | undefined

  constructor(options: ChargerOptions) {
    const { id, brand, clock, ledger, seed } = options
    this.#options = options
    this.id = id
    this.brand = brand
    this.#password = options.password
    this.configuration = new Configuration(brand, options.configuration)
    // own streams of numbers: what happens on the network must not change who comes to charge
    const network = seededRandom(`${seed}/${id}/network`)
    const installed = seededRandom(`${seed}/${id}/meters`)
    this.connectors = Array.from(
      { length: brand.connectors },
      (_, index) => new Connector(index + 1, brand.supply, Math.floor(between(installed, 1_000, 900_000))),
    )
    this.profiles = new ChargingProfiles(brand.supply, this.connectors)
    this.#backoff = new Backoff({ ...options.reconnect, random: network })
    this.authorization = new Authorization({
      dialect: brand.dialect,
      configuration: this.configuration,
      localList: this.localList,
      now: () => clock.now(),
      call: (action, payload) => this.call(action, payload),
    })
    this.queue = createDelivery({
      chargerId: id,
      brand,
      configuration: this.configuration,
      ledger,
      random: network,
      call: (action, payload, messageId) => this.call(action, payload, messageId),
    })
    this.charging = new Charging({
      chargerId: id,
      brand,
      clock,
      configuration: this.configuration,
      authorization: this.authorization,
      profiles: this.profiles,
      connectors: this.connectors,
      queue: this.queue,
      ledger,
      online: () => this.#online,
      reportStatus: (connector) => this.reportStatus(connector),
    })
    this.transfers = new Transfers({
      chargerId: id,
      firmware: brand.firmware,
      now: () => new Date(),
      report: () => this.#report(),
      tell: (action, payload) => this.call(action, payload),
      idle: async (stopped) => {
        while (this.connectors.some(({ transaction }) => transaction)) if (!(await sleep(100, stopped))) return false
        return true
      },
      restart: () => void this.restart('Soft'),
      stopped: this.#stopping.signal,
    })
  }

  /** The central system's time now: reservations and profiles go by it. */
  now(): LimitMoment['at'] {
    return this.#options.clock.now().getTime()
  }

  /** When a limit of this connector is asked for: now. */
  moment(connector: Connector | undefined): LimitMoment {
    return { at: this.now(), sinceStartMs: connector?.sinceStartMs(this.#options.clock.elapsedMs()) }
  }

  /** Whether this tag may begin here: the connector is not held for another one. */
  mayBegin(connector: Connector, idTag: string): boolean {
    const { reservation } = connector
    return !reservation || isReservedFor(reservation, idTag, this.authorization.groupOf(idTag))
  }

  /** Holds a connector until the reservation's time is over. */
  reserve(connector: Connector, reservation: Reservation): void {
    connector.reservation = reservation
    void this.reportStatus(connector)
    void this.#release(connector, reservation)
  }

  async #release(connector: Connector, reservation: Reservation): Promise<void> {
    // in pieces: a timer takes no more than 24 days, and the connector may be free again before
    while (connector.reservation === reservation && this.now() < reservation.until) {
      const restMs = (reservation.until - this.now()) / this.#options.clock.speed
      if (!(await sleep(Math.min(restMs, 60_000), this.#stopping.signal))) return
    }
    if (connector.reservation !== reservation) return
    connector.reservation = undefined
    void this.reportStatus(connector)
  }

  /** What a technician would want to see of it. */
  #report(): string {
    const lines = this.connectors.map(({ id, status, meter }) => `connector ${id}: ${status}, ${meter.wattHours} Wh`)
    const { vendor, model } = this.brand
    return [`${vendor} ${model} ${this.id}`, `firmware ${this.transfers.firmware}`, ...lines, ''].join('\n')
  }

  /** Connected and registered. */
  get online(): boolean {
    return this.#online
  }

  /** The central system has accepted it at least once. */
  get commissioned(): boolean {
    return this.#commissioned
  }

  /** Drivers may come: it was accepted once, is not restarting and is to stay. */
  get inService(): boolean {
    return this.#commissioned && !this.#restarting && !this.#readerClosed
  }

  start(): void {
    this.#life = this.#live()
  }

  /** Disconnects, `politely` with a close frame; what is in the queue stays there. */
  async stop(politely: boolean): Promise<void> {
    this.#stopping.abort()
    this.#link?.close(politely)
    // a peer that does not answer the close frame must not hold us up
    const cut = setTimeout(() => this.#link?.close(false), 1_000)
    await this.#life
    clearTimeout(cut)
    await this.queue.stop()
  }

  plug(connector: Connector, vehicle: Vehicle, socPercent: number): void {
    connector.plug(vehicle, socPercent)
    void this.reportStatus(connector)
  }

  unplug(connector: Connector): void {
    connector.unplug()
    void this.reportStatus(connector)
  }

  /** A driver holds a tag to the reader; true when a transaction runs afterwards. */
  async present(connector: Connector, idTag: string): Promise<boolean> {
    if (connector.transaction) return true
    if (!this.mayBegin(connector, idTag)) return false
    connector.authorizing = true
    const accepted = await this.authorization.authorize(idTag)
    connector.authorizing = false
    // the car may have gone, or a remote start been quicker
    if (accepted && connector.plugged && this.inService) this.charging.begin(connector, idTag)
    return connector.transaction !== undefined
  }

  /** No transaction begins any more. */
  closeReader(): void {
    this.#readerClosed = true
  }

  /** A CALL to the central system; `closed` while there is no connection. Never rejects. */
  async call(action: string, payload: Payload, messageId?: string): Promise<CallOutcome> {
    const link = this.#link
    if (!link) return { type: 'closed' }
    const empty = Object.keys(payload).length === 0 && this.brand.dialect.emptyPayload === 'null'
    const outcome = await link.call(action, empty ? null : payload, messageId)
    this.#unanswered = outcome.type === 'timeout' ? this.#unanswered + 1 : 0
    if (this.#unanswered >= unansweredCalls) link.close(false)
    return outcome
  }

  /** StatusNotification if the status is another than the last one told; connector undefined = the charger as a whole. */
  async reportStatus(connector: Connector | undefined, always = false): Promise<void> {
    if (!this.#link || (!this.#online && !always)) return
    const id = connector?.id ?? 0
    const status = connector?.status ?? (this.#operative ? 'Available' : 'Unavailable')
    if (!always && this.#reported.get(id) === status) return
    this.#reported.set(id, status)
    const timestamp = writeTimestamp(this.brand.dialect, this.#options.clock.now())
    const outcome = await this.call('StatusNotification', { connectorId: id, errorCode: 'NoError', status, timestamp })
    // nobody knows whether it arrived: tell it again on the next occasion
    if (outcome.type !== 'result') this.#reported.delete(id)
  }

  /** BootNotification on request; cuts short the wait of a charger that is not accepted yet. */
  bootAgain(): void {
    if (this.#bootWanted) this.#bootWanted.abort()
    else void this.call('BootNotification', this.#bootPayload())
  }

  setOperative(operative: boolean): void {
    this.#operative = operative
  }

  /** Takes up what the central system has changed, where that does not wait for the next reading of the key. */
  configurationChanged(key: string, value: string): void {
    switch (key.toLowerCase()) {
      case 'heartbeatinterval':
        this.#beatWaits?.abort()
        break
      case 'authorizationkey':
        this.#password = value
        this.#link?.close()
    }
  }

  /** Restarts as after Reset: soft ends transactions first and tells so, hard just goes dark. */
  async restart(type: 'Hard' | 'Soft'): Promise<void> {
    if (this.#restarting) return
    this.#restarting = true
    this.#needsBoot = true
    const reason = type === 'Hard' ? 'HardReset' : 'SoftReset'
    if (type === 'Hard') {
      this.queue.pause()
      this.#online = false
      this.#link?.close(false)
    }
    await Promise.all(this.connectors.map((connector) => this.charging.end(connector, reason)))
    const deadline = Date.now() + 10_000
    while (type === 'Soft' && this.#online && this.queue.size > 0 && Date.now() < deadline) {
      if (!(await sleep(20, this.#stopping.signal))) return
    }
    this.#link?.close()
  }

  async #live(): Promise<void> {
    const { signal } = this.#stopping
    let go = await sleep(this.#options.connectDelayMs, signal)
    while (go) {
      const link = await this.#connect()
      if (link) await this.#serve(link)
      if (this.#restarting) {
        go = await this.#options.clock.sleep(this.brand.rebootSeconds * 1_000, signal)
        this.#restarting = false
      } else go = await sleep(shortestPauseMs + this.#backoff.next(), signal)
    }
  }

  async #connect(): Promise<Link | undefined> {
    const { url, id } = this.#options
    const { retry, liveness } = this.brand
    const target = createCommandTarget(this, this.#options.remoteStarted)
    try {
      return await Link.connect(
        {
          url,
          chargerId: id,
          password: this.#password,
          pingMs: this.configuration.number('WebSocketPingInterval') * 1_000,
          answersPings: liveness.answersPings,
          callTimeoutMs: retry.callTimeoutSeconds * 1_000,
          nextMessageId: randomUUID,
          onCall: (action, payload) => answerCall(target, action, payload),
        },
        this.#stopping.signal,
      )
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#options.problem(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  /** One connection, from its first frame to its end. */
  async #serve(link: Link): Promise<void> {
    const gone = new AbortController()
    void link.closed.then(() => {
      gone.abort()
      this.#online = false
      this.queue.pause()
    })
    this.#link = link
    this.#unanswered = 0
    if (this.#stopping.signal.aborted) link.close()
    const boots = this.#needsBoot || this.brand.boot.on === 'every-connection'
    if (boots && this.brand.boot.statusFirst) await this.#reportAll()
    if (!boots || (await this.#register(gone.signal))) {
      this.#online = link.open
      this.#needsBoot = false
      this.#commissioned = true
      this.#backoff.reset()
      if (this.#online) this.queue.resume()
      void this.#reportAll()
      void this.#beat(gone.signal)
    }
    const code = await link.closed
    this.#link = undefined
    if (!this.#stopping.signal.aborted && !this.#restarting) this.#options.problem(`connection closed (${code})`)
  }

  async #reportAll(): Promise<void> {
    await this.reportStatus(undefined, true)
    for (const connector of this.connectors) await this.reportStatus(connector, true)
  }

  /** BootNotification until it is accepted (OCPP 1.6 §4.2); false when the connection ended first. */
  async #register(gone: AbortSignal): Promise<boolean> {
    while (!gone.aborted) {
      const outcome = await this.call('BootNotification', this.#bootPayload())
      const answer = outcome.type === 'result' ? outcome.payload : {}
      const seconds = Number(answer['interval'])
      if (answer['status'] === 'Accepted') {
        if (seconds > 0) this.configuration.change('HeartbeatInterval', String(seconds))
        return true
      }
      if (outcome.type === 'closed') return false
      const { status = outcome.type } = answer
      this.#options.problem(`BootNotification: ${typeof status === 'string' ? status : 'no status'}`)
      this.#bootWanted = new AbortController()
      const wait = AbortSignal.any([gone, this.#bootWanted.signal])
      await sleep(seconds > 0 ? seconds * 1_000 : bootRetryMs, wait)
      this.#bootWanted = undefined
    }
    return false
  }

  #bootPayload(): Payload {
    const { vendor, model } = this.brand
    return {
      chargePointVendor: vendor,
      chargePointModel: model,
      chargePointSerialNumber: this.id.slice(0, 25),
      firmwareVersion: this.transfers.firmware,
    }
  }

  async #beat(gone: AbortSignal): Promise<void> {
    while (!gone.aborted) {
      this.#beatWaits = new AbortController()
      const wait = AbortSignal.any([gone, this.#beatWaits.signal])
      const due = await sleep(this.configuration.number('HeartbeatInterval') * 1_000, wait)
      if (due) await this.call('Heartbeat', {})
    }
  }
}
