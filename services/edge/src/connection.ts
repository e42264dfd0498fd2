import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import type { ChargerId, ConnectionEpoch, TenantId } from '@voltrail/contracts/ids'
import type { Fact, FactAnswerOf } from '@voltrail/contracts/facts'
import { parseFrame } from '@voltrail/ocpp/framing'
import type { InboundContext } from '@voltrail/ocpp/inbound-context'
import type { OcppProtocol } from '@voltrail/ocpp/protocol'
import type { Digest } from '@voltrail/ocpp/redact'
import type { Log } from '@voltrail/runtime/log'
import type { EdgeMetrics } from './edge-metrics.ts'
import type { PresentedCertificate, RevocationLists } from './client-certificate.ts'
import type { FactRelay, Route } from './fact-relay.ts'
import { createFactSource } from './fact-source.ts'
import { createInboundCalls } from './inbound-calls.ts'
import type { ReceivedCall } from './inbound-calls.ts'
import { createInboundQueue } from './inbound-queue.ts'
import type { EdgeLimits } from './limits.ts'
import { createLiveness } from './liveness.ts'
import { createOutboundCalls } from './outbound-calls.ts'
import type { OutboundCalls } from './outbound-calls.ts'
import { createOutboundHold } from './outbound-hold.ts'
import type { PresenceBoard } from './presence.ts'
import { serialisePresence } from './presence-writer.ts'
import { createReadingBrakes } from './reading-brakes.ts'
import { answerToUnreadable } from './unreadable-frame.ts'
import { within } from './within.ts'

export type ConnectionDeps = {
  readonly edge: string
  readonly relay: FactRelay
  readonly presence: PresenceBoard
  readonly limits: EdgeLimits
  readonly metrics: EdgeMetrics
  readonly log: Log
  /** the time of day, milliseconds since 1970 */
  readonly now: () => number
  /** milliseconds that never go back nor jump, for everything that is waited for */
  readonly ticks: () => number
}

/**
 * - `open`      frames are taken and answered
 * - `draining`  what was begun is finished, nothing is begun
 * - `closing`   our close frame is on its way; nothing is sent or taken any more
 * - `closed`    the socket is gone
 */
type State = 'open' | 'draining' | 'closing' | 'closed'

/** One connection of one charger: the socket and everything that lives and dies with it. */
export type Connection = {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  readonly epoch: ConnectionEpoch
  readonly protocol: OcppProtocol
  readonly outbound: OutboundCalls
  readonly digest: Digest
  /** What is known of the charger now. */
  context(): InboundContext
  /** Whether a message of the charger is being handled or waits for it. */
  readonly waiting: boolean
  /** Asks central to record a fact that no frame waits for. */
  tell(fact: Fact, frame?: string): Promise<void>
  superseded(): void
  /** Closes with 1008 when the client certificate by which the charger came in is revoked by these lists. */
  judgeCertificate(lists: RevocationLists): void
  close(code: number, reason: string): void
  /** Finishes what is in flight, for `patienceMs` at most, then closes with 1001. Resolves when the socket is gone. */
  drain(patienceMs: number): Promise<void>
  /** Pings, gives up dead sockets, keeps presence fresh; to be called every second or so. */
  sweep(now: number): void
  /** Resolves when the socket is gone and central was told (or could not be told). */
  readonly ended: Promise<void>
}

