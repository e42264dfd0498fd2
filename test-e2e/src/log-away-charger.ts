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

/** A message and what became of it; times in milliseconds. */
interface Told {
  readonly madeAt: number
  readonly sentAt: number[]
  acknowledgedAt?: number
}

/** One transaction message. */
export interface LedgerEntry extends Told {
  readonly kind: 'start' | 'meter' | 'stop'
  readonly session: ModelSession
  readonly register: number
  /** the attempts that it paid without an answer */
  readonly burnt: { readonly sentAt: number; readonly at: number }[]
  dropped?: { readonly reason: DropReason; readonly at: number }
  /** other transaction ids that the same start was answered with, on another socket or too late to count */
  otherIds?: number[]
}

/** What it told beside its sessions, each under a mark of its own. */
export interface Notice extends Told {
  readonly kind: 'boot' | 'status' | 'telemetry'
  readonly mark: string
}

/** A command of ours that names a mark, as it came to the charger. */
export interface Arrival {
  readonly mark: string
  readonly at: number
  /** a newer socket was open by then */
  readonly superseded: boolean
  /** its answer went into a socket that was open */
  readonly answered: boolean
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
  readonly entry?: LedgerEntry | undefined
  readonly notice?: Notice | undefined
  /** the time that it says, where a clock that was set changes it */
  readonly stamp?: { at: string }
  inFlight: boolean
  messageId?: string
}

/** How a charger lives: milliseconds, and how many meter values a session has. */
export interface Rhythm {
  readonly pauseMs: readonly [least: number, most: number]
  readonly meterMs: number
  readonly meters: number
  readonly authorises: boolean
  /** it tells the status of its connector, and what its main meter shows */
  readonly notices: boolean
  /** it begins nothing while more than so many messages wait */
  readonly backlog: number
}

/** Above what its main meter shows (see `tellMainMeter`), which would else be taken for its own: nothing tells the two apart. */
const startedMeter = 1_000_000

export interface ModelChargerOptions {
  readonly id: string
  readonly model: ChargerModel
  readonly idTag: string
  /** so many milliseconds last a second of the field */
  readonly secondMs: number
  /** from 0 to 1, as `Math.random`, which it is unless told */
  readonly random?: () => number
  /** what it charges from one message to the next, in Wh */
  readonly stepWh?: number
  /** how likely a message that is sent again keeps its id: never, unless told */
  readonly keepsIds?: number
  /** how likely it sends a message on its older sockets too, where they are still open: never, unless told */
  readonly tellsTwice?: number
  /** a start that waits gets the new time when its clock is set */
  readonly restamps?: boolean
}

export type ModelCharger = ReturnType<typeof openModelCharger>

/**
 * A charger of the field that is told nothing of outages: it delivers its queue in order, one message at a time, reconnects whatever the
 * close code or status was (at another of its URLs when one does not let it in), authorises by itself when nobody answers, and keeps
 * a ledger of what it sent, had answered and dropped.
 */
