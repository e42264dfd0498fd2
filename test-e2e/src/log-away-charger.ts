import { WebSocket } from 'ws'
import { sleep } from '@voltrail/runtime/ticker'
import type { ChargerModel } from './log-away-models.ts'

export type DropReason = 'attempts exhausted' | 'queue full' | 'its start was dropped' | 'answered with an error'

export interface ModelSession {
  readonly meterStart: number
  meterStop: number | undefined
  /** given by the answer to its start */
  transactionId: number | undefined
  startDropped: boolean
}

/** One transaction message and what became of it; times in milliseconds. */
export interface LedgerEntry {
  readonly kind: 'start' | 'meter' | 'stop'
  readonly session: ModelSession
  readonly madeAt: number
  readonly register: number
  readonly sentAt: number[]
  /** the attempts that it paid without an answer */
  readonly burnt: { readonly sentAt: number; readonly at: number }[]
  acknowledgedAt?: number
  dropped?: { readonly reason: DropReason; readonly at: number }
}

/** How a connection began, was refused or ended. */
export type SocketEvent = { readonly at: number } & (
  | { readonly kind: 'open' }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'closed'; readonly code: number }
)

type Outcome =
  | { readonly kind: 'answer'; readonly payload: Record<string, unknown> }
  | { readonly kind: 'error' | 'timeout' | 'closed' | 'offline' }

interface Message {
  readonly action: string
  readonly attempts: number
  readonly payload: () => object
  readonly entry: LedgerEntry | undefined
  inFlight: boolean
}

const startedMeter = 1_000
const perSampleWh = 250

export interface ModelChargerOptions {
  readonly id: string
  readonly model: ChargerModel
  readonly idTag: string
  /** so many milliseconds last a second of the field */
  readonly secondMs: number
}

export type ModelCharger = ReturnType<typeof openModelCharger>

/**
 * A charger of the field that is told nothing of outages: it delivers its queue in order, one message at a time, reconnects whatever the
 * close code or status was, authorises by itself when nobody answers, and keeps a ledger of what it sent, had answered and dropped.
 */
