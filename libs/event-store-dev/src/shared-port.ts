import { createServer as createHttpServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/** First bytes of every HTTP/2 connection (RFC 9113 §3.4). */
const HTTP2_PREFACE = Buffer.from('PRI ')
/** As on a real server: past this a client's calls wait. */
const MAX_CONCURRENT_STREAMS = 100
const MEBIBYTE = 1024 * 1024

const HTTP2_OPTIONS = {
  settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS, initialWindowSize: MEBIBYTE, enablePush: false },
  // 100 readers with full buffers pass Node's default of 10 MB
  maxSessionMemory: 512,
  // a client that cancels many reads is no attacker here; Node 20 does not know these two and closes a connection that cancels
  // 1,000 calls at once and then more than 33 per second
  streamResetBurst: 1_000_000,
  streamResetRate: 1_000_000,
}

export interface SharedPort {
  readonly port: number
  /** Takes no new connection; the open ones go on. */
  stopListening(): void
  /** Ends every connection: politely first, by force after `graceMs`. */
  closeConnections(graceMs: number): Promise<void>
}

export interface SharedPortOptions {
  readonly host: string
  readonly port: number
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  onHttp: RequestListener
  onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, dropConnection: () => void): void
}

/** One port for gRPC (HTTP/2) and plain HTTP/1.1: by ALPN under TLS, otherwise by the first bytes of the connection. */
export async function openSharedPort(options: SharedPortOptions): Promise<SharedPort> {
  const sockets = new Set<Socket>()
  const sessions = new Map<ServerHttp2Session, Socket>()
  const http1 = createHttpServer(options.onHttp)
  const http2 = createHttp2Server(HTTP2_OPTIONS)
  let connecting: Socket | undefined

  http2.on('session', (session) => {
    const socket = connecting
    if (!socket) return session.destroy()
    sessions.set(session, socket)
    session.setLocalWindowSize(8 * MEBIBYTE)
    session.on('error', () => undefined)
    session.on('close', () => sessions.delete(session))
    session.on('stream', (stream, headers) => options.onStream(stream, headers, () => socket.destroy()))
  })
  http2.on('sessionError', () => undefined)

  function toHttp2(socket: Socket): void {
    connecting = socket
    http2.emit('connection', socket)
    connecting = undefined
  }

  function accept(socket: Socket): void {
    socket.on('error', () => undefined)
    const alpn = 'alpnProtocol' in socket ? socket.alpnProtocol : undefined
    if (alpn === 'h2') return toHttp2(socket)
    if (alpn === 'http/1.1') return void http1.emit('connection', socket)
    let seen: Buffer = Buffer.alloc(0)
    const sniff = (): void => {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
      const length = Math.min(seen.length, HTTP2_PREFACE.length)
      const fits = seen.compare(HTTP2_PREFACE, 0, length, 0, length) === 0
      if (fits && length < HTTP2_PREFACE.length) return
      socket.off('readable', sniff)
      socket.unshift(seen)
      if (fits) toHttp2(socket)
      else http1.emit('connection', socket)
    }
    socket.on('readable', sniff)
  }

  function track(socket: Socket): void {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  }

  const listener = options.tls
    ? createTlsServer({ cert: options.tls.cert, key: options.tls.key, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
        socket.setNoDelay(true)
        accept(socket)
      })
    : createServer({ noDelay: true }, accept)
  listener.on('connection', track)
  listener.on('tlsClientError', () => undefined)

  await new Promise<void>((done, failed) => {
    listener.once('error', (error: NodeJS.ErrnoException) => {
      failed(
        error.code === 'EADDRINUSE'
          ? new Error(
              `port ${options.port} on ${options.host} is in use: stop what listens there, or choose another port`,
            )
          : error,
      )
    })
    listener.listen(options.port, options.host, () => {
      listener.removeAllListeners('error')
      done()
    })
  })

  return {
    port: (listener.address() as AddressInfo).port,
    stopListening() {
      listener.close()
    },
    async closeConnections(graceMs) {
      for (const session of sessions.keys()) session.close()
      http1.closeIdleConnections()
      const deadline = Date.now() + graceMs
      while (sockets.size > 0 && Date.now() < deadline) {
        if (sessions.size === 0) break
        await new Promise((done) => setTimeout(done, 5))
      }
      for (const session of sessions.keys()) session.destroy()
      for (const socket of sockets) socket.destroy()
    },
  }
}
