import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { HostileFrame } from './hostile-frames.ts'
import { verdictOn } from './verdict.ts'

/** What a frame met that it must not. */
export interface Fault {
  readonly what: string
  readonly index: number
  readonly base64: string
}

const mostOpen = 16
const patienceMs = 60_000

/** A box that sends whatever it is given, connects again when it is thrown out, and remembers what it is owed. */
export class HostileCharger {
  readonly faults: Fault[] = []
  /** message ids from which events may come, by the identity that sent them */
  readonly mayCause = new Map<string, Set<string>>()
  readonly closes: Record<string, number> = {}
  #url: string
  #name: string
  #id: string
  #renamed = 0
  #socket: WebSocket | undefined
  #open = new Map<string, HostileFrame[]>()
  #last: HostileFrame | undefined

  /** @param url up to and including `/ocpp` */
  constructor(url: string, name: string) {
    this.#url = url
    this.#name = name
    this.#id = name
  }

  async send(frame: HostileFrame): Promise<void> {
    const verdict = verdictOn(frame)
    await this.#room()
    const socket = await this.#connected()
    if (verdict.mayCause !== undefined) {
      const known = this.mayCause.get(this.#id) ?? new Set()
      this.mayCause.set(this.#id, known.add(verdict.mayCause))
    } else if (!this.mayCause.has(this.#id)) this.mayCause.set(this.#id, new Set())
    if (verdict.answerTo !== undefined)
      this.#open.set(verdict.answerTo, [...(this.#open.get(verdict.answerTo) ?? []), frame])
    this.#last = frame
    socket.send(frame.bytes, { binary: frame.binary })
  }

  /** Resolves when everything is answered, or the patience is over and the rest is a fault. */
  async settled(): Promise<void> {
    await this.#until(() => this.#open.size === 0)
  }

  async close(): Promise<void> {
    this.#socket?.close(1000)
  }

  async #room(): Promise<void> {
    await this.#until(() => this.#open.size < mostOpen && (this.#socket?.bufferedAmount ?? 0) < 1_000_000)
  }

  async #until(holds: () => boolean): Promise<void> {
    const giveUpAt = performance.now() + patienceMs
    while (!holds()) {
      if (performance.now() > giveUpAt) {
        for (const frames of this.#open.values())
          for (const frame of frames) this.#fault(`no answer within ${patienceMs / 1000} s`, frame)
        this.#open.clear()
        this.#socket?.terminate()
        return
      }
      await wait(5)
    }
  }

  #fault(what: string, frame: HostileFrame | undefined): void {
    const { index = -1, bytes = Buffer.alloc(0) } = frame ?? {}
    this.faults.push({ what: `${this.#id}: ${what}`, index, base64: bytes.toString('base64') })
  }

  async #connected(): Promise<WebSocket> {
    for (let attempt = 1; ; attempt++) {
      if (this.#socket?.readyState === WebSocket.OPEN) return this.#socket
      const refused = await this.#connect()
      if (refused === undefined) continue
      // its mutated boots told of two boxes with one identity: it is another one from now on
      if (refused === 409) this.#id = `${this.#name}-${++this.#renamed}`
      if (attempt > 120) throw new Error(`${this.#id} is not let in: ${refused}`)
      await wait(refused === 409 ? 10 : 500)
    }
  }

  /** Gives the status of a refusal. */
  #connect(): Promise<number | undefined> {
    const socket = new WebSocket(`${this.#url}/${this.#id}`, ['ocpp1.6'], { perMessageDeflate: false })
    this.#socket = socket
    let ours = true
    socket.on('message', (data: Buffer) => this.#received(socket, data))
    return new Promise((resolve) => {
      socket.on('unexpected-response', (_, response) => {
        ours = false
        response.resume()
        socket.terminate()
        resolve(response.statusCode ?? 0)
      })
      socket.on('error', () => {})
      socket.on('open', () => resolve(undefined))
      socket.on('close', (code) => {
        resolve(0)
        if (!ours) return
        this.closes[code] = (this.closes[code] ?? 0) + 1
        // without a code something broke; 1011 says that a message failed where it must not
        if (code === 1006 || code === 1011) this.#fault(`its socket was closed with ${code}`, this.#last)
        this.#open.clear()
      })
    })
  }

  #received(socket: WebSocket, data: Buffer): void {
    let frame: unknown
    try {
      frame = JSON.parse(data.toString('utf8'))
    } catch {
      return this.#fault(`was sent what is no JSON: ${data.toString('utf8').slice(0, 80)}`, this.#last)
    }
    if (!Array.isArray(frame) || ![2, 3, 4].includes(frame[0] as number))
      return this.#fault(`was sent what is no frame: ${data.toString('utf8').slice(0, 80)}`, this.#last)
    if (frame[0] === 2) return socket.send(JSON.stringify([4, frame[1], 'NotSupported', '', {}]))
    const key = JSON.stringify(frame[1])
    const [, ...rest] = this.#open.get(key) ?? []
    if (rest.length > 0) this.#open.set(key, rest)
    else this.#open.delete(key)
  }
}
