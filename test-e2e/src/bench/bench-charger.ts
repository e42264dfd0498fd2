import type { IncomingMessage } from 'node:http'
import { connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import type { Latencies } from './latencies.ts'

export interface BenchChargerOptions {
  /** up to and including `/ocpp` */
  readonly url: string
  readonly id: string
  readonly latencies: Latencies
  /** PEM; for wss */
  readonly ca?: string | undefined
}

type Payload = Readonly<Record<string, unknown>>
interface Open {
  readonly id: string
  readonly action: string
  readonly sentAt: number
  resolve(payload: Payload): void
  reject(error: Error): void
}

/** A charger that is a socket and one open CALL, so that the load costs little beside what is measured. */
export class BenchCharger {
  readonly id: string
  readonly #options: BenchChargerOptions
  #socket: WebSocket | undefined
  #open: Open | undefined
  #sent = 0
  #failed: Error | undefined
  /** of its meter; goes up with each session */
  #registerWh = 1_000

  constructor(options: BenchChargerOptions) {
    this.#options = options
    this.id = options.id
  }

  connect(): Promise<void> {
    const { url, id, ca } = this.#options
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${url}/${id}`, ['ocpp1.6'], {
        perMessageDeflate: false,
        ...(ca === undefined ? {} : { ca, createConnection: connectTls as never }),
      })
      this.#socket = socket
      socket.on('open', resolve)
      socket.on('message', (data: Buffer) => this.#answered(data))
      const ended = (error: Error) => {
        reject(error)
        this.#open?.reject(error)
        this.#open = undefined
      }
      socket.on('error', ended)
      socket.on('unexpected-response', (_request, response: IncomingMessage) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (body += part))
        response.on('end', () =>
          ended(new Error(`${id}: its connection was refused: ${response.statusCode} ${body.slice(0, 200)}`)),
        )
      })
      socket.on('close', (code) => ended(new Error(`${id}: the connection was closed (${code})`)))
    })
  }

  close(): void {
    this.#socket?.terminate()
  }

  /** Sends a CALL; the next one waits for its answer. Throws when the answer is an error or the socket ends. */
  call(action: string, payload: Payload): Promise<Payload> {
    const id = `${this.id}-${this.#sent++}`
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) throw this.#failed
      if (this.#open !== undefined) throw new Error(`${this.id} has an open CALL already`)
      this.#open = { id, action, sentAt: performance.now(), resolve, reject }
      this.#socket?.send(JSON.stringify([2, id, action, payload]))
    })
  }

  #answered(data: Buffer): void {
    const now = performance.now()
    const open = this.#open
    const frame = frameOf(data)
    if (frame === undefined) return this.#wrong(`what was sent is no OCPP frame: ${excerpt(data)}`)
    const [type, id, payload] = frame
    if (type === 2) {
      // somebody asks for something: nothing is supported here
      this.#socket?.send(JSON.stringify([4, id, 'NotSupported', '', {}]))
      return
    }
    if (open === undefined || open.id !== id) return this.#wrong(`an answer to ${id} that was not asked`)
    this.#open = undefined
    this.#options.latencies.record(open.action, now - open.sentAt)
    if (type === 3) open.resolve(payload)
    else open.reject(new Error(`${this.id}: ${open.action} was answered ${excerpt(data)}`))
  }

  /** Ends the connection: the open CALL, or else the next one, throws what was wrong. */
  #wrong(what: string): void {
    this.#failed = new Error(`${this.id}: ${what}`)
    this.#open?.reject(this.#failed)
    this.#open = undefined
    this.#socket?.terminate()
  }

  boot(): Promise<void> {
    return this.call('BootNotification', { chargePointVendor: 'Bench', chargePointModel: 'One' }).then((answer) =>
      expectThat(answer['status'] === 'Accepted', this.id, 'BootNotification', answer),
    )
  }

  heartbeat(): Promise<void> {
    return this.call('Heartbeat', {}).then((answer) =>
      expectThat(typeof answer['currentTime'] === 'string', this.id, 'Heartbeat', answer),
    )
  }

  async status(status: string): Promise<void> {
    const call = { connectorId: 1, errorCode: 'NoError', status, timestamp: now() }
    const answer = await this.call('StatusNotification', call)
    expectThat(isEmpty(answer), this.id, 'StatusNotification', answer)
  }

  /** @returns the transaction id */
  async start(idTag: string): Promise<number> {
    const answer = await this.call('StartTransaction', {
      connectorId: 1,
      idTag,
      meterStart: this.#registerWh,
      timestamp: now(),
    })
    const transactionId = answer['transactionId']
    expectThat(
      Number.isInteger(transactionId) && (transactionId as number) > 0 && accepted(answer),
      this.id,
      'StartTransaction',
      answer,
    )
    return transactionId as number
  }

  /** A whole session: nine messages, one after the other. */
  async session(idTag: string, goOn: () => boolean): Promise<void> {
    await this.status('Preparing')
    const answer = await this.call('Authorize', { idTag })
    expectThat(accepted(answer), this.id, 'Authorize', answer)
    const transactionId = await this.start(idTag)
    await this.status('Charging')
    for (let i = 0; i < 3 && goOn(); i++) {
      this.#registerWh += 1
      const sampledValue = [
        { value: String(this.#registerWh), measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
        { value: '7360', measurand: 'Power.Active.Import', unit: 'W' },
      ]
      const metered = await this.call('MeterValues', {
        connectorId: 1,
        transactionId,
        meterValue: [{ timestamp: now(), sampledValue }],
      })
      expectThat(isEmpty(metered), this.id, 'MeterValues', metered)
    }
    this.#registerWh += 1
    const stopped = await this.call('StopTransaction', {
      transactionId,
      idTag,
      meterStop: this.#registerWh,
      timestamp: now(),
      reason: 'Local',
    })
    expectThat(accepted(stopped), this.id, 'StopTransaction', stopped)
    await this.status('Available')
  }
}

const now = (): string => new Date().toISOString()

const accepted = (answer: Payload): boolean =>
  (answer['idTagInfo'] as { status?: string } | undefined)?.status === 'Accepted'

/** OCPP 1.6: the answers to StatusNotification and MeterValues have no fields. */
const isEmpty = (answer: Payload): boolean => Object.keys(answer).length === 0

const excerpt = (data: Buffer): string => data.toString('utf8').slice(0, 200)

const frameOf = (data: Buffer): [number, string, Payload] | undefined => {
  try {
    const frame: unknown = JSON.parse(data.toString('utf8'))
    if (!Array.isArray(frame) || ![2, 3, 4].includes(frame[0] as number) || typeof frame[1] !== 'string')
      return undefined
    const isAnswer = frame[0] === 3
    if (isAnswer && (typeof frame[2] !== 'object' || frame[2] === null)) return undefined
    return frame as [number, string, Payload]
  } catch {
    return undefined
  }
}

const expectThat = (holds: boolean, id: string, action: string, answer: Payload): void => {
  if (!holds) throw new Error(`${id}: ${action} was answered ${JSON.stringify(answer)}`)
}
