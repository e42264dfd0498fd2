import type { Server as NetServer } from 'node:net'
import { Server, type Connection } from 'ssh2'
import { listen } from '@voltrail/runtime/listen'
import type { Admit, Guest } from './access.ts'
import { plainAddress } from './ftp-data.ts'
import type { TransferDoors } from './ftp-transfer.ts'
import { boundConnections } from './places.ts'
import { serveSftp } from './sftp-session.ts'

export interface SftpListenerOptions extends TransferDoors {
  readonly admit: Admit
  readonly host: string
  /** 0 takes a free one */
  readonly port: number
  /** private keys, PEM or OpenSSH: ed25519, ecdsa, rsa, so that every charger finds one that it knows */
  readonly hostKeys: readonly string[]
  /** a connection that brings nothing for so long is given up; 120 s unless told */
  readonly silentMs?: number
}

export interface SftpListener {
  readonly port: number
  stop(): Promise<void>
}

const silentMs = 120_000
const loginWithinMs = 30_000
const mostRefusals = 3
/** sessions that one connection may open in its life, one after the other or at once: a charger opens one, or two */
const mostSessions = 16

/** SFTP and nothing else of SSH: no shell, no command, no forwarding. Passwords only. Throws StartError when the port is taken. */
export const startSftpListener = async (options: SftpListenerOptions): Promise<SftpListener> => {
  const { admit, hostKeys, log, host, port } = options
  const connections = new Set<Connection>()
  const serve = (client: Connection, address: string): void => {
    let guest: Guest | undefined
    let refusals = 0
    const ends = new Set<() => void>()
    let sessions = 0
    connections.add(client)
    const late = setTimeout(() => {
      if (guest === undefined) client.end()
    }, loginWithinMs)
    client.on('error', (error) => log.debug({ err: error, protocol: 'sftp' }, 'a connection broke'))
    client.on('close', () => {
      clearTimeout(late)
      connections.delete(client)
      for (const end of ends) end()
    })
    client.on('authentication', (context) => {
      if (context.method !== 'password') return context.reject(['password'])
      const visit = { user: context.username, password: context.password, address, protocol: 'sftp' } as const
      admit(visit)
        .then((access) => {
          if (access.outcome === 'in') {
            guest = access.guest
            return context.accept()
          }
          log.info(
            { why: access.outcome === 'wait' ? 'wait' : access.why, address, protocol: 'sftp' },
            'a visitor was refused',
          )
          context.reject(['password'])
          refusals += 1
          if (refusals >= mostRefusals) client.end()
          return undefined
        })
        .catch((error: unknown) => {
          log.error({ err: error, protocol: 'sftp' }, 'a login failed')
          context.reject()
        })
      return undefined
    })
    client.on('session', (accept, reject) => {
      sessions += 1
      if (sessions > mostSessions) return reject()
      const session = accept()
      session.on('sftp', (acceptSftp, rejectSftp) => {
        if (guest === undefined) return rejectSftp()
        const end = serveSftp(acceptSftp(), guest, options)
        ends.add(end)
        session.on('close', () => {
          ends.delete(end)
          end()
        })
        return undefined
      })
      return undefined
    })
  }
  const server = new Server({ hostKeys: [...hostKeys], ident: 'files' }, (client, { ip }) => {
    serve(client, plainAddress(ip))
  })
  // the net.Server that ssh2 1.17 holds: it watches over neither silence nor numbers itself
  const { _srv: beneath } = server as unknown as { readonly _srv: NetServer }
  beneath.on('connection', (socket) => {
    socket.setTimeout(options.silentMs ?? silentMs, () => socket.destroy())
  })
  boundConnections(beneath)
  const bound = await listen(beneath, { host, port }, 'SFTP')
  return {
    port: bound,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const client of connections) client.end()
      await closed
    },
  }
}
