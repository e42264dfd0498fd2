import type { Server, Socket } from 'node:net'
import { plainAddress } from './ftp-data.ts'

/** of one listener; further ones are closed at once */
export const mostConnections = 500
/** many chargers may stand behind one address; not all of them at once */
const mostOfOneAddress = 100

/** The connections of one listener, so many of an address that others find a place. */
export interface Places {
  /** Whether there is a place; it is free again when the connection closes. */
  take(socket: Pick<Socket, 'remoteAddress' | 'once'>): boolean
}

export const createPlaces = (most = mostOfOneAddress): Places => {
  const taken = new Map<string, number>()
  return {
    take(socket) {
      const address = plainAddress(socket.remoteAddress)
      const before = taken.get(address) ?? 0
      if (before >= most) return false
      taken.set(address, before + 1)
      socket.once('close', () => {
        const now = (taken.get(address) ?? 1) - 1
        if (now === 0) taken.delete(address)
        else taken.set(address, now)
      })
      return true
    },
  }
}

/** Bounds a server that has nothing to say to whoever finds no place. */
export const boundConnections = (server: Pick<Server, 'maxConnections'> & Listening, most?: number): void => {
  const places = createPlaces(most)
  server.maxConnections = mostConnections
  server.on('connection', (socket) => {
    if (!places.take(socket)) socket.destroy()
  })
}

interface Listening {
  on(event: 'connection', heard: (socket: Socket) => void): unknown
}
