import { BlockList, isIP } from 'node:net'
import type { Server, Socket } from 'node:net'
import { readProxyHeader } from './proxy-header.ts'

/** An IPv4 address in the clothes of IPv6 is that IPv4 address. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')

/** Addresses and networks (`10.0.0.0/8`, `::1`), separated by commas. Gives a text that says what is wrong instead. */
export const readNetworks = (list: string): BlockList | string => {
  const networks = new BlockList()
  for (const item of list.split(/[\s,]+/).filter((one) => one !== '')) {
    const [address = '', bits, ...more] = item.split('/')
    const version = isIP(address)
    const most = version === 6 ? 128 : 32
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
    if (version === 0 || more.length > 0 || !(prefix <= most)) return `must be addresses or networks; wrong is: ${item}`
    networks.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4')
  }
  return networks
}

export type ProxyOptions = {
  /** whose word is taken */
  readonly from: BlockList
  /** how long the header may take, in ms */
  readonly headerMs: number
  readonly onRefused: (address: string, detail: string) => void
}

/**
 * Has a server (plain or TLS) expect a PROXY header before anything else on each connection. A connection without one, or from
 * somebody who is not a trusted balancer, is ended.
 * @returns the source address that the balancer told for a connection, by the connection's own two ends
 */
export const expectProxyHeaders = (server: Server, { from, headerMs, onRefused }: ProxyOptions) => {
  const sources = new Map<string, string>()
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  const deliver = (socket: Socket): void => {
    for (const listener of listeners) listener.call(server, socket)
  }

  server.on('connection', (socket: Socket) => {
    const balancer = plainAddress(socket.remoteAddress ?? '')
    const key = keyOf(socket)
    let start = Buffer.alloc(0)
    const refuse = (detail: string): void => {
      stop()
      onRefused(balancer, detail)
      socket.destroy()
    }
    const timer = setTimeout(() => refuse('no PROXY protocol header came in time'), headerMs)
    const onReadable = (): void => {
      for (;;) {
        const chunk = socket.read() as Buffer | null
        if (chunk === null) return
        start = Buffer.concat([start, chunk])
        const header = readProxyHeader(start)
        if (header.kind === 'invalid') return refuse(header.detail)
        if (header.kind === 'incomplete') continue
        stop()
        if (header.source !== undefined) {
          sources.set(key, plainAddress(header.source))
          socket.once('close', () => sources.delete(key))
        }
        if (start.length > header.bytes) socket.unshift(start.subarray(header.bytes))
        return deliver(socket)
      }
    }
    const onError = (): void => {
      stop()
      socket.destroy()
    }
    const stop = (): void => {
      clearTimeout(timer)
      socket.off('readable', onReadable)
      socket.off('error', onError)
      socket.off('end', onError)
    }
    socket.on('error', onError)
    socket.on('end', onError)
    if (isIP(balancer) === 0 || !from.check(balancer, isIP(balancer) === 6 ? 'ipv6' : 'ipv4'))
      return refuse('it is not from a balancer that is trusted with PROXY headers')
    socket.on('readable', onReadable)
  })
  return (socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string | undefined => sources.get(keyOf(socket))
}

/** A TLS socket and the socket under it have the same two ends. */
const keyOf = ({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string =>
  `${remoteAddress} ${remotePort}`
