import type { TransactionAction } from './message-queue.ts'
import type { Payload } from './payload.ts'
import type { StopReason } from './transaction.ts'

/** One acknowledgement that a charger has received. A message that was sent again has one for each answer. */
export type Acknowledgement = {
  readonly chargerId: string
  readonly action: TransactionAction
  readonly connectorId: number
  /** The charger's own number of the transaction. */
  readonly transaction: number
  /** From StartTransaction.conf, else as the message named it. */
  readonly transactionId: number | undefined
  readonly messageId: string
  /** How often the message had been sent by then. */
  readonly attempt: number
  readonly acknowledgedAt: Date
  readonly payload: Payload
  readonly answer: Payload
}

export type DroppedMessage = {
  readonly chargerId: string
  readonly action: TransactionAction
  readonly transaction: number
  readonly why: 'rejected' | 'unanswered' | 'forgotten'
  readonly detail: string
}

/** A charging session as the charger saw it. */
export type LedgerSession = {
  readonly chargerId: string
  readonly brand: string
  readonly connectorId: number
  readonly transaction: number
  readonly idTag: string
  readonly startedAt: Date
  readonly meterStartWh: number
  readonly startedOffline: boolean
  readonly transactionId?: number
  readonly stoppedAt?: Date
  readonly meterStopWh?: number
  readonly reason?: StopReason
}

/** Two answers to the same start that named different transactions: the central system took a repeat for a new session. */
export type Contradiction = {
  readonly chargerId: string
  readonly transaction: number
  readonly transactionIds: readonly [number, number]
}

export type LedgerSummary = {
  readonly queued: number
  readonly acknowledged: number
  /** Answers to messages that had been answered before. */
  readonly repeats: number
  readonly pending: number
  readonly dropped: number
  readonly sessionsStarted: number
  readonly sessionsFinished: number
  /** Drivers who were sent away. */
  readonly refused: number
  readonly contradictions: number
  /** Of finished sessions, whole Wh as the chargers' registers say. */
  readonly energyWh: number
}

const sessionKey = (chargerId: string, transaction: number) => `${chargerId}/${transaction}`

/** Everything that a fleet can later be asked about. Counts are kept for ever, lists up to `keep` of the newest entries each. */
export class Ledger {
  readonly #keep: number
  readonly #acknowledgements: Acknowledgement[] = []
  readonly #dropped: DroppedMessage[] = []
  readonly #contradictions: Contradiction[] = []
  readonly #sessions = new Map<string, LedgerSession>()
  #queued = 0
  #acknowledged = 0
  #repeats = 0
  #droppedCount = 0
  #contradictionCount = 0
  #started = 0
  #finished = 0
  #refused = 0
  #energyWh = 0

  constructor(keep = 100_000) {
    this.#keep = keep
  }

  /** In the order in which the answers arrived. */
  get acknowledgements(): readonly Acknowledgement[] {
    return this.#acknowledgements
  }

  get dropped(): readonly DroppedMessage[] {
    return this.#dropped
  }

  get contradictions(): readonly Contradiction[] {
    return this.#contradictions
  }

  get sessions(): readonly LedgerSession[] {
    return [...this.#sessions.values()]
  }

  summary(): LedgerSummary {
    return {
      queued: this.#queued,
      acknowledged: this.#acknowledged,
      repeats: this.#repeats,
      pending: this.#queued - this.#acknowledged - this.#droppedCount,
      dropped: this.#droppedCount,
      sessionsStarted: this.#started,
      sessionsFinished: this.#finished,
      refused: this.#refused,
      contradictions: this.#contradictionCount,
      energyWh: this.#energyWh,
    }
  }

  messageQueued(): void {
    this.#queued += 1
  }

  messageAcknowledged(acknowledgement: Acknowledgement, repeat: boolean): void {
    if (repeat) this.#repeats += 1
    else this.#acknowledged += 1
    this.#append(this.#acknowledgements, acknowledgement)
    const { chargerId, transaction, transactionId } = acknowledgement
    if (acknowledgement.action !== 'StartTransaction' || transactionId === undefined) return
    const key = sessionKey(chargerId, transaction)
    const session = this.#sessions.get(key)
    if (session?.transactionId !== undefined && session.transactionId !== transactionId) {
      this.#contradictionCount += 1
      this.#append(this.#contradictions, {
        chargerId,
        transaction,
        transactionIds: [session.transactionId, transactionId],
      })
    } else if (session) this.#sessions.set(key, { ...session, transactionId })
  }

  /** Not for a message that was answered once and then overheard: it counts as acknowledged. */
  messageDropped(message: DroppedMessage): void {
    this.#droppedCount += 1
    this.#append(this.#dropped, message)
  }

  sessionStarted(session: LedgerSession): void {
    this.#started += 1
    this.#sessions.set(sessionKey(session.chargerId, session.transaction), session)
    // a Map is in order of insertion: the first is the oldest
    const oldest = this.#sessions.size > this.#keep ? this.#sessions.keys().next() : undefined
    if (oldest?.done === false) this.#sessions.delete(oldest.value)
  }

  sessionFinished(
    chargerId: string,
    transaction: number,
    end: { readonly at: Date; readonly meterStopWh: number; readonly reason: StopReason; readonly energyWh: number },
  ): void {
    this.#finished += 1
    this.#energyWh += end.energyWh
    const key = sessionKey(chargerId, transaction)
    const session = this.#sessions.get(key)
    if (session)
      this.#sessions.set(key, { ...session, stoppedAt: end.at, meterStopWh: end.meterStopWh, reason: end.reason })
  }

  driverRefused(): void {
    this.#refused += 1
  }

  #append<T>(list: T[], entry: T): void {
    list.push(entry)
    // cut in blocks: moving the whole list for each entry would cost more than the entry
    if (list.length > this.#keep * 1.1 + 100) list.splice(0, list.length - this.#keep)
  }
}

/** Every transaction message was acknowledged and no repeat was taken for something new. */
export const isClean = (summary: LedgerSummary): boolean =>
  summary.pending === 0 && summary.dropped === 0 && summary.contradictions === 0
