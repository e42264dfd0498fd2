import type { Socket } from 'node:net'
import { TLSSocket, type SecureContext } from 'node:tls'
import type { Admit, Guest } from './access.ts'
import { openDataPort, plainAddress, type DataPort, type PassivePorts } from './ftp-data.ts'
import { createFtpLines, LineTooLong } from './ftp-lines.ts'
import { lastPart, sendFirmware, storeFile, type Reply, type TransferDoors } from './ftp-transfer.ts'

export interface FtpSessionOptions extends TransferDoors {
  readonly admit: Admit
  /** where data connections are listened for */
  readonly host: string
  readonly passive: PassivePorts
  /** absent: no TLS */
  readonly secure?: SecureContext
  /** a control or data connection that brings nothing for so long is given up */
  readonly silentMs: number
  readonly dataWithinMs: number
  /** whoever has not logged in by then is given up, however much is said; 30 s unless told */
  readonly loginWithinMs?: number
}

export interface FtpSession {
  /** Ends it and all that it holds, whatever is under way. */
  end(): void
}

/** lines that may wait for their turn; nobody sends so many before an answer */
const mostWaiting = 64
const mostRefusals = 3
const loginWithinMs = 30_000
const beforeLogin = new Set(['USER', 'PASS', 'AUTH', 'PBSZ', 'PROT', 'QUIT', 'NOOP', 'FEAT', 'SYST', 'HELP', 'OPTS'])

/**
 * One control connection (RFC 959, RFC 4217), passive only. Lines are answered one after the other. Every folder is there and empty,
 * and only the last part of a path means anything: nothing of it reaches a file system.
 */
