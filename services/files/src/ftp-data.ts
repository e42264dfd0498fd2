import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket, type SecureContext } from 'node:tls'

export interface PassivePorts {
  /** the IPv4 address that chargers are told; absent: the one that they came to */
  readonly address?: string
  /** ports of data connections, both included; 0 and 0: any free one */
  readonly from: number
  readonly to: number
}

/** One data connection of one charger, from the port that it is told until its transfer is over. */
export interface DataPort {
  readonly port: number
  /** The connection, once it is there. Rejects when none is made in time, or when it is closed before. */
  connected(): Promise<Socket>
  close(): void
  /** Resolves when nothing of it is open any more. */
  readonly over: Promise<void>
}

export interface DataPortOptions {
  readonly host: string
  readonly ports: Pick<PassivePorts, 'from' | 'to'>
  /** who alone may connect: a data connection is not to be taken by another (RFC 2577 §8) */
  readonly peer: string
  /** PROT P (RFC 4217 §9) */
  readonly secure?: SecureContext
  /** how long the charger may take to connect */
  readonly withinMs: number
  /** a connection that brings nothing for so long is given up */
  readonly silentMs: number
}

/** where the next search for a free port begins, so that a port is not taken again at once */
let turn = 0

/** Listens for one connection. Throws when no port of the range is free. */
export const openDataPort = async (options: DataPortOptions): Promise<DataPort> => {
  const { host, ports, peer, secure, withinMs, silentMs } = options
  const server = createServer({ pauseOnConnect: true })
  const port = await listenWithin(server, host, ports)
  let socket: Socket | undefined
  let failed: Error | undefined
  let tellOver = (): void => undefined
  const over = new Promise<void>((resolve) => (tellOver = resolve))
  let settle: { resolve(socket: Socket): void; reject(error: Error): void } | undefined
  const fail = (reason: string) => {
    clearTimeout(late)
    server.close()
    failed ??= new Error(reason)
    settle?.reject(failed)
    if (socket === undefined) tellOver()
  }
  const late = setTimeout(() => fail('no data connection was made'), withinMs)
  server.on('error', (error) => fail(error.message))
  server.on('connection', (raw) => {
    raw.on('error', () => undefined)
    if (plainAddress(raw.remoteAddress) !== peer || socket !== undefined) {
      raw.destroy()
      return
    }
    clearTimeout(late)
    server.close()
    const data = secure === undefined ? raw : new TLSSocket(raw, { isServer: true, secureContext: secure })
    // whoever reads or writes it is told as well; before that nobody is there
    data.on('error', () => undefined)
    data.setTimeout(silentMs, () => data.destroy(new Error('the data connection was silent for too long')))
    socket = data
    data.once('close', tellOver)
    settle?.resolve(data)
  })
  return {
    port,
    over,
    connected: () =>
      new Promise((resolve, reject) => {
        if (socket !== undefined) resolve(socket)
        else if (failed !== undefined) reject(failed)
        else settle = { resolve, reject }
      }),
    close() {
      fail('the data connection was closed')
      socket?.destroy()
    },
  }
}

/** An IPv4 address as such, whichever kind of socket tells it. */
export const plainAddress = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/i, '')

const listenWithin = async (server: Server, host: string, { from, to }: Pick<PassivePorts, 'from' | 'to'>) => {
  const count = to - from + 1
  for (let i = 0; i < count; i++) {
    const port = from + ((turn + i) % count)
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port, backlog: 1 }, () => {
          server.removeListener('error', reject)
          resolve()
        })
      })
      turn = (turn + i + 1) % count
      return (server.address() as { port: number }).port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
  throw new Error(`none of the ports ${from} to ${to} is free for a data connection`)
}
