import { WebSocket } from 'ws'
import type { RawData } from 'ws'
import type { Payload } from './payload.ts'

/** How a CALL ended. `closed`: the connection broke first, so nobody knows whether it was handled. */
export type CallOutcome =
  | { readonly type: 'result'; readonly payload: Payload }
  | { readonly type: 'error'; readonly code: string; readonly description: string }
  | { readonly type: 'timeout' }
  | { readonly type: 'closed' }

/** What a charger answers to the central system's CALL; `after` runs once the answer has been written. */
export type Answer =
  | { readonly payload: Payload; readonly after?: () => void }
  | { readonly errorCode: string; readonly description: string }

export type LinkOptions = {
  readonly url: string
  readonly chargerId: string
  readonly password?: string | undefined
  /** Milliseconds between WebSocket pings; 0 = none, and then a dead connection goes unnoticed until a CALL times out. */
  readonly pingMs: number
  readonly answersPings: boolean
  readonly callTimeoutMs: number
  readonly nextMessageId: () => string
  readonly onCall: (action: string, payload: unknown) => Answer
}

const handshakeTimeoutMs = 15_000

/**
 * One OCPP-J 1.6 connection from the charger's side: one outstanding CALL at a time (§4.1.1), the others wait in order;
 * CALLs of the central system are answered meanwhile.
 */
export class Link {
  readonly #socket: WebSocket
  readonly #options: LinkOptions
  #pending: { id: string; settle: (outcome: CallOutcome) => void } | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #pinging: NodeJS.Timeout | undefined
  #heard = true
  #open = true
  /** Resolves when the connection is gone, with its close code. */
  readonly closed: Promise<number>

  private constructor(socket: WebSocket, options: LinkOptions) {
    this.#socket = socket
    this.#options = options
    this.closed = new Promise((resolve) => {
      socket.once('close', (code) => {
        this.#open = false
        clearInterval(this.#pinging)
        this.#pending?.settle({ type: 'closed' })
        resolve(code)
      })
    })
    // `close` follows every error
    socket.on('error', () => undefined)
    socket.on('message', (data, binary) => this.#receive(data, binary))
    socket.on('pong', () => (this.#heard = true))
    socket.on('ping', () => (this.#heard = true))
    if (options.pingMs > 0) this.#pinging = setInterval(() => this.#ping(), options.pingMs)
  }

  /** Connects; throws when the server refuses the upgrade, cannot be reached, or the signal is aborted first. */
  static connect(options: LinkOptions, signal: AbortSignal): Promise<Link> {
    const { chargerId, password } = options
    const socket = new WebSocket(`${options.url.replace(/\/+$/, '')}/${encodeURIComponent(chargerId)}`, ['ocpp1.6'], {
      perMessageDeflate: false,
      autoPong: options.answersPings,
      handshakeTimeout: handshakeTimeoutMs,
      // OCPP-J 1.6 §6.2.1; the id may hold ':', so no URL userinfo
      ...(password !== undefined && {
        headers: { authorization: `Basic ${Buffer.from(`${chargerId}:${password}`).toString('base64')}` },
      }),
    })
    return new Promise((resolve, reject) => {
      const abort = () => socket.terminate()
      signal.addEventListener('abort', abort, { once: true })
      const settled = () => {
        signal.removeEventListener('abort', abort)
        socket.off('error', failed)
      }
      const failed = (error: Error) => {
        settled()
        // terminating a socket that still connects emits one more error
        socket.on('error', () => undefined)
        reject(error)
      }
      socket.once('error', failed)
      socket.once('open', () => {
        settled()
        resolve(new Link(socket, options))
      })
      if (signal.aborted) abort()
    })
  }

  get open(): boolean {
    return this.#open
  }

  /** Sends a CALL when its turn comes and waits for its answer; never rejects. */
  call(action: string, payload: Payload | null, messageId = this.#options.nextMessageId()): Promise<CallOutcome> {
    const outcome = this.#turn.then(() => this.#exchange(action, payload, messageId))
    this.#turn = outcome
    return outcome
  }

  /** Closes the connection; without `politely` it is cut as by a power failure. */
  close(politely = true): void {
    if (politely) this.#socket.close(1000)
    else this.#socket.terminate()
  }

  #exchange(action: string, payload: Payload | null, id: string): Promise<CallOutcome> {
    if (!this.#open || this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve({ type: 'closed' })
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle({ type: 'timeout' }), this.#options.callTimeoutMs)
      const settle = (outcome: CallOutcome) => {
        clearTimeout(timer)
        this.#pending = undefined
        resolve(outcome)
      }
      this.#pending = { id, settle }
      this.#send([2, id, action, payload])
    })
  }

  #send(frame: readonly unknown[]): void {
    // a failed write is followed by `close`
    this.#socket.send(JSON.stringify(frame), () => undefined)
  }

  #receive(data: RawData, binary: boolean): void {
    this.#heard = true
    const frame = binary ? undefined : readFrame(data)
    if (!frame) return
    const [type, id] = frame
    if (type === 2 && typeof id === 'string' && typeof frame[2] === 'string')
      return this.#answer(id, frame[2], frame[3])
    // an answer to nothing that is open: a repeat, or too late
    if (id !== this.#pending?.id) return
    if (type === 3) this.#pending?.settle({ type: 'result', payload: isObject(frame[2]) ? frame[2] : {} })
    if (type === 4)
      this.#pending?.settle({
        type: 'error',
        code: String(frame[2]),
        description: typeof frame[3] === 'string' ? frame[3] : '',
      })
  }

  #answer(id: string, action: string, payload: unknown): void {
    const answer = this.#options.onCall(action, payload)
    if ('errorCode' in answer) return this.#send([4, id, answer.errorCode, answer.description, {}])
    this.#socket.send(JSON.stringify([3, id, answer.payload]), () => answer.after?.())
  }

  #ping(): void {
    // two intervals without a sign of life: the connection is half open
    if (!this.#heard) return this.#socket.terminate()
    this.#heard = false
    this.#socket.ping()
  }
}

function readFrame(data: RawData): readonly unknown[] | undefined {
  try {
    const frame: unknown = JSON.parse(
      Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.concat(data as Buffer[]).toString('utf8'),
    )
    return Array.isArray(frame) ? frame : undefined
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Payload =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
