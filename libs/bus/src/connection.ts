import type { Msg, NatsError, Subscription } from 'nats'
import { createInbox, Empty, ErrorCode } from 'nats'
import { BusError } from './bus-error.ts'
import { coalesceWrites } from './coalesced-writes.ts'
import { dial } from './dial.ts'
import type { MessageHeaders } from './message-headers.ts'
import { fromWire, toWire } from './message-headers.ts'
import { checkSubject } from './subject.ts'

export interface ConnectOptions {
  /** One server or several of a cluster, separated by commas: `nats://host:4222`. `tls://` asks for TLS. */
  readonly url: string
  /** Shown in the server's list of connections. */
  readonly name: string
  readonly credentials?: BusCredentials
  /** Files in PEM. `ca`: whom to trust instead of the system's list; `cert` and `key`: our own certificate. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string }
  /** Gets a line at each change of the connection and each error of the server. */
  readonly log?: (line: string) => void
}

export type BusCredentials =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }
  /** The text of a `.creds` file (JWT and seed). */
  | { readonly creds: string }

export type BusStatus = 'connected' | 'reconnecting' | 'closed'

/** `sent: false`: it never left. `sent: true`: the connection broke while waiting; the responder may have acted. */
export type RequestOutcome =
  | { readonly kind: 'reply'; readonly data: Uint8Array; readonly headers: MessageHeaders }
  | { readonly kind: 'no-responders' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'disconnected'; readonly sent: boolean }

export interface RequestOptions {
  readonly timeoutMs: number
  readonly headers?: MessageHeaders
}

/** The connection as the other files of this library use it. */
export interface Connection {
  readonly log: (line: string) => void
  status(): BusStatus
  onStatus(listener: (status: BusStatus) => void): () => void
  /** Resolves when connected, at once or later; rejects when closed. */
  whenConnected(): Promise<void>
  request(subject: string, data: Uint8Array, options: RequestOptions): Promise<RequestOutcome>
  publish(subject: string, data: Uint8Array, options?: { headers?: MessageHeaders; replyTo?: string }): boolean
  subscribe(
    subject: string,
    queue: string | undefined,
    receive: (error: Error | null, message: Msg) => void,
  ): Subscription
  /** Resolves when the server has seen everything sent before, over a reconnect if need be. */
  confirmed(): Promise<void>
  flush(): Promise<void>
  newInbox(): string
  /** Resolves when no request of ours waits for its answer. */
  idle(): Promise<void>
  close(): Promise<void>
}

const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 5_000

