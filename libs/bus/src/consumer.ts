import type { Msg } from 'nats'
import { BusError } from './bus-error.ts'
import type { Connection } from './connection.ts'
import { BATCH, createConsumer, NANOS_PER_MS, parseDelivery } from './consumer-protocol.ts'
import type { Delivery } from './consumer-protocol.ts'
import { askApi, checkName } from './jet-stream.ts'
import type { StoredMessage } from './jet-stream.ts'

export interface ConsumeOptions {
  /**
   * The server keeps the position under this name, and readers of the same name share the messages: at least once each,
   * in order as long as nobody fails. Without it the position is ours, for as long as we read: in order, without a gap.
   */
  readonly durable?: string
  /** The first sequence to read (default 1). A durable position that exists already goes on from where it is. */
  readonly startSequence?: number
  /** Only subjects that match. */
  readonly filterSubject?: string
  /** Durable only: after this time without a sign of life the server gives the message to another reader. Default 30,000. */
  readonly ackWaitMs?: number
  /** Hears of failing handlers and lost consumers; reading goes on. Default: the log of the bus. */
  readonly onError?: (error: Error) => void
}

export interface ConsumedMessage extends StoredMessage {
  /** How often the handler has had this message before in this process. */
  readonly failures: number
  /** How many more the stream holds for us now; 0 = caught up. */
  readonly pending: number
}

export interface Consumer {
  /** Resolves when the running handler has ended; messages read ahead go to the next reader of the name, after about 5 s. */
  stop(): Promise<void>
}

interface Internals extends ConsumeOptions {
  readonly lastPerSubject?: boolean
  readonly onCreated?: (pending: number) => void
}

const PULL_EXPIRES_MS = 5_000
/** A pull that got neither messages nor its end this long after it expired was lost. */
const PULL_GRACE_MS = 3_000
const ACK = Buffer.from('+ACK')
const IN_PROGRESS = Buffer.from('+WPI')

/**
 * Reads a stream, one message at a time; acknowledged when the handler's promise resolves. A handler that fails gets the
 * same message again with growing pauses (0.1 to 10 s): nothing is skipped. To skip, log and return.
 * Errors: BusError `no-stream` or `refused` if reading cannot begin; later faults are reported, and reading resumes.
 */
