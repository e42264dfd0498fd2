import type { BusStatus, ConnectOptions, RequestOptions, RequestOutcome } from './connection.ts'
import { openConnection } from './connection.ts'
import type { ConsumedMessage, ConsumeOptions, Consumer } from './consumer.ts'
import { openConsumer } from './consumer.ts'
import type {
  DurablePublishOptions,
  DurablePublishOutcome,
  StoredMessage,
  StreamConfig,
  StreamState,
} from './jet-stream.ts'
import { ensureStream, lastMessage, publishDurable } from './jet-stream.ts'
import type { KeyValue, KeyValueConfig } from './key-value.ts'
import { openKeyValue } from './key-value.ts'
import type { MessageHeaders } from './message-headers.ts'
import type { ListenOptions, ReceivedMessage, RequestMessage, Responder, ResponderOptions } from './responder.ts'
import { openResponder } from './responder.ts'

/**
 * The message bus. What the network does (nobody there, too late, cut off) comes back as a typed outcome;
 * what is wrong with the call (a bad subject, no permission, too large a payload) is thrown as BusError.
 */
export interface Bus {
  /** Asks, and waits for one answer. Away: `disconnected` at once. Nobody subscribed: `no-responders` within a round trip. */
  request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<RequestOutcome>
  /** Answers requests. A handler that fails or does not reply leaves the requester to its timeout. */
  respond(subject: string, options: ResponderOptions, handler: (message: RequestMessage) => Promise<void>): Responder
  /** At most once. false: the connection is away and the message was not sent. */
  publish(subject: string, payload: Uint8Array, headers?: MessageHeaders): boolean
  /** Hears messages, one at a time and in order unless `concurrency` says otherwise. Never on a subject of requests: see the README. */
  listen(
    subject: string,
    handler: (message: ReceivedMessage) => Promise<void> | void,
    options?: ListenOptions,
  ): Responder
  /** Resolves when the server has seen everything sent so far. Errors: BusError `disconnected`. */
  flush(): Promise<void>

  ensureStream(config: StreamConfig): Promise<StreamState>
  publishDurable(subject: string, data: Uint8Array, options?: DurablePublishOptions): Promise<DurablePublishOutcome>
  consume(
    stream: string,
    options: ConsumeOptions,
    handler: (message: ConsumedMessage) => Promise<void> | void,
  ): Promise<Consumer>
  lastMessage(stream: string, subject?: string): Promise<StoredMessage | undefined>
  keyValue(bucket: string, config?: KeyValueConfig): Promise<KeyValue>

  status(): BusStatus
  /** Returns the way to stop listening. */
  onStatus(listener: (status: BusStatus) => void): () => void
  /** Takes no more messages, lets running handlers and requests end, closes. Resolves with false if that took too long (default 10 s). */
  drain(options?: { readonly timeoutMs?: number }): Promise<boolean>
  /** Closes at once: waiting requests get `disconnected`, running handlers cannot reply any more. */
  close(): Promise<void>
}

/** Connects to NATS, and from then on reconnects for ever, with backoff and jitter. Errors: BusError `connect-failed`. */
export async function connectBus(options: ConnectOptions): Promise<Bus> {
  const connection = await openConnection(options)
  const responders = new Set<Responder>()
  const consumers = new Set<Consumer>()
  const track = {
    add: (consumer: Consumer) => consumers.add(consumer),
    remove: (consumer: Consumer) => consumers.delete(consumer),
  }

  const open = (
    subject: string,
    responderOptions: ResponderOptions,
    handler: (message: RequestMessage) => Promise<void> | void,
  ): Responder => {
    const responder = openResponder(connection, subject, responderOptions, handler, (ended) => responders.delete(ended))
    responders.add(responder)
    return responder
  }
  const stopConsumers = (): Promise<unknown> => Promise.allSettled([...consumers].map((consumer) => consumer.stop()))

  return {
    request: (subject, payload, requestOptions) => connection.request(subject, payload, requestOptions),
    respond: (subject, responderOptions, handler) => open(subject, responderOptions, handler),
    publish: (subject, payload, headers) => connection.publish(subject, payload, headers && { headers }),
    listen: (subject, handler, listenOptions = {}) => open(subject, { concurrency: 1, ...listenOptions }, handler),
    flush: () => connection.flush(),

    ensureStream: (config) => ensureStream(connection, config),
    publishDurable: (subject, data, publishOptions) => publishDurable(connection, subject, data, publishOptions),
    async consume(stream, consumeOptions, handler) {
      const consumer = await openConsumer(connection, stream, consumeOptions, handler, track.remove)
      track.add(consumer)
      return consumer
    },
    lastMessage: (stream, subject) => lastMessage(connection, stream, subject),
    keyValue: (bucket, config = {}) => openKeyValue(connection, bucket, config, track),

    status: () => connection.status(),
    onStatus: (listener) => connection.onStatus(listener),
    async drain({ timeoutMs = 10_000 } = {}) {
      let timer: NodeJS.Timeout | undefined
      const tooLong = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)))
      const drained = (async () => {
        await Promise.allSettled([...[...responders].map((responder) => responder.drain()), stopConsumers()])
        await connection.idle()
        // the last replies are on their way only when the server has seen them
        await connection.flush().catch(() => {})
        return true
      })()
      const inTime = await Promise.race([drained, tooLong])
      clearTimeout(timer)
      await connection.close()
      return inTime
    },
    async close() {
      for (const responder of responders) responder.stop()
      await connection.close()
      void stopConsumers() // their handlers may still run; the loop ends with them
    },
  }
}
