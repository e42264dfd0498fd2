import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { refuseUpgrade } from './http-refusal.ts'
import { mendHandshake } from './mend-handshake.ts'
import type { Mend } from './mend-handshake.ts'

/** Node's own bound for the head of a request. */
const longestHead = 16_384

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
 * @param patienceMs how long the head of the first request may take
 */
export const mendSockets = (
  server: Server,
  event: 'connection' | 'secureConnection',
  patienceMs: number,
  onRefused: (socket: Socket, detail: string) => void,
): MendedSockets => {
  const listeners = server.listeners(event)
  server.removeAllListeners(event)
  const mended = new WeakMap<Duplex, readonly Mend[]>()
  const reading = new Set<Socket>()

  server.on(event, (socket: Socket) => {
    let read: Buffer = Buffer.alloc(0)
    const late = setTimeout(() => refuse('its headers did not come in time'), patienceMs)
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
    const ended = (): void => (read.length === 0 ? void socket.destroy() : refuse('it ended within its headers'))
    const failed = (): void => void socket.destroy()
    const take = (chunk: Buffer): void => {
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk])
      const end = endOfHead(read)
      if (end === undefined && read.length < longestHead && mayBeGet(read)) return
      leave()
      socket.pause()
      socket.unshift(end === undefined ? read : mend(socket, read, end))
      for (const listener of listeners) Reflect.apply(listener, server, [socket])
      socket.resume()
    }
    reading.add(socket)
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
    stop: () => reading.forEach((socket) => socket.destroy()),
  }
}

/** Behind the empty line. Some stacks begin with one, which does not count (RFC 9112 §2.2). */
const endOfHead = (read: Buffer): number | undefined => {
  const found = /[^\r\n][^]*?\n\r?\n/.exec(read.toString('latin1'))
  return found === null ? undefined : found.index + found[0].length
}

const mayBeGet = (read: Buffer): boolean => 'GET '.startsWith(read.toString('latin1', 0, 4).trimStart().slice(0, 4))
