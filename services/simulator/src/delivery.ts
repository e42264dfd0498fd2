import { randomUUID } from 'node:crypto'
import type { Brand } from './brands.ts'
import type { Configuration } from './configuration.ts'
import type { Ledger } from './ledger.ts'
import type { CallOutcome } from './link.ts'
import { MessageQueue } from './message-queue.ts'
import type { Payload } from './payload.ts'
import type { Random } from './random.ts'

export type DeliveryOptions = {
  readonly chargerId: string
  readonly brand: Brand
  readonly configuration: Configuration
  readonly ledger: Ledger
  readonly random: Random
  readonly call: (action: string, payload: Payload, messageId: string) => Promise<CallOutcome>
}

/** A charger's queue of transaction messages: as persistent as brand and configuration say, and every acknowledgement in the ledger. */
export function createDelivery({
  chargerId,
  brand,
  configuration,
  ledger,
  random,
  call,
}: DeliveryOptions): MessageQueue {
  return new MessageQueue({
    random,
    nextMessageId: randomUUID,
    transmit: (message, payload, messageId) => call(message.action, payload, messageId),
    policy: () => ({
      ...brand.retry,
      attempts: configuration.number('TransactionMessageAttempts'),
      intervalMs: configuration.number('TransactionMessageRetryInterval') * 1_000,
    }),
    events: {
      queued: () => ledger.messageQueued(),
      acknowledged: ({ action, connectorId, transaction }, { repeat, ...delivery }) => {
        const named = (action === 'StartTransaction' ? delivery.answer : delivery.payload)['transactionId']
        const transactionId = typeof named === 'number' ? named : undefined
        const acknowledgedAt = new Date()
        ledger.messageAcknowledged(
          { chargerId, action, connectorId, transaction, transactionId, acknowledgedAt, ...delivery },
          repeat,
        )
      },
      dropped: ({ action, transaction }, { why, detail, wasAnswered }) => {
        if (!wasAnswered) ledger.messageDropped({ chargerId, action, transaction, why, detail })
      },
    },
  })
}
