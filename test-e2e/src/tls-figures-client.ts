import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'

/**
 * One client process of `tls-figures.ts`: `<port> <ca file> <ciphers> handshakes|chargers <count> <name>`. It says how it went in one
 * line of JSON; chargers stay connected until its standard input ends.
 */

const atOnce = 25

const handshake = (port: number, ca: string, ciphers: string): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, ca, servername: 'localhost', ciphers, maxVersion: 'TLSv1.2' } as const
    const socket: TLSSocket = connect(options, () => resolve(socket))
    socket.once('error', reject)
  })

const upgrade = (socket: TLSSocket, id: string): Promise<string> =>
  new Promise((resolve) => {
    socket.once('data', (data: Buffer) => resolve(data.toString('latin1').split('\r\n')[0] ?? ''))
    socket.once('close', () => resolve('nothing: the connection ended'))
    socket.write(
      `GET /ocpp/${id} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n`,
    )
  })

/** Calls `work` for 0 … count - 1, so many at a time. */
const many = async (count: number, work: (i: number) => Promise<void>): Promise<void> => {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

const run = async ([
  port = '',
  caFile = '',
  ciphers = '',
  what = '',
  count = '',
  name = '',
]: string[]): Promise<void> => {
  const ca = readFileSync(caFile, 'utf8')
  const open: TLSSocket[] = []
  const began = performance.now()
  await many(Number(count), async (i) => {
    const socket = await handshake(Number(port), ca, ciphers)
    if (what === 'handshakes') return void socket.destroy()
    socket.on('error', () => undefined)
    const answer = await upgrade(socket, `${name}-${i}`)
    if (!answer.includes(' 101 ')) throw new Error(`the upgrade of ${name}-${i} was answered: ${answer}`)
    // pings are not answered: nobody is asked for so long
    socket.resume()
    open.push(socket)
  })
  process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - began) / 1_000, open: open.length })}\n`)
  if (what === 'handshakes') return
  process.stdin.resume()
  process.stdin.once('end', () => process.exit(0))
}

run(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`)
  process.exitCode = 1
})