export async function openConsumer(
  connection: Connection,
  stream: string,
  options: Internals,
  handler: (message: ConsumedMessage) => Promise<void> | void,
  onEnd: (consumer: Consumer) => void,
): Promise<Consumer> {
  checkName('stream', stream)
  if (options.durable !== undefined) checkName('durable consumer', options.durable)
  const {
    durable,
    ackWaitMs = 30_000,
    onError = (error) => connection.log(`reading ${stream}: ${error.message}`),
  } = options
  const inbox = connection.newInbox()
  const held: Delivery[] = []
  let position = (options.startSequence ?? 1) - 1 // the last stream sequence that was handled
  let seenAny = false
  let consumerSequence = 0
  let pullNumber = 0
  let pulledAt = 0
  let outstanding = 0
  let lost: Error | undefined
  let stopped = false
  let wake = (): void => {}
  const report = (error: unknown): void => {
    try {
      onError(error instanceof Error ? error : new Error(String(error)))
    } catch (failure) {
      connection.log(`the error handler of stream ${stream} failed: ${String(failure)}`)
    }
  }

  /** Waits until something happens or the time is up. */
  const nap = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const receive = (error: Error | null, message: Msg): void => {
    if (error !== null) lost = error
    else if (message.subject.startsWith(inbox)) receiveStatus(message)
    else {
      const delivery = parseDelivery(message)
      if (delivery === undefined) return
      outstanding = Math.max(0, outstanding - 1)
      if (durable === undefined) {
        consumerSequence += 1
        // a message on the way to us was lost: read again from the last one handled
        if (delivery.consumerSequence !== consumerSequence)
          lost = new BusError('disconnected', `a gap in stream ${stream}`)
      }
      if (lost === undefined || durable !== undefined) held.push(delivery)
    }
    wake()
  }
  const receiveStatus = (message: Msg): void => {
    if (message.subject !== `${inbox}.${pullNumber}`) return
    const code = message.headers?.code ?? 0
    const description = message.headers?.description ?? ''
    if (code === 100) return
    outstanding = 0
    if (code === 503 || /consumer deleted|consumer is push|leadership change/i.test(description)) {
      lost = new BusError(
        'disconnected',
        `the consumer on stream ${stream} is gone (${description || 'no responders'})`,
      )
    }
  }

  const create = async (): Promise<string> => {
    const { name, pending } = await createConsumer(connection, stream, { ...options, ackWaitMs }, position + 1, seenAny)
    options.onCreated?.(pending)
    return name
  }
  let name = await create()
  const subscription = connection.subscribe(`${inbox}.*`, undefined, receive)
  const stopStatus = connection.onStatus((status) => {
    outstanding = 0
    if (status === 'reconnecting' && durable === undefined)
      lost = new BusError('disconnected', 'the bus connection broke')
    wake()
  })
  // what waits here behind a slow handler must not be given to another reader meanwhile
  const keepAlive =
    durable === undefined
      ? undefined
      : setInterval(() => {
          for (const { ackSubject } of held) connection.publish(ackSubject, IN_PROGRESS)
        }, ackWaitMs / 3)

  const pull = (): void => {
    pullNumber += 1
    pulledAt = Date.now()
    const body = Buffer.from(JSON.stringify({ batch: BATCH, expires: PULL_EXPIRES_MS * NANOS_PER_MS }))
    const sent = connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, body, {
      replyTo: `${inbox}.${pullNumber}`,
    })
    outstanding = sent ? BATCH : 0
  }

  /** Resolves true when handled, false when stopped before. */
  const handle = async (delivery: Delivery): Promise<boolean> => {
    for (let failures = 0; ; failures++) {
      try {
        await handler({ ...delivery, failures })
        return true
      } catch (error) {
        report(error)
        const until = Date.now() + Math.min(10_000, 100 * 2 ** failures)
        while (!stopped && Date.now() < until) await nap(until - Date.now())
        if (stopped) return false
      }
    }
  }

  const acknowledge = async (ackSubject: string): Promise<void> => {
    while (!connection.publish(ackSubject, ACK)) {
      if (stopped || connection.status() === 'closed') return // it will be delivered again
      await nap(1_000)
    }
  }

  const resume = async (): Promise<void> => {
    for (let failures = 0; !stopped; failures++) {
      try {
        // in naps, because stop() must not wait for a server that is away
        while (!stopped && connection.status() === 'reconnecting') await nap(1_000)
        if (stopped || connection.status() === 'closed') return
        held.length = 0
        consumerSequence = 0
        outstanding = 0
        lost = undefined
        name = await create()
        return
      } catch (error) {
        if (connection.status() === 'closed') throw error
        if ((error as BusError).fault !== 'disconnected') report(error)
        await nap(Math.min(5_000, 100 * 2 ** failures))
      }
    }
  }

  const read = async (): Promise<void> => {
    while (!stopped && connection.status() !== 'closed') {
      if (lost !== undefined) {
        if ((lost as BusError).fault !== 'disconnected') report(lost)
        await resume()
        continue
      }
      if (outstanding === 0 && held.length <= BATCH / 2 && connection.status() === 'connected') pull()
      const delivery = held[0]
      if (delivery === undefined) {
        const giveUpAt = pulledAt + PULL_EXPIRES_MS + PULL_GRACE_MS
        await nap(Math.max(10, giveUpAt - Date.now()))
        if (held.length === 0 && Date.now() >= giveUpAt) outstanding = 0
        continue
      }
      if (!(await handle(delivery))) return
      position = delivery.seq
      seenAny = true
      if (held[0] === delivery) held.shift()
      if (durable !== undefined) await acknowledge(delivery.ackSubject)
    }
  }

  const reading = read()
    .catch((error: unknown) => {
      if (connection.status() !== 'closed') report(error)
    })
    // oxlint-disable-next-line typescript/no-misused-promises -- finally waits for what it is given
    .finally(async () => {
      clearInterval(keepAlive)
      stopStatus()
      const away = connection.status() !== 'connected'
      if (!subscription.isClosed() && (away || durable === undefined)) subscription.unsubscribe()
      if (away) return
      if (durable === undefined) {
        void askApi(connection, `CONSUMER.DELETE.${stream}.${name}`).catch(() => {}) // else it goes by itself after a minute
        return
      }
      // What is on its way to us still arrives, and only then, when the server knows that our pull is over, all of it goes back.
      if (!subscription.isClosed()) await subscription.drain().catch(() => {})
      // Not before our last pull has expired: nats-server 2.9 can lose a message given back to a pull that nobody hears
      // any more, and find it again only after the ack wait.
      const delay = Math.max(0, pulledAt + PULL_EXPIRES_MS + 200 - Date.now()) * NANOS_PER_MS
      const giveBack = Buffer.from(`-NAK ${JSON.stringify({ delay })}`)
      for (const { ackSubject } of held) connection.publish(ackSubject, giveBack)
    })
  const self: Consumer = {
    async stop() {
      stopped = true
      wake()
      await reading
      onEnd(self)
    },
  }
  return self
}