export const startFtpSession = (first: Socket, options: FtpSessionOptions): FtpSession => {
  const { admit, passive, secure, silentMs, log } = options
  const address = plainAddress(first.remoteAddress)
  const reached = plainAddress(first.localAddress)
  let control: Socket = first
  let lines = createFtpLines()
  let waiting: string[] = []
  let busy = false
  let over = false
  let user: string | undefined
  let guest: Guest | undefined
  let refusals = 0
  let folder = '/'
  let offset = 0
  let protect = first instanceof TLSSocket
  let port: DataPort | undefined
  /** every one of this session: what was sent last may still be on its way */
  const ports = new Set<DataPort>()
  let transferring = false

  const say = ([code, text]: Reply): void => {
    if (control.writable) control.write(`${code} ${text.replaceAll(/[\r\n]+/g, ' ')}\r\n`)
  }
  const tooLate = setTimeout(() => {
    if (guest === undefined) leave([421, 'nobody logged in'])
  }, options.loginWithinMs ?? loginWithinMs)
  const end = (): void => {
    if (over) return
    over = true
    clearTimeout(tooLate)
    waiting = []
    for (const one of ports) one.close()
    control.destroy()
    first.destroy()
  }
  const leave = (reply: Reply): void => {
    if (control.writable) control.end(`${reply[0]} ${reply[1]}\r\n`, end)
    else end()
  }

  const openPort = async (): Promise<DataPort> => {
    port?.close()
    const { host, dataWithinMs: withinMs } = options
    const context = protect && secure !== undefined ? { secure } : {}
    const opened = await openDataPort({ host, ports: passive, peer: address, ...context, withinMs, silentMs })
    port = opened
    ports.add(opened)
    void opened.over.then(() => ports.delete(opened))
    // it may have ended meanwhile
    if (over) opened.close()
    return opened
  }
  const cannotOpen = (error: unknown): Reply => {
    log.error({ err: error }, 'no port for a data connection')
    return [425, 'there is no free port for a data connection: try again later']
  }

  /** Runs a transfer over the data connection that was asked for before. Its answer comes last, its failure never twice. */
  const transfer = async (run: (data: () => Promise<Socket>) => Promise<Reply>): Promise<Reply> => {
    const used = port
    if (used === undefined) return [425, 'say PASV or EPSV first']
    transferring = true
    let begun: Socket | undefined
    try {
      const reply = await run(async () => {
        begun = await used.connected()
        say([150, 'go on'])
        return begun
      })
      // what was sent has to arrive: only a failure cuts the connection
      if (reply[0] !== 226) used.close()
      return reply
    } catch (error) {
      used.close()
      if (begun === undefined) return [425, (error as Error).message]
      throw error
    } finally {
      transferring = false
      if (port === used) port = undefined
      if (begun === undefined) used.close()
    }
  }

  const login = async (password: string): Promise<Reply> => {
    if (user === undefined) return [503, 'say USER first']
    const protocol = control instanceof TLSSocket ? 'ftps' : 'ftp'
    const access = await admit({ user, password, address, protocol })
    if (access.outcome === 'in') {
      guest = access.guest
      return [230, 'welcome']
    }
    const why = access.outcome === 'wait' ? 'wait' : access.why
    log.info({ why, address, protocol }, 'a visitor was refused')
    user = undefined
    refusals += 1
    return access.outcome === 'wait'
      ? [530, 'too many wrong passwords from this address: wait']
      : [530, 'these are not valid, or not any more']
  }

  const startTls = (): void => {
    if (secure === undefined) return
    control.removeAllListeners('data')
    // what came in clear behind AUTH was not sent by who will be known over TLS
    waiting = []
    lines = createFtpLines()
    control.write('234 go on\r\n')
    control = new TLSSocket(first, { isServer: true, secureContext: secure })
    protect = false
    listen()
  }

  const inFolder = (path: string): string => {
    const parts = (path.startsWith('/') ? path : `${folder}/${path}`).split(/[/\\]/)
    const kept: string[] = []
    for (const part of parts) {
      if (part === '..') kept.pop()
      else if (part !== '' && part !== '.') kept.push(part)
    }
    return `/${kept.join('/')}`
  }

  const handle = async (line: string): Promise<Reply | undefined> => {
    const [, word = '', rest = ''] = /^\s*([A-Za-z]{3,4})(?: (.*))?$/s.exec(line) ?? []
    const command = word.toUpperCase()
    if (command === '') return [500, 'this line cannot be read']
    if (guest === undefined && !beforeLogin.has(command)) return [530, 'log in first']
    if (command !== 'REST' && command !== 'STOR' && command !== 'RETR' && !/^(PASV|EPSV|TYPE|NOOP)$/.test(command))
      offset = 0
    const known = guest
    switch (command) {
      case 'USER':
        guest = undefined
        user = rest
        return [331, 'a password is needed']
      case 'PASS':
        return login(rest)
      case 'AUTH':
        if (secure === undefined || !/^(TLS|TLS-C|SSL)$/i.test(rest)) return [504, 'not here']
        if (control instanceof TLSSocket) return [503, 'it is so already']
        startTls()
        return undefined
      case 'PBSZ':
        return control instanceof TLSSocket ? [200, 'PBSZ=0'] : [503, 'say AUTH TLS first']
      case 'PROT':
        if (!(control instanceof TLSSocket)) return [503, 'say AUTH TLS first']
        if (!/^[CP]$/i.test(rest)) return [536, 'C or P']
        protect = rest.toUpperCase() === 'P'
        return [200, 'so be it']
      case 'FEAT': {
        const tls = secure === undefined ? [] : ['AUTH TLS', 'PBSZ', 'PROT']
        control.write(`211-\r\n${[...tls, 'EPSV', 'REST STREAM', 'SIZE', 'UTF8'].map((one) => ` ${one}\r\n`).join('')}`)
        return [211, 'that is all']
      }
      case 'SYST':
        return [215, 'UNIX Type: L8']
      case 'NOOP':
        return [200, 'yes']
      case 'HELP':
        return [214, 'passive transfers only: PASV or EPSV, then STOR or RETR']
      case 'OPTS':
        return /^utf-?8( on)?$/i.test(rest) ? [200, 'always'] : [501, 'there is no such option']
      case 'QUIT':
        leave([221, 'bye'])
        return undefined
      case 'TYPE':
        return /^(A( N)?|I|L 8)$/i.test(rest) ? [200, 'bytes are kept as they come'] : [504, 'A or I']
      case 'MODE':
        return /^S$/i.test(rest) ? [200, 'stream'] : [504, 'S only']
      case 'STRU':
        return /^F$/i.test(rest) ? [200, 'file'] : [504, 'F only']
      case 'ALLO':
        return [202, 'not needed']
      case 'PWD':
      case 'XPWD':
        return [257, `"${folder.replaceAll('"', '""')}"`]
      case 'CWD':
        folder = inFolder(rest)
        return [250, 'here']
      case 'CDUP':
        folder = inFolder('..')
        return [250, 'here']
      case 'MKD':
      case 'XMKD':
        // stacks that make their folder first: every one is there
        return [257, `"${inFolder(rest).replaceAll('"', '""')}"`]
      case 'PASV': {
        const told = passive.address ?? reached
        if (!/^\d+(\.\d+){3}$/.test(told)) return [425, 'there is no IPv4 address to tell: say EPSV']
        try {
          const { port: number } = await openPort()
          return [227, `come (${told.replaceAll('.', ',')},${number >> 8},${number & 255})`]
        } catch (error) {
          return cannotOpen(error)
        }
      }
      case 'EPSV':
        if (/^all$/i.test(rest)) return [200, 'only EPSV']
        if (!/^[12]?$/.test(rest)) return [522, 'IPv4 or IPv6 (1,2)']
        try {
          return [229, `come (|||${(await openPort()).port}|)`]
        } catch (error) {
          return cannotOpen(error)
        }
      case 'REST':
        if (!/^\d{1,15}$/.test(rest)) return [501, 'a number of bytes']
        offset = Number(rest)
        return [350, 'and now']
      case 'SIZE': {
        const found = known && (await options.findFirmware(known, lastPart(rest)))
        if (found?.outcome === 'found') return [213, String(found.facts.bytes)]
        return [550, found?.reason ?? 'log in first']
      }
      case 'STOR': {
        if (known === undefined) return [530, 'log in first']
        if (rest === '') return [501, 'a path is needed']
        const begun = offset
        offset = 0
        if (begun > 0) return [550, 'send the whole file: parts of one (REST) are not taken']
        if (known.transfer.kind === 'Firmware')
          return [550, 'this credential is for fetching firmware, not for uploading']
        return transfer(async (data) => storeFile(options, known, rest, await data()))
      }
      case 'RETR': {
        if (known === undefined) return [530, 'log in first']
        const begun = offset
        offset = 0
        return transfer((data) => sendFirmware(options, known, rest, begun, data))
      }
      case 'LIST':
      case 'NLST':
        return transfer(async (data) => {
          ;(await data()).end()
          return [226, 'it is empty']
        })
      case 'ABOR':
        return [226, 'nothing is under way']
      case 'PORT':
      case 'EPRT':
        // it would have us connect to wherever we are told
        return [502, 'passive only: say PASV or EPSV']
      default:
        return [502, 'this is not done here']
    }
  }

  const next = async (): Promise<void> => {
    if (busy) return
    busy = true
    for (let line = waiting.shift(); line !== undefined && !over; line = waiting.shift()) {
      const reply = await handle(line).catch((error: unknown): Reply => {
        log.error({ err: error }, 'a command of FTP failed')
        return [451, 'this could not be done']
      })
      if (reply !== undefined) say(reply)
      if (refusals >= mostRefusals) leave([421, 'too many wrong passwords'])
    }
    busy = false
  }

  const listen = (): void => {
    control.on('error', end)
    control.once('close', end)
    control.setTimeout(silentMs, () => {
      // during a transfer nothing is said here, however long it takes
      if (!transferring) leave([421, 'nothing was said for too long'])
    })
    control.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.take(chunk)) {
          if (/^\s*abor\b/i.test(line) && transferring) port?.close()
          waiting.push(line)
        }
        if (waiting.length > mostWaiting) throw new LineTooLong('too many lines at once')
      } catch (error) {
        waiting = []
        leave([500, (error as Error).message])
        return
      }
      void next()
    })
  }
  listen()
  say([220, 'files'])
  return { end }
}
