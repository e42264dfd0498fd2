import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { refuseUpgrade } from './http-refusal.ts'
import { mendHandshake } from './mend-handshake.ts'
import type { Mend } from './mend-handshake.ts'
import { createRequestHead } from './request-head.ts'

export type MendedSockets = {
  /** What was mended in the handshake that this socket began with. */
  of(socket: Duplex): readonly Mend[]
  /** Ends the sockets whose first request is not complete. */
  stop(): void
}

/**
 * Looks at the first request of each socket before the HTTP server does, and mends it where it is a handshake that can mean only
 * one thing. The server then gets the socket as if nothing had been read from it.
 * @param event by which the server hears of a socket whose bytes are HTTP: with TLS another than without
 * @param bounds how long the head of the first request may take, and how many sockets may be at it: of more, the oldest is ended
 */
export const mendSockets = (
  server: Server,
  event: 'connection' | 'secureConnection',
  bounds: { readonly patienceMs: number; readonly most: number },
  onRefused: (socket: Socket, detail: string) => void,
): MendedSockets => {
  const listeners = server.listeners(event)
  server.removeAllListeners(event)
  const mended = new WeakMap<Duplex, readonly Mend[]>()
  /** oldest first, with how each is turned away */
  const reading = new Map<Socket, (why: string) => void>()

  server.on(event, (socket: Socket) => {
    const head = createRequestHead()
    let nothing = true
    const late = setTimeout(() => refuse('its headers did not come in time'), bounds.patienceMs)
    const leave = (): void => {
      clearTimeout(late)
      reading.delete(socket)
      socket.off('data', take).off('end', ended).off('close', leave).off('error', failed)
    }
    const refuse = (why: string): void => {
      leave()
      socket.on('error', () => socket.destroy())
      const detail = `this is no HTTP request: ${why}`
      onRefused(socket, detail)
      refuseUpgrade(socket, { status: 400, detail })
    }
    const ended = (): void => (nothing ? void socket.destroy() : refuse('it ended within its headers'))
    const failed = (): void => void socket.destroy()
    const take = (chunk: Buffer): void => {
      nothing = false
      const end = head.take(chunk)
      if (end === 'more') return
      leave()
      socket.pause()
      socket.unshift(end === 'none' ? head.bytes() : mend(socket, head.bytes(), end))
      for (const listener of listeners) Reflect.apply(listener, server, [socket])
      socket.resume()
    }
    const [oldest] = reading.values()
    if (reading.size >= bounds.most) oldest?.('others wait, and its headers have not come')
    reading.set(socket, refuse)
    socket.on('data', take).on('end', ended).on('close', leave).on('error', failed)
  })

  const mend = (socket: Socket, read: Buffer, end: number): Buffer => {
    const result = mendHandshake(read.toString('latin1', 0, end))
    if (result.mended.length === 0) return read
    mended.set(socket, result.mended)
    return Buffer.concat([Buffer.from(result.head, 'latin1'), read.subarray(end)])
  }

  return {
    of: (socket) => mended.get(socket) ?? [],
    stop: () => [...reading.keys()].forEach((socket) => socket.destroy()),
  }
}
