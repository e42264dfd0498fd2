import { constants } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server as TlsServer } from 'node:https'
import type { BlockList } from 'node:net'
import type { Duplex } from 'node:stream'
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import { readClientCertificate } from './client-certificate.ts'
import type { PresentedCertificate } from './client-certificate.ts'
import { refuseUpgrade } from './http-refusal.ts'
import type { ListenerConfig } from './listeners.ts'
import type { Mend } from './mend-handshake.ts'
import { mendSockets } from './mended-sockets.ts'
import type { RefusalLog } from './refusal-log.ts'
import { expectProxyHeaders, plainAddress } from './proxy-protocol.ts'
import type { TlsFiles } from './tls-files.ts'

/** How an upgrade request came here. */
export type Arrival = {
  readonly tls: boolean
  /** the charger's, or that of the router before it; behind a balancer what that told */
  readonly remoteAddress: string
  readonly presented?: PresentedCertificate
  /** what was mended in the request before it could be read */
  readonly mended: readonly Mend[]
}

export type ChargerListener = {
  readonly server: Server | TlsServer
  readonly config: ListenerConfig
  /** New connections get these certificates; open ones stay with theirs. */
  useTlsFiles(files: TlsFiles): void
  /** Takes no more connections, and ends those that have not asked for anything yet. */
  stop(): void
}

export type ChargerListenerOptions = {
  readonly config: ListenerConfig
  readonly tlsFiles: TlsFiles | undefined
  readonly proxyFrom: BlockList | undefined
  readonly answerPlainRequest: (request: IncomingMessage, response: ServerResponse) => void
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, arrival: Arrival) => void
  /** hears of requests that cannot be read */
  readonly onUnreadable: (detail: string, whence: { requestLine?: string; remoteAddress?: string | undefined }) => void
  /** how long the head of an HTTP request may take */
  readonly headersMs: number
  readonly maxConnections: number
  /** connections whose TLS handshake, or whose first request, is not complete; of more, the oldest is ended */
  readonly unfinished: number
  readonly now: () => number
  readonly refusals: RefusalLog
}

const handshakeMs = 15_000

type ParserError = Error & { readonly reason?: string; readonly rawPacket?: Buffer }

/** The request line alone: headers hold passwords. */
const requestLineOf = ({ rawPacket }: ParserError): string | undefined =>
  rawPacket
    ?.toString('latin1', 0, 200)
    .trimStart()
    .split(/[\r\n?]/, 1)[0]
    ?.slice(0, 120)

/** Forward secrecy first, ECDSA before RSA (less work for us); the static RSA suites of the OCA's test cases last, where wanted. */
const cipherList = (staticRsa: boolean): string =>
  [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES256-GCM-SHA384',
    ...(staticRsa ? ['AES128-GCM-SHA256', 'AES256-GCM-SHA384'] : []),
    '@SECLEVEL=2',
  ].join(':')

/** What a listener's TLS is made of (OCPP 1.6 security white paper §2.2: TLS 1.2 or newer, these suites). */
const secureContextOf = ({ kind, staticRsa }: ListenerConfig, files: TlsFiles): SecureContextOptions => ({
  cert: [...files.cert],
  key: [...files.key],
  minVersion: 'TLSv1.2',
  ciphers: cipherList(staticRsa),
  honorCipherOrder: true,
  ...(kind === 'mtls' && {
    ca: [...files.ca],
    // a resumed session would bring the verdict of its first handshake, and no chain
    secureOptions: constants.SSL_OP_NO_TICKET,
  }),
})

/** Of more TLS handshakes under way than there is room for, the oldest ends: whoever stalls it keeps nobody else out. */
const boundHandshakes = (server: Server | TlsServer, most: number): void => {
  const underWay = new Map<string, Socket>()
  const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket)
    underWay.set(name, socket)
    socket.once('close', () => underWay.get(name) === socket && underWay.delete(name))
    const oldest = underWay.values().next()
    if (underWay.size > most && oldest.done !== true) oldest.value.destroy()
  })
  server.on('secureConnection', (socket: TLSSocket) => underWay.delete(nameOf(socket)))
}

/** One place where chargers connect. It does not listen yet. */
export const createChargerListener = (options: ChargerListenerOptions): ChargerListener => {
  const { config, refusals, now } = options
  let files = options.tlsFiles
  const server =
    files === undefined
      ? createServer(options.answerPlainRequest)
      : createTlsServer(
          {
            ...secureContextOf(config, files),
            handshakeTimeout: handshakeMs,
            // who has none, or one of an unknown root, is answered in HTTP what is wrong
            ...(config.kind === 'mtls' && { requestCert: true, rejectUnauthorized: false }),
          },
          options.answerPlainRequest,
        )
  const addressOf = (socket: Socket): string => sourceOf?.(socket) ?? plainAddress(socket.remoteAddress ?? 'unknown')
  // before the balancer's header is taken off: that comes first on the socket
  const mended = mendSockets(
    server,
    files === undefined ? 'connection' : 'secureConnection',
    { patienceMs: options.headersMs, most: options.unfinished },
    (socket, detail) => options.onUnreadable(detail, { remoteAddress: addressOf(socket) }),
  )
  if (files !== undefined) boundHandshakes(server, options.unfinished)
  const where = `${config.kind}://${config.host}:${config.port}`
  const sourceOf =
    config.proxy && options.proxyFrom !== undefined
      ? expectProxyHeaders(server, {
          from: options.proxyFrom,
          headerMs: handshakeMs / 3,
          onRefused: (address, problem) =>
            refusals.say({ remoteAddress: address, problem, listener: where }, 'a connection was refused'),
        })
      : undefined

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const presented =
      files !== undefined && config.kind === 'mtls' && request.socket instanceof TLSSocket
        ? readClientCertificate(request.socket, files, now())
        : undefined
    options.onUpgrade(request, socket, head, {
      tls: files !== undefined,
      remoteAddress: addressOf(request.socket),
      mended: mended.of(socket),
      ...(presented === undefined ? {} : { presented }),
    })
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const remoteAddress = sourceOf?.(socket) ?? socket.remoteAddress
    const { code, message: problem } = error
    refusals.say({ remoteAddress, problem, code, listener: where }, 'a TLS handshake failed')
    socket.destroy()
  })
  server.on('clientError', (error: ParserError, socket: Duplex) => {
    const detail = `this is no HTTP request that can be read: ${error.reason ?? error.message}`
    const requestLine = requestLineOf(error)
    options.onUnreadable(detail, {
      ...(requestLine === undefined ? {} : { requestLine }),
      ...(socket instanceof Socket && { remoteAddress: addressOf(socket) }),
    })
    if (socket.writable) refuseUpgrade(socket, { status: 400, detail })
    else socket.destroy()
  })
  server.headersTimeout = options.headersMs
  server.maxConnections = options.maxConnections

  return {
    server,
    config,
    stop() {
      server.close()
      mended.stop()
      server.closeIdleConnections()
    },
    useTlsFiles(newer) {
      if (files === undefined) return
      files = newer
      ;(server as TlsServer).setSecureContext(secureContextOf(config, newer))
    },
  }
}