export const openModelCharger = (ocppUrl: string | readonly string[], options: ModelChargerOptions) => {
  const { id, model, idTag, secondMs, random = Math.random, stepWh = 250, keepsIds = 0, tellsTwice = 0 } = options
  const urls = typeof ocppUrl === 'string' ? [ocppUrl] : ocppUrl
  const stopping = new AbortController()
  const finishing = new AbortController()
  const seconds = (count: number) => count * secondMs
  const now = () => performance.now()
  const ledger: LedgerEntry[] = []
  const notices: Notice[] = []
  const arrivals: Arrival[] = []
  /** when anything was acknowledged */
  const acknowledged: number[] = []
  const sockets: SocketEvent[] = []
  const remoteStops: { readonly at: number; readonly transactionId: number }[] = []
  /** when a session was refused for want of room */
  const refusedSessions: number[] = []
  /** when a driver was authorised, and whether by the charger itself */
  const authorisations: { readonly at: number; readonly locally: boolean }[] = []
  const queue: Message[] = []
  let register = startedMeter
  let skewMs = 0
  const timestamp = () => new Date(Date.now() + skewMs).toISOString()
  /** the newest socket, while it is open */
  let socket: WebSocket | undefined
  /** all that are open, those that it has left included */
  const open = new Set<WebSocket>()
  let connectingSocket: WebSocket | undefined
  let place = 0
  let leave: (() => void) | undefined
  let leaving = false
  let ids = 0
  const startsById = new Map<string, LedgerEntry>()
  let settle: (id: string | undefined, outcome: Outcome) => void = () => {}
  let stopSession: (() => void) | undefined
  let waiters: (() => void)[] = []
  const wake = () => {
    for (const waiter of waiters.splice(0)) waiter()
  }
  const changed = () => new Promise<void>((resolve) => void (waiters = [...waiters, resolve]))

  /** One connection, until it ends, is refused or is left; true when it was open. */
  const connection = () =>
    new Promise<boolean>((resolve) => {
      const url = urls[place % urls.length]!
      const next = new WebSocket(`${url}/${id}`, ['ocpp1.6'], { handshakeTimeout: Math.max(5_000, seconds(30)) })
      connectingSocket = next
      let opened = false
      next.on('error', () => {})
      next.on('unexpected-response', (_, response) => {
        sockets.push({ at: now(), kind: 'refused', status: response.statusCode ?? 0 })
        next.terminate()
      })
      next.on('open', () => {
        opened = true
        open.add(next)
        socket = next
        leave = () => resolve(true)
        sockets.push({ at: now(), kind: 'open' })
        // what is not answered on an older one is sent on this one
        settle(undefined, { kind: 'closed' })
        wake()
      })
      next.on('close', (code) => {
        open.delete(next)
        if (opened) sockets.push({ at: now(), kind: 'closed', code })
        else place += 1
        if (socket === next) {
          socket = undefined
          leave = undefined
          settle(undefined, { kind: 'closed' })
        }
        wake()
        resolve(opened)
      })
      next.on('message', (data: Buffer) => {
        // what is left in a paused socket when it ends never reached the charger
        if (!next.isPaused) receive(next, JSON.parse(data.toString('utf8')) as [number, string, unknown, unknown])
      })
    })
  const connecting = async () => {
    let pauseS: number = model.reconnectS.first
    for (;;) {
      pauseS = (await connection()) ? model.reconnectS.first : Math.min(pauseS * 2, model.reconnectS.longest)
      if (stopping.signal.aborted) return
      if (leaving) {
        leaving = false
        continue
      }
      if (!(await sleep(seconds(pauseS * (0.8 + 0.4 * random())), stopping.signal))) return
    }
  }

  const receive = (from: WebSocket, [type, messageId, third, fourth]: [number, string, unknown, unknown]) => {
    if (type === 3) {
      noteTransactionId(startsById.get(messageId), third)
      return settle(messageId, { kind: 'answer', payload: third as Record<string, unknown> })
    }
    if (type === 4) return settle(messageId, { kind: 'error' })
    const answered = from.readyState === WebSocket.OPEN
    if (answered) from.send(JSON.stringify([3, messageId, { status: 'Accepted' }]))
    if (third === 'RemoteStopTransaction') {
      remoteStops.push({ at: now(), transactionId: (fourth as { transactionId: number }).transactionId })
      stopSession?.()
    }
    const mark = third === 'DataTransfer' ? (fourth as { messageId?: string }).messageId : undefined
    if (mark !== undefined) arrivals.push({ mark, at: now(), superseded: from !== socket, answered })
  }
  /** Whatever socket an answer to a start comes on, however late: it must name the same transaction. */
  const noteTransactionId = (entry: LedgerEntry | undefined, payload: unknown) => {
    if (entry === undefined) return
    const transactionId = Number((payload as Record<string, unknown>)['transactionId'])
    if (entry.acknowledgedAt === undefined) entry.session.transactionId ??= transactionId
    if (entry.session.transactionId !== transactionId) (entry.otherIds ??= []).push(transactionId)
  }

  const exchange = (
    message: Pick<Message, 'action' | 'payload' | 'messageId' | 'entry'>,
    onSent: () => void,
  ): Promise<Outcome> => {
    const over = socket
    if (over === undefined) return Promise.resolve({ kind: 'offline' })
    const keeps = message.messageId !== undefined && keepsIds > 0 && random() < keepsIds
    const messageId = keeps ? message.messageId! : `${id}-${++ids}`
    message.messageId = messageId
    if (message.entry?.kind === 'start') startsById.set(messageId, message.entry)
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(messageId, { kind: 'timeout' }), seconds(model.answerS))
      settle = (settled, outcome) => {
        if (settled !== undefined && settled !== messageId) return
        clearTimeout(timer)
        settle = () => {}
        resolve(outcome)
      }
      onSent()
      const frame = JSON.stringify([2, messageId, message.action, message.payload()])
      over.send(frame)
      if (tellsTwice === 0 || open.size < 2 || random() >= tellsTwice) return
      for (const other of open) if (other !== over && other.readyState === WebSocket.OPEN) other.send(frame)
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
      const { entry, notice } = message
      let sent = 0
      message.inFlight = true
      const outcome = await call(message, () => {
        notice?.sentAt.push(now())
        sent = entry?.sentAt.push(now()) ?? 1
      })
      message.inFlight = false
      if (sent > 0 && outcome.kind !== 'answer') entry?.burnt.push({ sentAt: entry.sentAt.at(-1)!, at: now() })
      if (outcome.kind === 'answer') {
        queue.splice(queue.indexOf(message), 1)
        acknowledged.push(now())
        const told = entry ?? notice
        if (told !== undefined) told.acknowledgedAt = now()
        if (entry?.kind === 'start') entry.session.transactionId = Number(outcome.payload['transactionId'])
        wake()
      } else if (outcome.kind === 'error' || (sent > 0 && sent >= message.attempts)) {
        drop(outcome.kind === 'error' ? 'answered with an error' : 'attempts exhausted', (one) => one === message)
        // nothing of its session can say anything without its transaction id
        if (entry?.kind === 'start') {
          entry.session.startDropped = true
          drop('its start was dropped', (one) => one.entry!.session === entry.session)
        }
        // a notice that was answered with an error is not told again
        if (notice !== undefined && queue.includes(message)) queue.splice(queue.indexOf(message), 1)
      } else if (outcome.kind === 'timeout') await sleep(seconds(model.retryS * sent), stopping.signal)
    }
  }

  const put = (message: Message) => {
    queue.push(message)
    wake()
  }
  const tell = (
    kind: LedgerEntry['kind'],
    session: ModelSession,
    { action, payload, stamp }: Pick<Message, 'action' | 'payload' | 'stamp'>,
  ) => {
    const entry: LedgerEntry = { kind, session, madeAt: now(), register, sentAt: [], burnt: [] }
    ledger.push(entry)
    if (session.startDropped) return void (entry.dropped = { reason: 'its start was dropped', at: now() })
    const attempts = kind === 'meter' ? model.meterAttempts : model.attempts
    put({ action, payload, entry, inFlight: false, attempts, ...(stamp === undefined ? {} : { stamp }) })
    const meters = queue.filter((one) => one.entry?.kind === 'meter' && !one.inFlight)
    if (meters.length > model.meterValues) drop('queue full', (one) => one === meters[0])
  }
  const queued = () => new Set(queue.flatMap(({ entry }) => (entry === undefined ? [] : [entry.session])))
  const noticeOf = (kind: Notice['kind'], mark: string): Notice => {
    const notice: Notice = { kind, mark, madeAt: now(), sentAt: [] }
    notices.push(notice)
    return notice
  }
  const bootMessage = (): Message => {
    const notice = noticeOf('boot', `boot-${notices.length}`)
    return {
      action: 'BootNotification',
      payload: () => ({ chargePointVendor: 'Acme', chargePointModel: 'One', firmwareVersion: notice.mark }),
      notice,
      inFlight: false,
      attempts: Infinity,
    }
  }
  const tellStatus = (status: string) => {
    const info = `status-${notices.length}`
    const payload = { connectorId: 1, status, errorCode: 'NoError', info, timestamp: timestamp() }
    const notice = noticeOf('status', info)
    put({ action: 'StatusNotification', payload: () => payload, notice, inFlight: false, attempts: Infinity })
  }
  /** What the main meter shows, which belongs to no session. */
  const tellMainMeter = () => {
    const value = String(notices.length)
    const payload = { connectorId: 0, meterValue: [{ timestamp: timestamp(), sampledValue: [{ value }] }] }
    const notice = noticeOf('telemetry', value)
    put({ action: 'MeterValues', payload: () => payload, notice, inFlight: false, attempts: Infinity })
  }

  /** A driver: authorised by central, or by the charger itself when it is offline or nobody answers. */
  const authorise = async () => {
    const outcome = await call({ action: 'Authorize', payload: () => ({ idTag }) }, () => {})
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
    const stamp = { at: timestamp() }
    const payload = () => ({ connectorId: 1, idTag, meterStart: session.meterStart, timestamp: stamp.at })
    tell('start', session, { action: 'StartTransaction', payload, stamp })
    return session
  }
  const measure = (session: ModelSession) => {
    const value = String((register += stepWh))
    const meterValue = [
      { timestamp: timestamp(), sampledValue: [{ value, measurand: 'Energy.Active.Import.Register', unit: 'Wh' }] },
    ]
    const payload = () => ({ connectorId: 1, transactionId: session.transactionId, meterValue })
    tell('meter', session, { action: 'MeterValues', payload })
  }
  const end = (session: ModelSession, reason: string) => {
    const meterStop = (register += stepWh)
    session.meterStop = meterStop
    const stop = { idTag, meterStop, timestamp: timestamp(), reason }
    const payload = () => ({ ...stop, transactionId: session.transactionId })
    tell('stop', session, { action: 'StopTransaction', payload })
  }

  put(bootMessage())
  const running: Promise<unknown>[] = [connecting(), delivering()]

  return {
    id,
    model,
    ledger,
    notices,
    arrivals,
    acknowledged,
    sockets,
    remoteStops,
    refusedSessions,
    authorisations,
    get connected() {
      return socket !== undefined
    },
    /** how many messages wait */
    get waiting() {
      return queue.length
    },
    /** what still waits of what was made before */
    waitingSince: (before: number) => queue.filter(({ entry }) => entry === undefined || entry.madeAt < before).length,
    /** Session after session until it is told to finish; with a meter reading each 30 s of the field, unless told. */
    live(rhythm: Rhythm = fieldRhythm(secondMs)) {
      const [least, most] = rhythm.pauseMs
      const living = async () => {
        while (await sleep(least + (most - least) * random(), finishing.signal)) {
          while (queue.length > rhythm.backlog && !finishing.signal.aborted) await changed()
          if (finishing.signal.aborted) return
          if (rhythm.notices) tellStatus('Preparing')
          if (rhythm.authorises) await authorise()
          const session = begin()
          if (session === undefined) continue
          if (rhythm.notices) tellStatus('Charging')
          for (let i = 0; i < rhythm.meters && (await sleep(rhythm.meterMs, finishing.signal)); i++) measure(session)
          end(session, 'Local')
          if (!rhythm.notices) continue
          tellStatus('Available')
          if (random() < 0.5) tellMainMeter()
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
    /** Opens a socket at its next URL without closing the one that it has. */
    roam() {
      place += 1
      if (leave === undefined) return
      leaving = true
      leave()
      leave = undefined
    },
    /** Goes deaf on its newest socket, as a modem out of reach; nothing that comes on it reaches the charger any more. */
    deafen: () => socket?.pause(),
    /** Cuts its sockets without a word: all, or only those that it has left. */
    cut(which: 'all' | 'older') {
      for (const one of open) if (which === 'all' || one !== socket) one.terminate()
    },
    /** Its power fails: it comes back and boots before it delivers what waits. */
    reboot() {
      queue.unshift(bootMessage())
      for (const one of open) one.terminate()
    },
    /** Sets its clock so many milliseconds before (less than 0) or after ours. */
    setClock(milliseconds: number) {
      skewMs = milliseconds
      if (options.restamps === true) for (const { stamp } of queue) if (stamp !== undefined) stamp.at = timestamp()
    },
    /** No new session; the present one ends. */
    finish() {
      finishing.abort()
      wake()
    },
    async stop() {
      finishing.abort()
      stopping.abort()
      connectingSocket?.terminate()
      for (const one of open) one.terminate()
      wake()
      leave?.()
      await Promise.all(running)
    },
  }
}

const fieldRhythm = (secondMs: number): Rhythm => ({
  pauseMs: [10 * secondMs, 40 * secondMs],
  meterMs: 30 * secondMs,
  meters: 4,
  authorises: true,
  notices: false,
  backlog: Infinity,
})
