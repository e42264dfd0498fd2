import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** An upgrade that is refused before it is one: an HTTP answer with a text for the installer. */
export type HttpRefusal = {
  readonly status: 400 | 401 | 403 | 404 | 409 | 426 | 429 | 503
  readonly detail: string
}

/** The headers that belong to a refusal, body included in their length. */
export const refusalHeaders = ({ status, detail }: HttpRefusal): Record<string, string> => ({
  Connection: 'close',
  'Content-Type': 'text/plain; charset=utf-8',
  'Content-Length': String(Buffer.byteLength(`${detail}\n`)),
  ...(status === 401 && { 'WWW-Authenticate': 'Basic realm="ocpp", charset="UTF-8"' }),
  ...(status === 426 && { Upgrade: 'websocket' }),
  ...((status === 503 || status === 429) && { 'Retry-After': '30' }),
})

/** Writes the refusal to a socket that was to become a WebSocket, and ends it. */
export const refuseUpgrade = (socket: Duplex, refusal: HttpRefusal): void => {
  if (socket.destroyed) return
  const headers = Object.entries(refusalHeaders(refusal)).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${headers.join('')}\r\n${refusal.detail}\n`)
}