/** @param onEnd is called as soon as the socket is gone */
export const openConnection = (
  socket: WebSocket,
  who: {
    readonly tenant: TenantId
    readonly chargerId: ChargerId
    readonly route: Route
    readonly protocol: OcppProtocol
    readonly digest: Digest
    readonly presented: PresentedCertificate | undefined
  },
  granted: FactAnswerOf<'Connect'>,
  deps: ConnectionDeps,
  onEnd: (connection: Connection) => void,
): Connection => {
  const { relay, limits, metrics, log, now, ticks } = deps
  const { tenant, chargerId, route, protocol } = who
  const { epoch } = granted
  const at = { tenant, charger: chargerId, epoch }
  const source = createFactSource({ tenant, chargerId, epoch, edge: deps.edge })
  const gone = new AbortController()
  let state: State = 'open'
  let closing: { code: number; reason: string } | undefined
  let markEnded = (): void => {}
  const ended = new Promise<void>((resolve) => (markEnded = resolve))

  const send = (text: string): void => {
    if (state === 'open' || state === 'draining') socket.send(text)
  }
  const close = (code: number, reason: string): void => {
    if (state === 'closing' || state === 'closed') return
    state = 'closing'
    closing = { code, reason }
    gone.abort()
    inbound.clear()
    outbound.close('the connection closes')
    brakes.release()
    socket.close(code, reason)
  }
  const fail = (error: unknown): void => {
    log.error({ ...at, err: error }, 'a message failed here; closing its connection')
    close(1011, 'internal error')
  }

  const liveness = createLiveness({ pingMs: limits.pingMs, heartbeatMs: granted.heartbeatSeconds * 1000, now: ticks() })
  const hold = createOutboundHold({
    ...limits,
    known: granted.known && granted.settings?.holdUntilBoot !== true,
    connectedAt: ticks(),
  })
  const outbound = createOutboundCalls({
    send(text) {
      metrics.frames.inc({ direction: 'out', type: 'call', action: 'command' })
      send(text)
    },
    hold,
    slotMs: limits.callSlotMs,
    queueLimit: limits.outboundQueue,
    lateLimit: limits.lateAnswers,
    newMessageId: randomUUID,
  })
  let holdTimer: NodeJS.Timeout | undefined
  const watchHold = (): void => {
    clearTimeout(holdTimer)
    if (hold.open) return outbound.wake()
    holdTimer = setTimeout(
      () => {
        hold.elapse(ticks())
        watchHold()
      },
      Math.max(1, hold.remainingMs(ticks())),
    )
  }

  const calls = createInboundCalls({
    protocol,
    context: { tenant, chargerId, lastRegisters: new Map(), ...knownOf(granted) },
    registration: granted.registration,
    source,
    digest: who.digest,
    ask(request, since) {
      // a call that had to wait for others is held no longer for it, but is asked for at least once
      const holdMs = Math.max(limits.reaskMs, limits.holdMs - (ticks() - since))
      return relay.ask(request, route, { holdMs: Math.min(holdMs, limits.holdMs), signal: gone.signal })
    },
    limits,
    metrics,
    now,
    ticks,
    onOtherVersion(action) {
      const { subprotocol } = protocol
      log.warn(
        { ...at, subprotocol, action: action.slice(0, 60) },
        'a charger speaks another version of OCPP than its connection',
      )
    },
    onAnswered(answer) {
      if (answer.type !== 'Boot') return
      liveness.heartbeatEvery(answer.intervalSeconds * 1000)
      // what was asked of it before it was rejected
      if (answer.registration === 'Rejected') outbound.dropWaiting('the charger is rejected')
    },
  })

  const brakes = createReadingBrakes(socket, limits, ticks(), () =>
    log.warn(
      { ...at, framesPerSecond: limits.framesPerSecond },
      'a charger sends faster than its rate: its socket is read more slowly',
    ),
  )
  const inbound = createInboundQueue<ReceivedCall>({
    high: limits.inboundQueue,
    async handle(call) {
      const handled = await calls.handle(call)
      if (handled.kind === 'close') return close(handled.code, handled.reason)
      send(handled.text)
      if (!handled.usable) brakes.unusable(ticks())
      if (!isBoot(call)) return
      hold.bootAnswered()
      watchHold()
    },
    onPressure: (high) => brakes.queueFull(high),
    onError: fail,
  })
  socket.on('message', (data, isBinary) => {
    liveness.heard(ticks(), 'frame')
    if (state !== 'open' && state !== 'draining') return
    if (isBinary) return close(1003, 'OCPP-J frames are text')
    brakes.frame(ticks())
    // ws gives one Buffer unless it is told otherwise
    const text = (data as Buffer).toString('utf8')
    const frame = parseFrame(text, calls.context())
    switch (frame.kind) {
      case 'call':
        // what is not begun when we drain stays unanswered, so the charger sends it to the next edge
        if (state !== 'open') return metrics.answers.inc({ outcome: 'dropped' })
        if (isBoot({ frame })) hold.bootReceived()
        return inbound.push({ frame, text, receivedAt: now(), since: ticks() })
      case 'result':
      case 'error': {
        metrics.frames.inc({ direction: 'in', type: frame.kind, action: 'command' })
        const settled = outbound.receive(frame, text)
        if (settled === 'late') metrics.lateAnswers.inc()
        if (settled !== 'unknown') return
        metrics.strayAnswers.inc()
        return brakes.unusable(ticks())
      }
      case 'unreadable': {
        metrics.unreadable.inc({ problem: frame.problem })
        brakes.unusable(ticks())
        log.debug({ ...at, problem: frame.problem, detail: frame.detail }, 'an unreadable frame')
        const answer = answerToUnreadable(frame, text)
        if (answer === undefined) return
        metrics.answers.inc({ outcome: 'error' })
        return send(answer)
      }
    }
  })
  for (const what of ['ping', 'pong'] as const)
    socket.on(what, () => {
      const time = ticks()
      liveness.heard(time, what)
      brakes.frame(time)
    })
  socket.on('error', (error) => {
    // ws closes by itself after this, with these codes, and with 1002 for what is not the protocol
    const code = (error as NodeJS.ErrnoException).code
    const known = {
      WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
      WS_ERR_INVALID_UTF8: 1007,
      WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
    }[code ?? '']
    closing ??= { code: known ?? (code?.startsWith('WS_ERR') ? 1002 : 1006), reason: error.message }
    log.info({ ...at, code, problem: error.message }, 'a socket failed')
  })
  socket.on('close', (code, reason) => {
    const why = closing ?? { code, reason: reason.toString() }
    state = 'closed'
    clearTimeout(holdTimer)
    brakes.release()
    gone.abort()
    inbound.clear()
    outbound.close('the connection closed')
    metrics.closes.inc({ code: String(why.code) })
    log.info({ ...at, code: why.code, reason: why.reason }, 'disconnected')
    onEnd(self)
    void finish(why)
  })
  const finish = async (why: { code: number; reason: string }): Promise<void> => {
    const reason = why.reason.toWellFormed().slice(0, 200)
    await Promise.all([presence.hide(), self.tell({ type: 'Disconnect', code: why.code, reason })])
    markEnded()
  }

  const self: Connection = {
    tenant,
    chargerId,
    epoch,
    protocol,
    outbound,
    digest: who.digest,
    context: () => calls.context(),
    get waiting() {
      return inbound.busy || inbound.length > 0
    },
    async tell(fact, frame) {
      try {
        const request = source(fact, { receivedAt: now(), ...(frame !== undefined && { frame }) })
        const outcome = await relay.ask(request, route, { holdMs: limits.holdMs })
        if (outcome.kind !== 'answered') log.warn({ ...at, fact: fact.type, outcome }, 'a fact was not recorded')
      } catch (error) {
        log.error({ ...at, fact: fact.type, err: error }, 'a fact was not recorded')
      }
    },
    superseded: () => close(1000, 'a newer connection of this charger took over'),
    judgeCertificate(lists) {
      const verdict = who.presented?.revokedBy(lists)
      if (verdict === undefined) return
      log.warn({ ...at, verdict }, 'the client certificate of an open connection was revoked; closing it')
      close(1008, `the client certificate is no good any more: ${verdict}`)
    },
    close,
    async drain(patienceMs) {
      if (state === 'open') {
        state = 'draining'
        inbound.clear()
        await within(Promise.all([inbound.idle(), outbound.idle()]), patienceMs)
        close(1001, 'this server goes away, connect again')
      }
      if (state !== 'closed') await new Promise((resolve) => socket.once('close', resolve))
    },
    sweep(time) {
      if (state !== 'open') return
      switch (brakes.braking ? 'nothing' : liveness.step(time)) {
        case 'dead':
          closing = { code: 1006, reason: 'silent for too long' }
          return socket.terminate()
        case 'ping':
          socket.ping()
          break
        case 'nothing':
          break
      }
      presence.refresh(time)
    },
    ended,
  }
  const presence = serialisePresence(deps.presence, self, {
    everyMs: limits.presenceMs,
    lastHeardAt: () => now() - (ticks() - liveness.lastHeardAt),
    onNewer: () => self.superseded(),
  })

  watchHold()
  presence.refresh(ticks())
  log.info({ ...at, subprotocol: protocol.subprotocol, known: granted.known }, 'connected')
  return self
}

/** What the charger's record says of it: its quirks are known before it boots. */
const knownOf = ({ settings, identity, evses, strict }: FactAnswerOf<'Connect'>): Partial<InboundContext> => ({
  ...(identity !== undefined && { vendor: identity.vendor, model: identity.model }),
  ...(evses !== undefined && { evses }),
  ...(identity?.firmwareVersion !== undefined && { firmwareVersion: identity.firmwareVersion }),
  ...(strict && { strict }),
  ...(settings !== undefined && { rulesOff: settings.rulesOff, rulesOn: settings.rulesOn }),
  ...(settings?.zone !== undefined && { zone: settings.zone }),
})

/** The name is the same in every version of OCPP. */
const isBoot = ({ frame }: Pick<ReceivedCall, 'frame'>): boolean => frame.action === 'BootNotification'