/** Opens one connection; it reconnects for ever until closed. Errors: BusError `connect-failed` if the first attempt fails. */
export async function openConnection(options: ConnectOptions): Promise<Connection> {
  const log = options.log ?? (() => {})
  let attempts = 0
  let delayMs = FIRST_DELAY_MS
  const nextDelay = (): void => {
    const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempts)
    delayMs = ceiling / 2 + (Math.random() * ceiling) / 2 // half fixed, half jitter: pods must not come back in step
    attempts += 1
  }
  const nc = await dial(options, () => delayMs)
  const writeNow = coalesceWrites(nc)

  let status: BusStatus = 'connected'
  const listeners = new Set<(status: BusStatus) => void>()
  const inFlight = new Set<() => void>()
  const becameIdle = new Set<() => void>()
  const change = (next: BusStatus): void => {
    if (status === next || status === 'closed') return
    status = next
    log(`bus connection ${options.name}: ${next}`)
    if (next !== 'connected') for (const giveUp of inFlight) giveUp()
    for (const listener of listeners) {
      try {
        listener(next)
      } catch (error) {
        log(`a bus status listener failed: ${String(error)}`)
      }
    }
  }
  void nc.closed().then(() => change('closed'))
  void (async () => {
    for await (const event of nc.status()) {
      const type: string = event.type
      if (type === 'reconnecting') nextDelay()
      if (type === 'disconnect') change('reconnecting')
      if (type === 'reconnect') {
        attempts = 0
        change('connected')
      }
      if (type === 'error')
        log(`bus connection ${options.name}: the server says ${JSON.stringify(event.permissionContext ?? event.data)}`)
    }
  })()

  const settled = (giveUp: () => void): void => {
    inFlight.delete(giveUp)
    if (inFlight.size > 0) return
    for (const resolve of becameIdle) resolve()
    becameIdle.clear()
  }

  const self: Connection = {
    log,
    status: () => status,
    onStatus(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    whenConnected() {
      if (status === 'connected') return Promise.resolve()
      return new Promise((resolve, reject) => {
        const closed = (): void => reject(new BusError('disconnected', 'the bus connection is closed'))
        if (status === 'closed') return closed()
        const stopListening = self.onStatus((next) => {
          if (next === 'reconnecting') return
          stopListening()
          if (next === 'connected') resolve()
          else closed()
        })
      })
    },
    request(subject, data, { timeoutMs, headers }) {
      return new Promise((resolve, reject) => {
        checkSubject(subject)
        if (!(timeoutMs >= 1))
          throw new RangeError(`timeoutMs of a request to ${subject} must be at least 1, not ${timeoutMs}`)
        if (status !== 'connected') return resolve({ kind: 'disconnected', sent: false })
        const wireHeaders = headers && toWire(headers)
        const giveUp = (): void => {
          settled(giveUp)
          resolve({ kind: 'disconnected', sent: true })
        }
        inFlight.add(giveUp)
        nc.request(subject, data, { timeout: timeoutMs, ...(wireHeaders && { headers: wireHeaders }) }).then(
          (message) => {
            settled(giveUp)
            resolve({ kind: 'reply', data: message.data, headers: fromWire(message.headers) })
          },
          (error: NatsError) => {
            settled(giveUp)
            const outcome = outcomeOf(error, status)
            if (outcome === undefined) reject(faultOf(error, subject, data.length))
            else resolve(outcome)
          },
        )
      })
    },
    publish(subject, data, { headers, replyTo } = {}) {
      checkSubject(subject)
      const wireHeaders = headers && toWire(headers)
      // The client would keep it and drop it at the next attempt to connect: better to say so.
      if (status !== 'connected') return false
      try {
        nc.publish(subject, data, {
          ...(replyTo !== undefined && { reply: replyTo }),
          ...(wireHeaders && { headers: wireHeaders }),
        })
        return true
      } catch (error) {
        if (isAway(error as NatsError)) return false
        throw faultOf(error as NatsError, subject, data.length)
      }
    },
    subscribe(subject, queue, receive) {
      checkSubject(subject, true)
      try {
        return nc.subscribe(subject, { callback: receive, ...(queue !== undefined && { queue }) })
      } catch (error) {
        throw faultOf(error as NatsError, subject, 0)
      }
    },
    async confirmed() {
      for (;;) {
        await self.whenConnected()
        try {
          return await nc.flush()
        } catch (error) {
          if ((error as NatsError).code === ErrorCode.ConnectionClosed) {
            throw new BusError('disconnected', 'the bus connection is closed', { cause: error })
          }
          await waitForTick() // the status follows the error
        }
      }
    },
    async flush() {
      if (status !== 'connected') throw new BusError('disconnected', `the bus connection is ${status}`)
      try {
        await nc.flush()
      } catch (cause) {
        throw new BusError('disconnected', 'the bus connection broke during a flush', { cause })
      }
    },
    newInbox: () => createInbox(),
    idle: () => (inFlight.size === 0 ? Promise.resolve() : new Promise((resolve) => becameIdle.add(resolve))),
    async close() {
      change('closed') // first: the client would tell waiting requests that they timed out
      writeNow()
      await nc.close()
    },
  }
  return self
}

function waitForTick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10))
}

function isAway(error: NatsError): boolean {
  const { code } = error
  return code === ErrorCode.ConnectionClosed || code === ErrorCode.ConnectionDraining || code === ErrorCode.Disconnect
}

function outcomeOf(error: NatsError, status: BusStatus): RequestOutcome | undefined {
  if (error.code === ErrorCode.NoResponders) return { kind: 'no-responders' }
  // closing lets every waiting request time out at once
  if (error.code === ErrorCode.Timeout)
    return status === 'connected' ? { kind: 'timeout' } : { kind: 'disconnected', sent: true }
  if (isAway(error)) return { kind: 'disconnected', sent: false }
  return undefined
}

function faultOf(error: NatsError, subject: string, size: number): Error {
  if (error.code === ErrorCode.MaxPayloadExceeded) {
    return new BusError(
      'payload-too-large',
      `a message of ${size} bytes to ${subject} is larger than the server takes (max_payload)`,
      { cause: error },
    )
  }
  if (error.code === ErrorCode.PermissionsViolation) {
    return new BusError('permission-denied', `the server does not let this user use ${subject}`, { cause: error })
  }
  if (isAway(error))
    return new BusError('disconnected', `the bus connection is closed: ${subject} cannot be used`, { cause: error })
  return error
}

export const noData: Uint8Array = Empty
