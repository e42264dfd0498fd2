import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { Bus } from '@voltrail/bus/bus'
import { FactId } from '@voltrail/contracts/ids'
import type { FactAnswerOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { chooseSubprotocol, echoedSubprotocol, offeredSubprotocols, protocols } from '@voltrail/ocpp/protocols'
import type { FailedAttempts } from '@voltrail/runtime/failed-attempts'
import type { LeakyCounts } from '@voltrail/runtime/leaky-counts'
import { createPermits } from '@voltrail/runtime/permits'
import type { Admission } from './admission.ts'
import { respondToCommands } from './commands.ts'
import { openConnection } from './connection.ts'
import type { Connection, ConnectionDeps } from './connection.ts'
import type { Connections } from './connections.ts'
import { readCredential } from './credentials.ts'
import type { Credential } from './credentials.ts'
import type { Route } from './fact-relay.ts'
import type { Arrival } from './charger-listener.ts'
import type { RevocationLists } from './client-certificate.ts'
import { createFactSource } from './fact-source.ts'
import { refuseUpgrade } from './http-refusal.ts'
import type { HttpRefusal } from './http-refusal.ts'
import type { RefusalLog } from './refusal-log.ts'
import { createSecretDigest } from './secret-digest.ts'
import { readUpgradePath } from './upgrade-path.ts'
import type { UpgradePath } from './upgrade-path.ts'
import { within } from './within.ts'

export type UpgradeDeps = ConnectionDeps & {
  readonly bus: Pick<Bus, 'respond'>
  readonly admission: Admission
  readonly attempts: FailedAttempts
  /** connections that were recorded, by charger */
  readonly connects: LeakyCounts
  readonly refusals: RefusalLog
  readonly connections: Connections<Connection>
  readonly tenants: ReadonlySet<string>
  readonly pepper: Uint8Array
  /** spoken with chargers that name no subprotocol and for which none is set; absent: they are refused */
  readonly defaultSubprotocol?: string | undefined
  /** unique to this process, so that connect fact ids never repeat */
  readonly instance: string
  readonly stopping: () => boolean
  /** whose certificates are revoked by now */
  readonly revocations: () => RevocationLists | undefined
  /** work that a shutdown waits for */
  readonly background: (work: Promise<unknown>) => void
}

type Candidate = Extract<UpgradePath, { kind: 'charger' }> & {
  /** what the charger named */
  readonly offered: readonly string[]
  /** what we speak if nothing is set for the charger */
  readonly subprotocol: string | undefined
  readonly credential: Credential
}

/** as many as the contract takes */
const mostNames = 16
const longestName = 64
const nothingNamed = { rule: 'Q4-no-subprotocol', path: 'Sec-WebSocket-Protocol', raw: '' }

/** A certificate is what counts; a password that came with it is kept beside it, for a charger that does not need its one yet. */
const withCertificate = (credential: Credential, presented: Arrival['presented']): Credential => {
  if (presented === undefined) return credential
  const { certificate } = presented
  return credential.kind === 'basic' ? { ...certificate, proofs: credential.proofs } : certificate
}

/** Stands for this credential of this charger: a guess at it has another. */
const nameOf = ({ tenant, chargerId, credential }: Candidate): string =>
  createHash('sha256')
    .update(JSON.stringify([tenant, chargerId, credential]))
    .digest('base64url')

const crowded = 'too many chargers connect at once, connect again later'

const refuse = (status: HttpRefusal['status'], detail: string): HttpRefusal => ({ status, detail })

/**
 * Takes upgrade requests. A socket becomes a WebSocket only after central has checked the credential and recorded the
 * connection, and after the commands of its epoch can reach it. Everything else is an HTTP answer that says what was wrong.
 */
export const createUpgrades = (deps: UpgradeDeps) => {
  const { limits, now, ticks, metrics, log } = deps
  const echoes = new WeakMap<IncomingMessage, string>()
  // a variable, because the published types do not know closeTimeout yet
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // some stacks offer it and break (https://github.com/lorenzodonini/ocpp-go/issues/358)
    maxPayload: limits.maxFrameBytes,
    closeTimeout: limits.closeMs,
    // who sends more pings than can be answered is cut
    maxPendingAutoPongs: 60,
    handleProtocols: (_offered: Set<string>, request: IncomingMessage) => echoes.get(request) ?? false,
  }
  const sockets = new WebSocketServer(options)
  const turns = createPermits(limits.askedUpgrades)
  let pending = 0
  let connects = 0

  const capacity = (): HttpRefusal | undefined => {
    if (deps.stopping()) return refuse(503, 'this server is shutting down, connect again')
    if (deps.connections.size >= limits.maxConnections) return refuse(503, 'this server is full, connect again later')
    return pending >= limits.pendingUpgrades ? refuse(503, crowded) : undefined
  }

  const readCandidate = (request: IncomingMessage, arrival: Arrival): Candidate | HttpRefusal => {
    const flaw = handshakeFlaw(request)
    if (flaw !== undefined) return refuse(400, flaw)
    const path = readUpgradePath(request.url ?? '/', deps.tenants)
    if (path.kind === 'refused') return refuse(path.status, path.detail)
    const presented = readCredential(request.headers.authorization, path, deps.pepper)
    if (presented.kind === 'unreadable') return refuse(401, presented.detail)
    const offered = offeredSubprotocols(request.headers['sec-websocket-protocol'])
    // ws refuses an empty list and repeated names
    if (offered.length === 0) delete request.headers['sec-websocket-protocol']
    else request.headers['sec-websocket-protocol'] = offered.join(', ')
    const subprotocol = offered.length === 0 ? deps.defaultSubprotocol : chooseSubprotocol(offered)
    return { ...path, offered, subprotocol, credential: withCertificate(presented.credential, arrival.presented) }
  }

  const connectRequest = (candidate: Candidate, { remoteAddress, tls, mended }: Arrival): FactRequest => ({
    factId: FactId.parse(`${deps.instance}.${++connects}`),
    tenant: candidate.tenant,
    chargerId: candidate.chargerId,
    edge: deps.edge,
    receivedAt: instant(now()),
    normalisations: [
      ...(candidate.offered.length === 0 ? [nothingNamed] : []),
      ...mended.map((raw) => ({ rule: 'Q6-handshake-mended', path: '', raw })),
    ],
    fact: {
      type: 'Connect',
      edge: deps.edge,
      ...(candidate.subprotocol !== undefined && { subprotocol: candidate.subprotocol }),
      offered: candidate.offered.slice(0, mostNames).map((name) => name.slice(0, longestName)),
      speaks: Object.keys(protocols),
      remoteAddress,
      tls,
      credential: candidate.credential,
    },
  })

  /** Tells central that a connection which it has recorded came to nothing. */
  const undo = (candidate: Candidate, granted: FactAnswerOf<'Connect'>, route: Route, reason: string): void => {
    const source = createFactSource({ ...candidate, epoch: granted.epoch, edge: deps.edge })
    const request = source({ type: 'Disconnect', code: 1006, reason }, { receivedAt: now() })
    deps.background(deps.relay.ask(request, route, { holdMs: limits.holdMs }))
  }

  const accept = async (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    arrival: Arrival,
  ): Promise<HttpRefusal | undefined> => {
    const candidate = readCandidate(request, arrival)
    const { remoteAddress, mended } = arrival
    if ('status' in candidate) {
      if (candidate.status === 401) deps.attempts.failed(remoteAddress, ticks())
      return candidate
    }
    const { tenant, chargerId } = candidate
    const presented = nameOf(candidate)
    if (deps.attempts.mustWait(remoteAddress, ticks(), presented))
      return refuse(429, 'too many attempts from your address were refused, connect again later')
    const name = `${tenant}/${chargerId}`
    const waitMs = deps.connects.waitMs(name, ticks())
    if (waitMs > 0)
      return refuse(
        429,
        `charger ${chargerId} connects too often, connect again in ${Math.ceil(waitMs / 1_000)} s; if it is two with one identity, give each its own`,
      )
    // last, so that who is refused for itself takes nobody else's turn
    const closed = deps.admission.refusal(ticks())
    if (closed !== undefined) return refuse(503, closed)
    const ticket = deps.connections.beginUpgrade(tenant, chargerId)
    const route: Route = {}
    try {
      const asked = await turns.runWithin(limits.upgradeTurnMs, () =>
        deps.relay.ask(connectRequest(candidate, arrival), route, { holdMs: limits.connectHoldMs }),
      )
      if (asked === undefined) return refuse(503, crowded)
      if (asked.kind === 'refused') {
        if (asked.reason === 'bad-credential' || asked.reason === 'unknown-charger') {
          deps.attempts.failed(remoteAddress, ticks())
          deps.refusals.say({ chargerId, remoteAddress, why: asked.detail }, 'a credential was refused')
        }
        return refusalOf(asked.reason, candidate)
      }
      if (asked.kind !== 'answered') return refuse(503, 'the connection cannot be recorded now, connect again later')
      const granted = asked.answer
      if (granted.type !== 'Connect') throw new Error(`central answered Connect with ${granted.type}`)

      deps.attempts.letIn(remoteAddress, presented)
      // only what is recorded counts: nobody who merely names a charger can keep it out
      deps.connects.add(name, ticks())
      const spoken = granted.subprotocol ?? candidate.subprotocol ?? ''
      const protocol = Object.hasOwn(protocols, spoken) ? protocols[spoken] : undefined
      const abandon = (reason: string): void => undo(candidate, granted, route, reason)
      if (protocol === undefined) {
        abandon('the granted subprotocol is not spoken here')
        throw new Error(`central grants ${spoken}, which is not spoken here`)
      }
      let provide: (connection: Connection | undefined) => void = () => {}
      const opened = new Promise<Connection | undefined>((resolve) => (provide = resolve))
      const commands = respondToCommands(deps.bus, { tenant, chargerId, epoch: granted.epoch }, opened, metrics)
      const giveUp = (reason: string): void => {
        provide(undefined)
        commands.stop()
        abandon(reason)
      }
      // commands reach the newer socket from the first: it is not told that it is connected before they do
      const listening = await within(commands.ready, limits.connectHoldMs)
      if (!listening || deps.stopping()) {
        giveUp('the edge could not take commands')
        return refuse(503, 'the message bus is away, connect again later')
      }
      if (ticket.outdated(granted.epoch)) {
        giveUp('a newer connection took over before this one was open')
        return refuse(503, 'a newer connection of this charger took over')
      }
      if (socket.destroyed || !socket.writable) {
        giveUp('the charger went away during the handshake')
        return undefined
      }
      const echo = echoedSubprotocol(candidate.offered, spoken)
      if (echo !== undefined) echoes.set(request, echo)
      const webSocket = await upgradeSocket(sockets, request, socket, head)
      if (webSocket === undefined) {
        giveUp('the handshake failed')
        return undefined
      }
      if (mended.length > 0)
        log.info({ tenant, charger: chargerId, remoteAddress, mended }, 'a malformed handshake was taken')
      const digest = createSecretDigest(deps.pepper, tenant, chargerId)
      const connection = openConnection(
        webSocket,
        { tenant, chargerId, protocol, route, digest, presented: arrival.presented },
        granted,
        deps,
        (ended) => {
          commands.stop()
          deps.connections.remove(ended)
        },
      )
      deps.background(connection.ended)
      provide(connection)
      metrics.upgrades.inc({ status: '101' })
      if (!deps.connections.add(connection)) connection.superseded()
      // lists that came while central was asked have not seen this one either
      const lists = deps.revocations()
      if (lists !== undefined) connection.judgeCertificate(lists)
      // a shutdown that began a moment ago has not seen this one
      if (deps.stopping()) connection.close(1001, 'this server goes away, connect again')
      return undefined
    } finally {
      ticket.end()
    }
  }

  return async (request: IncomingMessage, socket: Duplex, head: Buffer, arrival: Arrival): Promise<void> => {
    socket.on('error', () => socket.destroy())
    let refusal = capacity()
    if (refusal === undefined) {
      pending += 1
      try {
        refusal = await accept(request, socket, head, arrival)
      } catch (error) {
        log.error({ err: error }, 'an upgrade failed')
        refusal = refuse(503, 'this server failed to connect you, connect again later')
      } finally {
        pending -= 1
      }
    }
    if (refusal === undefined) return
    metrics.upgrades.inc({ status: String(refusal.status) })
    const { status, detail } = refusal
    const { remoteAddress } = arrival
    deps.refusals.say({ path: request.url?.slice(0, 120), remoteAddress, status, detail }, 'refused')
    refuseUpgrade(socket, refusal)
  }
}

