import type { Authorization } from './authorization.ts'
import type { Brand } from './brands.ts'
import type { ChargingProfiles } from './charging-profiles.ts'
import type { Clock } from './clock.ts'
import type { Configuration } from './configuration.ts'
import type { Connector } from './connector.ts'
import { writeRegister } from './dialect.ts'
import type { Ledger } from './ledger.ts'
import type { MessageQueue } from './message-queue.ts'
import type { Payload } from './payload.ts'
import { meterValue } from './sampled-values.ts'
import type { ReadingContext } from './sampled-values.ts'
import { meterValuesPayload, startPayload, stopPayload } from './transaction.ts'
import type { LocalTransaction, StopReason } from './transaction.ts'

export type ChargingOptions = {
  readonly chargerId: string
  readonly brand: Brand
  readonly clock: Clock
  readonly configuration: Configuration
  readonly authorization: Authorization
  readonly profiles: ChargingProfiles
  readonly connectors: readonly Connector[]
  readonly queue: MessageQueue
  readonly ledger: Ledger
  readonly online: () => boolean
  /** Tells the central system a connector's status if it has changed. */
  readonly reportStatus: (connector: Connector) => Promise<void>
}

type Running = { readonly ended: AbortController; readonly beginValue: Payload | undefined }

/** The transactions of one charger: they begin, are metered, end, and every step goes into the queue. */
export class Charging {
  readonly #options: ChargingOptions
  readonly #running = new Map<LocalTransaction, Running>()
  #count = 0

  constructor(options: ChargingOptions) {
    this.#options = options
  }

  /** How many transactions run. */
  get running(): number {
    return this.#running.size
  }

  /** Aborted once the connector's transaction has ended, whoever ended it; undefined when none runs. */
  ended(connector: Connector): AbortSignal | undefined {
    return connector.transaction && this.#running.get(connector.transaction)?.ended.signal
  }

  /** Energy flows from here on. Does nothing when a transaction runs there already. */
  begin(connector: Connector, idTag: string): void {
    if (connector.transaction) return
    const { chargerId, brand, clock, ledger, queue, online, reportStatus } = this.#options
    this.#count += 1
    const transaction: LocalTransaction = {
      number: this.#count,
      connectorId: connector.id,
      idTag,
      startedAt: clock.now(),
      meterStartWh: connector.meter.wattHours,
      startedOffline: !online(),
      reservationId: connector.reservation?.reservationId,
    }
    connector.begin(transaction, clock.elapsedMs())
    this.heedLimits()
    const running: Running = {
      ended: new AbortController(),
      beginValue: this.#stopValue(connector, 'Transaction.Begin', transaction.startedAt),
    }
    this.#running.set(transaction, running)
    ledger.sessionStarted({
      chargerId,
      brand: brand.name,
      connectorId: connector.id,
      transaction: transaction.number,
      idTag,
      startedAt: transaction.startedAt,
      meterStartWh: writeRegister(brand.dialect, transaction.meterStartWh),
      startedOffline: transaction.startedOffline,
    })
    queue.add({
      action: 'StartTransaction',
      connectorId: connector.id,
      transaction: transaction.number,
      droppable: false,
      payload: () => startPayload(brand, transaction),
      answered: (answer) => this.#startAnswered(connector, transaction, answer),
    })
    void this.#sample(connector, transaction, running.ended.signal)
    void reportStatus(connector)
  }