export const openModelCharger = (ocppUrl: string, { id, model, idTag, secondMs }: ModelChargerOptions) => {
  const stopping = new AbortController()
  const finishing = new AbortController()
  const seconds = (count: number) => count * secondMs
  const now = () => performance.now()
  const ledger: LedgerEntry[] = []
  const sockets: SocketEvent[] = []
  const remoteStops: { readonly at: number; readonly transactionId: number }[] = []
  /** when a session was refused for want of room */
  const refusedSessions: number[] = []
  /** when a driver was authorised, and whether by the charger itself */
  const authorisations: { readonly at: number; readonly locally: boolean }[] = []
  const queue: Message[] = []
  let register = startedMeter
  let socket: WebSocket | undefined
  let connectingSocket: WebSocket | undefined
  let ids = 0
  let settle: (id: string | undefined, outcome: Outcome) => void = () => {}
  let stopSession: (() => void) | undefined
  let waiters: (() => void)[] = []
  const wake = () => {
    for (const waiter of waiters.splice(0)) waiter()
  }
  const changed = () => new Promise<void>((resolve) => void (waiters = [...waiters, resolve]))

  /** One connection, until it ends or is refused; true when it was open. */
  const connection = () =>
    new Promise<boolean>((resolve) => {
      const next = new WebSocket(`${ocppUrl}/${id}`, ['ocpp1.6'], { handshakeTimeout: Math.max(5_000, seconds(30)) })
      connectingSocket = next
      let opened = false
      next.on('error', () => {})
      next.on('unexpected-response', (_, response) => {
        sockets.push({ at: now(), kind: 'refused', status: response.statusCode ?? 0 })
        next.terminate()
      })
      next.on('open', () => {
        opened = true
        socket = next
        sockets.push({ at: now(), kind: 'open' })
        wake()
      })
      next.on('close', (code) => {
        if (opened) sockets.push({ at: now(), kind: 'closed', code })
        socket = undefined
        settle(undefined, { kind: 'closed' })
        wake()
        resolve(opened)
      })
      next.on('message', (data: Buffer) =>
        receive(next, JSON.parse(data.toString('utf8')) as [number, string, unknown, unknown]),
      )
    })
  const connecting = async () => {
    let pauseS: number = model.reconnectS.first
    for (;;) {
      pauseS = (await connection()) ? model.reconnectS.first : Math.min(pauseS * 2, model.reconnectS.longest)
      if (!(await sleep(seconds(pauseS * (0.8 + 0.4 * Math.random())), stopping.signal))) return
    }
  }

  const receive = (from: WebSocket, [type, messageId, third, fourth]: [number, string, unknown, unknown]) => {
    if (type === 3) return settle(messageId, { kind: 'answer', payload: third as Record<string, unknown> })
    if (type === 4) return settle(messageId, { kind: 'error' })
    from.send(JSON.stringify([3, messageId, { status: 'Accepted' }]))
    if (third !== 'RemoteStopTransaction') return
    remoteStops.push({ at: now(), transactionId: (fourth as { transactionId: number }).transactionId })
    stopSession?.()
  }

  const exchange = (action: string, payload: () => object, onSent: () => void): Promise<Outcome> => {
    const over = socket
    if (over === undefined) return Promise.resolve({ kind: 'offline' })
    const messageId = `${id}-${++ids}`
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(messageId, { kind: 'timeout' }), seconds(model.answerS))
      settle = (settled, outcome) => {
        if (settled !== undefined && settled !== messageId) return
        clearTimeout(timer)
        settle = () => {}
        resolve(outcome)
      }
      onSent()
      over.send(JSON.stringify([2, messageId, action, payload()]))
    })
  }
  // one outstanding CALL
  let turn: Promise<unknown> = Promise.resolve()
  const call = (...exchanged: Parameters<typeof exchange>): Promise<Outcome> => {
    const outcome = turn.then(() => exchange(...exchanged))
    turn = outcome
    return outcome
  }

  const drop = (reason: DropReason, of: (message: Message) => boolean) => {
    for (const message of queue.filter((one) => one.entry !== undefined && of(one))) {
      queue.splice(queue.indexOf(message), 1)
      message.entry!.dropped = { reason, at: now() }
    }
  }
  const delivering = async () => {
    while (!stopping.signal.aborted) {
      const [message] = queue
      if (message === undefined || socket === undefined) {
        await changed()
        continue
      }
      const { entry } = message
      let sent = 0
      message.inFlight = true
      const outcome = await call(message.action, message.payload, () => {
        sent = entry?.sentAt.push(now()) ?? 1
      })
      message.inFlight = false
      if (sent > 0 && outcome.kind !== 'answer') entry?.burnt.push({ sentAt: entry.sentAt.at(-1)!, at: now() })
      if (outcome.kind === 'answer') {
        queue.shift()
        if (entry !== undefined) entry.acknowledgedAt = now()
        if (entry?.kind === 'start') entry.session.transactionId = Number(outcome.payload['transactionId'])
        wake()
      } else if (outcome.kind === 'error' || (sent > 0 && sent >= message.attempts)) {
        drop(outcome.kind === 'error' ? 'answered with an error' : 'attempts exhausted', (one) => one === message)
        // without its transaction id the rest of it says nothing
        if (entry?.kind === 'start') {
          entry.session.startDropped = true
          drop('its start was dropped', (one) => one.entry!.session === entry.session)
        }
      } else if (outcome.kind === 'timeout') await sleep(seconds(model.retryS * sent), stopping.signal)
    }
  }

  const put = (message: Message) => {
    queue.push(message)
    wake()
  }
  const tell = (kind: LedgerEntry['kind'], session: ModelSession, action: string, payload: () => object) => {
    const entry: LedgerEntry = { kind, session, madeAt: now(), register, sentAt: [], burnt: [] }
    ledger.push(entry)
    if (session.startDropped) return void (entry.dropped = { reason: 'its start was dropped', at: now() })
    put({ action, payload, entry, inFlight: false, attempts: kind === 'meter' ? model.meterAttempts : model.attempts })
    const meters = queue.filter((one) => one.entry?.kind === 'meter' && !one.inFlight)
    if (meters.length > model.meterValues) drop('queue full', (one) => one === meters[0])
  }
  const queued = () => new Set(queue.flatMap(({ entry }) => (entry === undefined ? [] : [entry.session])))

  /** A driver: authorised by central, or by the charger itself when it is offline or nobody answers. */
  const authorise = async () => {
    const outcome = await call(
      'Authorize',
      () => ({ idTag }),
      () => {},
    )
    authorisations.push({ at: now(), locally: outcome.kind !== 'answer' })
  }
  /** Begins a session; undefined: there is no room for it. */
  const begin = (): ModelSession | undefined => {
    if (queued().size >= model.transactions) {
      if (model.whenFull === 'refuses sessions') {
        refusedSessions.push(now())
        return undefined
      }
      const [oldest] = queued()
      drop('queue full', (one) => one.entry!.session === oldest && !one.inFlight)
    }
    const session: ModelSession = {
      meterStart: register,
      meterStop: undefined,
      transactionId: undefined,
      startDropped: false,
    }
    const timestamp = new Date().toISOString()
    tell('start', session, 'StartTransaction', () => ({
      connectorId: 1,
      idTag,
      meterStart: session.meterStart,
      timestamp,
    }))
    return session
  }
  const measure = (session: ModelSession) => {
    const value = String((register += perSampleWh))
    const timestamp = new Date().toISOString()
    const meterValue = [
      { timestamp, sampledValue: [{ value, measurand: 'Energy.Active.Import.Register', unit: 'Wh' }] },
    ]
    tell('meter', session, 'MeterValues', () => ({ connectorId: 1, transactionId: session.transactionId, meterValue }))
  }
  const end = (session: ModelSession, reason: string) => {
    const meterStop = (register += perSampleWh)
    session.meterStop = meterStop
    const timestamp = new Date().toISOString()
    const stop = { idTag, meterStop, timestamp, reason }
    tell('stop', session, 'StopTransaction', () => ({ ...stop, transactionId: session.transactionId }))
  }

  put({
    action: 'BootNotification',
    payload: () => ({ chargePointVendor: 'Acme', chargePointModel: 'One' }),
    entry: undefined,
    inFlight: false,
    attempts: Infinity,
  })
  const running: Promise<unknown>[] = [connecting(), delivering()]

  return {
    id,
    model,
    ledger,
    sockets,
    remoteStops,
    refusedSessions,
    authorisations,
    get connected() {
      return socket !== undefined
    },
    /** what still waits of what was made before */
    waitingSince: (before: number) => queue.filter(({ entry }) => entry === undefined || entry.madeAt < before).length,
    /** Session after session, with a meter reading each 30 s of the field, until it is told to finish. */
    live() {
      const living = async () => {
        while (await sleep(seconds(10 + 30 * Math.random()), finishing.signal)) {
          await authorise()
          const session = begin()
          if (session === undefined) continue
          for (let i = 0; i < 4 && (await sleep(seconds(30), finishing.signal)); i++) measure(session)
          end(session, 'Local')
        }
      }
      running.push(living())
    },
    /** One session that says nothing more until it is stopped from afar. */
    beginQuietSession(): ModelSession {
      const session = begin()
      if (session === undefined) throw new Error(`${id} has no room for a session`)
      stopSession = () => {
        stopSession = undefined
        end(session, 'Remote')
      }
      return session
    },
    /** No new session; the present one ends. */
    finish: () => finishing.abort(),
    async stop() {
      finishing.abort()
      stopping.abort()
      connectingSocket?.terminate()
      wake()
      await Promise.all(running)
    },
  }
}
