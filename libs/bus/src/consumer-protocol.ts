import type { Msg } from 'nats'
import { BusError } from './bus-error.ts'
import type { Connection } from './connection.ts'
import { askApi, isMissing, refusal } from './jet-stream.ts'
import type { StoredMessage } from './jet-stream.ts'
import { fromWire } from './message-headers.ts'

/** How many messages a reader asks for at a time. */
export const BATCH = 200
export const NANOS_PER_MS = 1_000_000
const EPHEMERAL_LIFE_MS = 60_000

export interface ConsumerConfig {
  readonly durable?: string
  readonly filterSubject?: string
  readonly ackWaitMs: number
  readonly lastPerSubject?: boolean
}

/** A message with what JetStream says of its delivery. */
export type Delivery = StoredMessage & {
  readonly ackSubject: string
  readonly consumerSequence: number
  readonly pending: number
}

/** Finds the durable consumer or makes one; without a name a new one that goes by itself. `pending`: what it will deliver. */
export async function createConsumer(
  connection: Connection,
  stream: string,
  { durable, filterSubject, ackWaitMs, lastPerSubject }: ConsumerConfig,
  startSequence: number,
  seenAny: boolean,
): Promise<{ name: string; pending: number }> {
  type Answer = { name: string; num_pending: number; config: { filter_subject?: string } }
  if (durable !== undefined) {
    const existing = await askApi<Answer>(connection, `CONSUMER.INFO.${stream}.${durable}`)
    if ('ok' in existing) {
      const { filter_subject: theirs } = existing.ok.config
      if ((theirs ?? '') === (filterSubject ?? '')) return { name: durable, pending: existing.ok.num_pending }
      throw new BusError(
        'refused',
        `the durable consumer ${durable} of stream ${stream} filters ${JSON.stringify(theirs ?? '')}, not ${JSON.stringify(filterSubject ?? '')}: use another name`,
      )
    }
    if (!isMissing(existing.error.code)) throw refusal(`stream ${stream} cannot be read`, existing.error)
  }
  const start =
    lastPerSubject && !seenAny
      ? { deliver_policy: 'last_per_subject' }
      : startSequence > 1
        ? { deliver_policy: 'by_start_sequence', opt_start_seq: startSequence }
        : { deliver_policy: 'all' }
  const keeping =
    durable === undefined
      ? {
          ack_policy: 'none',
          max_deliver: 1,
          inactive_threshold: EPHEMERAL_LIFE_MS * NANOS_PER_MS,
          mem_storage: true,
          num_replicas: 1,
        }
      : {
          durable_name: durable,
          ack_policy: 'explicit',
          ack_wait: ackWaitMs * NANOS_PER_MS,
          max_deliver: -1,
          max_ack_pending: 5 * BATCH,
        }
  const config = {
    ...start,
    ...keeping,
    replay_policy: 'instant',
    ...(filterSubject !== undefined && { filter_subject: filterSubject }),
  }
  const operation = durable === undefined ? `CONSUMER.CREATE.${stream}` : `CONSUMER.DURABLE.CREATE.${stream}.${durable}`
  const answer = await askApi<Answer>(connection, operation, { stream_name: stream, config })
  if ('error' in answer) throw refusal(`stream ${stream} cannot be read`, answer.error)
  return { name: answer.ok.name, pending: answer.ok.num_pending }
}

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>`, newer servers put domain and account first. */
export function parseDelivery(message: Msg): Delivery | undefined {
  const words = message.reply?.split('.') ?? []
  if (words[0] !== '$JS' || words[1] !== 'ACK') return undefined
  const first = words.length > 9 ? 6 : 4
  const [, seq, consumerSequence, nanos, pending] = words.slice(first).map(Number)
  return {
    subject: message.subject,
    data: message.data,
    headers: fromWire(message.headers),
    seq: seq ?? 0,
    storedAt: Math.floor((nanos ?? 0) / NANOS_PER_MS),
    ackSubject: message.reply as string,
    consumerSequence: consumerSequence ?? 0,
    pending: pending ?? 0,
  }
}
