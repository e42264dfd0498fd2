import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls'
import { listen } from '@voltrail/runtime/listen'
import { StartError } from '@voltrail/runtime/start-error'
import type { FtpSession, FtpSessionOptions } from './ftp-session.ts'
import { startFtpSession } from './ftp-session.ts'
import { createPlaces, mostConnections } from './places.ts'

export interface FtpListenerOptions extends Omit<FtpSessionOptions, 'secure' | 'silentMs' | 'dataWithinMs'> {
  /** 0 takes a free one */
  readonly port: number
  /** PEM; with it a charger may ask for TLS (AUTH TLS), and then may have it for its data as well */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** TLS from the first byte on (port 990 by habit); needs `tls` */
  readonly implicit?: boolean
  /** how long a connection may be silent; 120 s unless told: slow modems are not silent */
  readonly silentMs?: number
}

export interface FtpListener {
  readonly port: number
  stop(): Promise<void>
}

const silentMs = 120_000
const dataWithinMs = 25_000

/** FTP, passive only, with TLS where there is a certificate. Throws StartError when a setting or the port is wrong. */
export const startFtpListener = async (options: FtpListenerOptions): Promise<FtpListener> => {
  const { tls, implicit = false, host, port, passive, log } = options
  if (passive.from > passive.to)
    throw new StartError(
      `the passive ports of FTP begin at ${passive.from} and end at ${passive.to}`,
      'set FTP_PASSIVE_FROM to the lower one',
    )
  if (implicit && tls === undefined)
    throw new StartError('FTP over TLS needs a certificate', 'set FILES_TLS_CERT_PATH and FILES_TLS_KEY_PATH')
  const secure: SecureContext | undefined = tls && createSecureContext({ ...tls, minVersion: 'TLSv1.2' })
  const places = createPlaces()
  const sessions = new Map<Socket, FtpSession>()
  const settings = { dataWithinMs, silentMs, ...options, ...(secure === undefined ? {} : { secure }) }
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    if (!places.take(socket)) {
      // one that does not listen keeps no place
      socket.end('421 too many connections from this address\r\n', () => socket.destroy())
      return
    }
    const control =
      implicit && secure !== undefined ? new TLSSocket(socket, { isServer: true, secureContext: secure }) : socket
    sessions.set(socket, startFtpSession(control, settings))
    socket.once('close', () => {
      sessions.get(socket)?.end()
      sessions.delete(socket)
    })
  })
  server.maxConnections = mostConnections
  server.on('error', (error) => log.error({ err: error }, 'the listener of FTP failed'))
  return {
    port: await listen(server, { host, port }, 'FTP'),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions.values()) session.end()
      await closed
    },
  }
}