  /** Ends the connector's transaction, if one runs. `byDriver`: the tag that began it was presented again. */
  async end(connector: Connector, reason: StopReason, byDriver = false): Promise<void> {
    const { chargerId, brand, clock, ledger, queue, reportStatus, authorization } = this.#options
    const { transaction } = connector
    const running = transaction && this.#running.get(transaction)
    if (!transaction || !running) return
    const at = clock.now()
    connector.end(clock.elapsedMs())
    this.heedLimits()
    const endValue = this.#stopValue(connector, 'Transaction.End', at)
    transaction.end = { at, meterStopWh: connector.meter.wattHours, reason, byDriver }
    this.#running.delete(transaction)
    const meterStopWh = writeRegister(brand.dialect, connector.meter.wattHours)
    const meterStartWh = writeRegister(brand.dialect, transaction.meterStartWh)
    ledger.sessionFinished(chargerId, transaction.number, {
      at,
      meterStopWh,
      reason,
      energyWh: Math.round((meterStopWh - meterStartWh) * 10) / 10,
    })
    const availableFirst = brand.ending === 'available-first'
    if (availableFirst) {
      connector.unplug()
      await reportStatus(connector)
    }
    const transactionData = [running.beginValue, endValue].filter((value) => value !== undefined)
    queue.add({
      action: 'StopTransaction',
      connectorId: connector.id,
      transaction: transaction.number,
      droppable: false,
      payload: () => stopPayload(brand, transaction, availableFirst ? [] : transactionData),
      answered: (answer) => void authorization.learn(transaction.idTag, answer['idTagInfo']),
    })
    if (availableFirst && endValue) this.#queueValues(connector, transaction, endValue, false)
    // last: whoever waits for the end finds everything in the queue
    running.ended.abort()
    if (!availableFirst) await reportStatus(connector)
  }

  /** Takes up what the charging profiles say now, at every connector: a limit of the whole charger is shared. */
  heedLimits(): void {
    const { connectors, profiles, clock } = this.#options
    const nowMs = clock.elapsedMs()
    const at = clock.now().getTime()
    for (const connector of connectors)
      connector.limitTo(profiles.limit(connector, { at, sinceStartMs: connector.sinceStartMs(nowMs) }), nowMs)
  }

  /** The power has failed: nothing is metered or told any more. */
  forget(): void {
    for (const { ended } of this.#running.values()) ended.abort()
    this.#running.clear()
  }

  /** Values on request (TriggerMessage): false when no transaction runs whose values would go into the queue. */
  sampleNow(connector: Connector): boolean {
    const { transaction } = connector
    if (transaction) this.#queueValues(connector, transaction, this.readOut(connector, 'Trigger'), true)
    return transaction !== undefined
  }

  /** What the instruments show, as configured for periodic samples. */
  readOut(connector: Connector, context: ReadingContext): Payload {
    const { brand, clock, configuration } = this.#options
    const reading = connector.read(clock.elapsedMs(), clock.now())
    return meterValue(brand, reading, context, configuration.list('MeterValuesSampledData'))
  }

  #stopValue(connector: Connector, context: ReadingContext, at: Date): Payload | undefined {
    const { brand, clock, configuration } = this.#options
    const measurands = configuration.list('StopTxnSampledData')
    if (measurands.join('') === '') return undefined
    return meterValue(brand, connector.read(clock.elapsedMs(), at), context, measurands)
  }

  #queueValues(connector: Connector, transaction: LocalTransaction, value: Payload, droppable: boolean): void {
    this.#options.queue.add({
      action: 'MeterValues',
      connectorId: connector.id,
      transaction: transaction.number,
      droppable,
      payload: () => meterValuesPayload(this.#options.brand, transaction, [value]),
      answered: () => undefined,
    })
  }

  #startAnswered(connector: Connector, transaction: LocalTransaction, answer: Payload): void {
    const { authorization, configuration } = this.#options
    if (typeof answer['transactionId'] === 'number') transaction.transactionId = answer['transactionId']
    const status = authorization.learn(transaction.idTag, answer['idTagInfo'])
    // OCPP 1.6 §4.8: no energy for a tag that turns out not to be valid
    if (status === 'Accepted' || !configuration.flag('StopTransactionOnInvalidId')) return
    if (connector.transaction === transaction) void this.end(connector, 'DeAuthorized')
  }

  async #sample(connector: Connector, transaction: LocalTransaction, ended: AbortSignal): Promise<void> {
    const { clock, configuration, reportStatus } = this.#options
    const interval = () => configuration.number('MeterValueSampleInterval')
    while (await clock.sleep((interval() || 60) * 1_000, ended)) {
      this.heedLimits()
      if (interval() > 0) this.#queueValues(connector, transaction, this.readOut(connector, 'Sample.Periodic'), true)
      else connector.read(clock.elapsedMs(), clock.now())
      void reportStatus(connector)
    }
  }
}
