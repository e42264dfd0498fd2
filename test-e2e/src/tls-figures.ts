import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type TLSSocket } from 'node:tls'
import { connectBus } from '@voltrail/bus/bus'
import { startCentralTwin } from '@voltrail/edge/fixtures/central-twin'
import { openTestAuthority, type KeyKind } from '@voltrail/edge/fixtures/test-certificates'
import { openTestNats } from '@voltrail/nats-dev/test-nats'

/**
 * Measures what TLS costs the edge: full handshakes per second (one edge process, this client beside it on the same machine) and
 * memory for each open connection. `node --import tsx test-e2e/src/tls-figures.ts [connections]`, 10,000 unless told; the limit of
 * open files bounds it on both sides.
 */

const atOnce = 50
const edgeMain = join(dirname(fileURLToPath(import.meta.url)), '../../services/edge/src/main.ts')

/** Resident memory of a process in KiB (Linux). */
const residentKiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN)

const openFilesLimit = (): number =>
  Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1_024)

const handshake = (port: number, ca: string, ciphers: string): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, ca, servername: 'localhost', ciphers, maxVersion: 'TLSv1.2' } as const
    const socket: TLSSocket = connect(options, () => resolve(socket))
    socket.once('error', reject)
  })

const upgrade = (socket: TLSSocket, id: string): Promise<string> =>
  new Promise((resolve) => {
    socket.once('data', (data: Buffer) => resolve(data.toString('latin1').split('\r\n')[0] ?? ''))
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

const run = async (wanted: number): Promise<void> => {
  const connections = Math.min(wanted, openFilesLimit() - 500)
  const folder = mkdtempSync(join(tmpdir(), 'tls-figures-'))
  const nats = await openTestNats()
  const bus = await connectBus({ url: nats.url, name: 'figures' })
  const central = await startCentralTwin(bus)
  const authority = await openTestAuthority('Figures', 'RSA')
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const [rsa, ecdsa] = await Promise.all(
    (['RSA', 'ECDSA'] satisfies KeyKind[]).map((kind) => authority.issue('CN=localhost', { kind, server: true })),
  )
  if (rsa === undefined || ecdsa === undefined) throw new Error('two certificates were asked for')
  const edge = spawn(process.execPath, ['--import', 'tsx', edgeMain], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      NATS_URL: nats.url,
      PEPPER: randomBytes(32).toString('hex'),
      POD_NAME: 'edge-figures',
      LISTENERS: 'wss://127.0.0.1:0',
      TLS_CERT_PATH: `${put('rsa.crt', rsa.cert)},${put('ecdsa.crt', ecdsa.cert)}`,
      TLS_KEY_PATH: `${put('rsa.key', rsa.key)},${put('ecdsa.key', ecdsa.key)}`,
      UPGRADES_PER_SECOND: '100000',
    },
  })
  try {
    let said = ''
    const port = await new Promise<number>((resolve) => {
      edge.stdout.on('data', (data: Buffer) => {
        said = (said + data.toString('utf8')).slice(-4_000)
        const found = /"port":(\d+)/.exec(said)?.[1]
        if (found !== undefined) resolve(Number(found))
      })
    })
    for (const [name, ciphers] of [
      ['RSA 2048', 'ECDHE-RSA-AES128-GCM-SHA256'],
      ['ECDSA P-256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ] as const) {
      const count = 1_000
      const began = performance.now()
      await many(count, async () => void (await handshake(port, authority.cert, ciphers)).destroy())
      const seconds = (performance.now() - began) / 1_000
      process.stdout.write(
        `${name}: ${Math.round(count / seconds)} full handshakes/s (${count} in ${seconds.toFixed(1)} s)\n`,
      )
    }
    const pid = edge.pid ?? 0
    const before = residentKiB(pid)
    const open: TLSSocket[] = []
    await many(connections, async (i) => {
      const socket = await handshake(port, authority.cert, 'ECDHE-ECDSA-AES128-GCM-SHA256')
      socket.on('error', () => undefined)
      const answer = await upgrade(socket, `FIGURES-${i}`)
      if (!answer.includes(' 101 ')) throw new Error(`an upgrade was answered: ${answer}`)
      open.push(socket)
    })
    const kib = (residentKiB(pid) - before) / connections
    process.stdout.write(
      `${open.length} chargers connected over TLS: ${kib.toFixed(1)} KiB each in the edge (resident)\n`,
    )
    for (const socket of open) socket.destroy()
  } finally {
    const ended = once(edge, 'exit')
    edge.kill('SIGKILL')
    await ended
    central.stop()
    await bus.close()
    await nats.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

run(Number(process.argv[2] ?? 10_000)).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`)
  process.exitCode = 1
})
