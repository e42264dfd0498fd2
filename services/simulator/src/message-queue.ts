import { sleep } from '@voltrail/runtime/ticker'
import type { CallOutcome } from './link.ts'
import type { Payload } from './payload.ts'
import type { Random } from './random.ts'

export type TransactionAction = 'StartTransaction' | 'MeterValues' | 'StopTransaction'

export type TransactionMessage = {
  readonly action: TransactionAction
  readonly connectorId: number
  /** The charger's own number of the transaction. */
  readonly transaction: number
  /** Intermediate values, given up first when memory is short. */
  readonly droppable: boolean
  /** Made when it is sent: a stop needs the transaction id that the start's answer has brought meanwhile. */
  readonly payload: () => Payload
  /** The central system's answer. */
  readonly answered: (payload: Payload) => void
}

/** How persistent a charger is; read anew for each decision, since the central system may change the numbers. */
export type RetryPolicy = {
  /** TransactionMessageAttempts: how often a message is sent that fails. */
  readonly attempts: number
  /** TransactionMessageRetryInterval: the wait after the first failure, milliseconds; it grows with each attempt. */
  readonly intervalMs: number
  readonly messageId: 'same' | 'new'
  readonly countsCutAttempts: boolean
  /** How often (0 to 1) an answer is overheard and the message sent again. */
  readonly missedAnswers: number
}

export type Delivery = {
  readonly messageId: string
  /** How often it had been sent by then. */
  readonly attempt: number
  readonly payload: Payload
  readonly answer: Payload
  /** It had been answered before. */
  readonly repeat: boolean
}

export type Loss = {
  /** `forgotten`: never sent, because memory was full. */
  readonly why: 'rejected' | 'unanswered' | 'forgotten'
  readonly detail: string
  /** It was answered once, but the charger overheard that. */
  readonly wasAnswered: boolean
}

/** What becomes of messages, for the ledger. */
export type QueueEvents = {
  queued(message: TransactionMessage): void
  acknowledged(message: TransactionMessage, delivery: Delivery): void
  dropped(message: TransactionMessage, loss: Loss): void
}

export type QueueOptions = {
  readonly transmit: (message: TransactionMessage, payload: Payload, messageId: string) => Promise<CallOutcome>
  readonly policy: () => RetryPolicy
  readonly nextMessageId: () => string
  readonly random: Random
  readonly events: QueueEvents
  /** Messages kept at most; then intermediate values are no longer taken. */
  readonly capacity?: number
}

type Entry = { readonly message: TransactionMessage; messageId: string; attempts: number; overheard: boolean }

/**
 * The transaction-related messages of one charger (OCPP 1.6 §3.7.1, §4.9): strictly in order, one at a time, kept while the charger is
 * offline or restarts, sent again after a failure as TransactionMessageAttempts and TransactionMessageRetryInterval say.
 */
export class MessageQueue {
  readonly #options: QueueOptions
  readonly #entries: Entry[] = []
  #gate: AbortController | undefined
  #running: Promise<void> = Promise.resolve()
  #working = false

  constructor(options: QueueOptions) {
    this.#options = options
  }

  /** How many messages wait for their acknowledgement. */
  get size(): number {
    return this.#entries.length
  }

  add(message: TransactionMessage): void {
    const { events, nextMessageId, capacity = 1_000 } = this.#options
    events.queued(message)
    if (message.droppable && this.#entries.length >= capacity) {
      events.dropped(message, {
        why: 'forgotten',
        detail: `${this.#entries.length} messages are waiting`,
        wasAnswered: false,
      })
      return
    }
    this.#entries.push({ message, messageId: nextMessageId(), attempts: 0, overheard: false })
    this.#work()
  }

  /** The central system can be reached: deliver. */
  resume(): void {
    this.#gate ??= new AbortController()
    this.#work()
  }

  /** The connection is gone: keep everything. */
  pause(): void {
    this.#gate?.abort()
    this.#gate = undefined
  }

  /** Nothing is sent any more once this resolves. */
  async stop(): Promise<void> {
    this.pause()
    await this.#running
  }

  #work(): void {
    if (this.#working || !this.#gate || this.#entries.length === 0) return
    this.#working = true
    this.#running = this.#deliver(this.#gate.signal).finally(() => {
      this.#working = false
      this.#work()
    })
  }

  async #deliver(signal: AbortSignal): Promise<void> {
    for (let entry = this.#entries[0]; entry && !signal.aborted; entry = this.#entries[0]) {
      const { message } = entry
      const policy = this.#options.policy()
      if (entry.attempts > 0 && policy.messageId === 'new') entry.messageId = this.#options.nextMessageId()
      entry.attempts += 1
      const payload = message.payload()
      const outcome = await this.#options.transmit(message, payload, entry.messageId)
      switch (outcome.type) {
        case 'result':
          this.#acknowledged(entry, payload, outcome.payload, policy)
          break
        case 'closed':
          if (!policy.countsCutAttempts) entry.attempts -= 1
          else if (entry.attempts >= policy.attempts) this.#drop('unanswered', 'the connection broke')
          return
        case 'error':
        case 'timeout': {
          const detail = outcome.type === 'error' ? `${outcome.code} ${outcome.description}` : 'no answer in time'
          if (entry.attempts >= policy.attempts)
            this.#drop(outcome.type === 'error' ? 'rejected' : 'unanswered', detail)
          // §4.9: the interval, times the number of preceding transmissions
          else if (!(await sleep(policy.intervalMs * entry.attempts, signal))) return
        }
      }
    }
  }

  #acknowledged(entry: Entry, payload: Payload, answer: Payload, policy: RetryPolicy): void {
    const { events, random } = this.#options
    events.acknowledged(entry.message, {
      messageId: entry.messageId,
      attempt: entry.attempts,
      payload,
      answer,
      repeat: entry.overheard,
    })
    // an answer that gets lost on its way: the charger sends the message again, once
    if (!entry.overheard && random() < policy.missedAnswers) {
      entry.overheard = true
      return
    }
    this.#entries.shift()
    entry.message.answered(answer)
  }

  #drop(why: 'rejected' | 'unanswered', detail: string): void {
    const entry = this.#entries.shift()
    if (entry) this.#options.events.dropped(entry.message, { why, detail, wasAnswered: entry.overheard })
  }
}