const refusalOf = (
  reason: Extract<FactReply, { outcome: 'refused' }>['reason'],
  { chargerId, offered }: Candidate,
): HttpRefusal => {
  switch (reason) {
    case 'unknown-charger':
      return refuse(404, `no charger ${chargerId} is known here; register it first`)
    case 'contested-identity':
      return refuse(
        409,
        `another charger with the identity ${chargerId} is connected from elsewhere; give each its own`,
      )
    case 'no-subprotocol': {
      const asked = offered.length === 0 ? 'no Sec-WebSocket-Protocol header' : 'no subprotocol in common'
      return refuse(400, `${asked}; this server speaks: ${Object.keys(protocols).join(', ')}`)
    }
    case 'bad-credential':
      return refuse(401, `the credential is not that of charger ${chargerId}`)
    case 'not-registered':
      return refuse(403, `charger ${chargerId} may not connect`)
    case 'invalid-request':
      return refuse(400, 'the connection request is not valid')
  }
}

/** What is wrong with the opening handshake (RFC 6455 §4.2.1), found before central is asked. */
export const handshakeFlaw = (request: Pick<IncomingMessage, 'method' | 'headers'>): string | undefined => {
  const { headers, method } = request
  if (method !== 'GET') return 'a WebSocket handshake is a GET request'
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'the Upgrade header must be: websocket'
  const version = headers['sec-websocket-version']
  if (version !== '13' && version !== '8') return 'the Sec-WebSocket-Version header must be: 13'
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) {
    return 'the Sec-WebSocket-Key header must be 16 bytes as base64'
  }
  const offered = offeredSubprotocols(headers['sec-websocket-protocol'])
  if (!offered.every((name) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))) {
    return 'the Sec-WebSocket-Protocol header must be a list of names, like: ocpp1.6'
  }
  return undefined
}

/** undefined: the socket ended instead. */
const upgradeSocket = (
  sockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<WebSocket | undefined> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve(undefined))
    sockets.handleUpgrade(request, socket, head, resolve)
  })
