import type { Msg } from 'nats'
import { BusError } from './bus-error.ts'
import type { Connection } from './connection.ts'
import type { MessageHeaders } from './message-headers.ts'
import { fromWire } from './message-headers.ts'

export interface ReceivedMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly headers: MessageHeaders
}

export interface RequestMessage extends ReceivedMessage {
  /** false: the sender asked for no reply, or the connection is away and the reply is lost. */
  reply(data: Uint8Array, headers?: MessageHeaders): boolean
}

export interface ResponderOptions {
  /** Responders of one queue group share the requests: each goes to one of them. */
  readonly queue?: string
  /** How many handlers run at a time; the others wait in order. Default 256. */
  readonly concurrency?: number
  /** How many messages may wait; more are dropped and reported, the requester times out. Default 10,000. */
  readonly maxWaiting?: number
  /** Hears of failing handlers, dropped messages and a refused subscription. Default: the log of the bus. */
  readonly onError?: (error: Error, subject: string) => void
}

export type ListenOptions = Omit<ResponderOptions, 'queue'>

/** A subscription and its running handlers. */
export interface Responder {
  /** Resolves when the server has registered it; rejects with BusError `permission-denied` when it refuses. */
  readonly ready: Promise<void>
  /** Unsubscribes at once. Waiting messages are dropped, running handlers run on and can still reply. */
  stop(): void
  /** Unsubscribes and resolves when every message that had arrived is handled. */
  drain(): Promise<void>
}

/** Subscribes with bounded concurrency. A handler that fails is reported and never ends the process. */
export function openResponder(
  connection: Connection,
  subject: string,
  options: ResponderOptions,
  handler: (message: RequestMessage) => Promise<void> | void,
  onEnd: (responder: Responder) => void,
): Responder {
  const { concurrency = 256, maxWaiting = 10_000 } = options
  if (!(concurrency >= 1)) throw new RangeError(`concurrency of ${subject} must be at least 1, not ${concurrency}`)
  const waiting: Msg[] = []
  let running = 0
  let refused: BusError | undefined
  let draining: Promise<void> | undefined
  let becameIdle: (() => void) | undefined

  const report = (error: unknown, at: string): void => {
    const known = error instanceof Error ? error : new Error(String(error))
    try {
      if (options.onError) options.onError(known, at)
      else connection.log(`handler of ${at} failed: ${known.stack ?? known.message}`)
    } catch (failure) {
      connection.log(`the error handler of ${at} failed: ${String(failure)}`)
    }
  }

  const run = async (message: Msg): Promise<void> => {
    try {
      await handler({
        subject: message.subject,
        data: message.data,
        headers: fromWire(message.headers),
        reply: (data, headers) =>
          message.reply !== undefined &&
          message.reply !== '' &&
          connection.publish(message.reply, data, headers && { headers }),
      })
    } catch (error) {
      report(error, message.subject)
    }
  }

  const runNext = (): void => {
    while (running < concurrency) {
      const message = waiting.shift()
      if (message === undefined) {
        if (running === 0) becameIdle?.()
        return
      }
      running += 1
      void run(message).then(() => {
        running -= 1
        runNext()
      })
    }
  }

  const subscription = connection.subscribe(subject, options.queue, (error, message) => {
    if (error !== null) {
      refused = new BusError('permission-denied', `the server does not let this user subscribe to ${subject}`, {
        cause: error,
      })
      report(refused, subject)
      return
    }
    if (waiting.length >= maxWaiting) {
      report(new Error(`a message was dropped: ${maxWaiting} are waiting already`), message.subject)
      return
    }
    waiting.push(message)
    runNext()
  })

  const ready = connection.confirmed().then(() => {
    if (refused !== undefined) throw refused
  })
  ready.catch(() => {}) // reported already; whoever waits for it still sees the rejection

  const self: Responder = {
    ready,
    stop() {
      onEnd(self)
      waiting.length = 0
      if (!subscription.isClosed()) subscription.unsubscribe()
    },
    drain() {
      draining ??= (async () => {
        if (!subscription.isClosed()) await subscription.drain().catch(() => {})
        if (running > 0 || waiting.length > 0) await new Promise<void>((resolve) => (becameIdle = resolve))
        onEnd(self)
      })()
      return draining
    },
  }
  return self
}
