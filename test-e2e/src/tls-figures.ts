import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connectBus } from '@voltrail/bus/bus'
import { startCentralTwin } from '@voltrail/edge/fixtures/central-twin'
import { openTestAuthority, type KeyKind } from '@voltrail/edge/fixtures/test-certificates'
import { openTestNats } from '@voltrail/nats-dev/test-nats'

/**
 * Measures what TLS costs the edge: full handshakes per second, on the clock and per second of its own CPU time (which does not
 * depend on who else uses the machine), and memory for each open connection. The edge is a process of its own and so are the
 * clients, so that its memory is its own only. `npm run tls-figures -w test-e2e [-- connections]`, 10,000 unless told; each process
 * needs as many open files (`ulimit -n`), and what the limit does not allow is left out and said.
 */

const here = dirname(fileURLToPath(import.meta.url))
const edgeMain = join(here, '../../services/edge/src/main.ts')
const clientMain = join(here, 'tls-figures-client.ts')
/** client processes, so that they are not what is measured */
const clients = 4
const handshakes = 2_000
const spareFiles = 500
/** Linux counts CPU time in ticks of 1/100 s */
const ticksPerSecond = 100
const quietMs = 5_000

/** Resident memory of a process in KiB (Linux). */
const residentKiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN)

/** User and system time of a process in seconds (Linux, proc(5)). */
const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

const openFilesLimit = (): number =>
  Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1_024)

type Client = { readonly process: ChildProcess; readonly done: Promise<{ seconds: number; open: number }> }
const startClient = (...args: string[]): Client => {
  const child = spawn(process.execPath, ['--import', 'tsx', clientMain, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  const done = new Promise<{ seconds: number; open: number }>((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString('utf8')
      if (said.includes('\n')) resolve(JSON.parse(said) as { seconds: number; open: number })
    })
    child.once('exit', () => reject(new Error('a client ended before it was done: see what it says above')))
  })
  return { process: child, done }
}

const run = async (wanted: number): Promise<void> => {
  const limit = openFilesLimit()
  // the edge holds all of them in one process
  const connections = Math.min(wanted, limit - spareFiles)
  if (connections < wanted)
    process.stdout.write(
      `${connections} connections of ${wanted}: a process may have ${limit} open files (ulimit -n)\n`,
    )
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
  const ca = put('ca.crt', authority.cert)
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
      MAX_CONNECTIONS: String(connections + spareFiles),
    },
  })
  const started: ChildProcess[] = [edge]
  try {
    let said = ''
    const port = await new Promise<string>((resolve, reject) => {
      edge.stdout.on('data', (data: Buffer) => {
        said = (said + data.toString('utf8')).slice(-4_000)
        const found = /"port":(\d+)/.exec(said)?.[1]
        if (found !== undefined) resolve(found)
      })
      edge.once('exit', () => reject(new Error(`the edge ended before it listened: ${said}`)))
    })
    const pid = edge.pid ?? 0
    const startAll = (ciphers: string, what: string, count: number): Client[] => {
      const all = Array.from({ length: clients }, (_, i) =>
        // the first take what cannot be shared evenly
        startClient(port, ca, ciphers, what, String(Math.floor((count + clients - 1 - i) / clients)), `FIGURES-${i}`),
      )
      started.push(...all.map((client) => client.process))
      return all
    }
    for (const [name, ciphers] of [
      ['RSA 2048', 'ECDHE-RSA-AES128-GCM-SHA256'],
      ['ECDSA P-256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ] as const) {
      const cpuBefore = cpuSeconds(pid)
      const times = await Promise.all(startAll(ciphers, 'handshakes', handshakes).map(({ done }) => done))
      const seconds = Math.max(...times.map((one) => one.seconds))
      const cpu = cpuSeconds(pid) - cpuBefore
      process.stdout.write(
        `${name}: ${Math.round(handshakes / seconds)} full handshakes/s on the clock, ` +
          `${Math.round(handshakes / cpu)} per second of the edge's CPU time (${handshakes} in ${seconds.toFixed(1)} s)\n`,
      )
    }
    await wait(quietMs)
    const before = residentKiB(pid)
    const ends = await Promise.all(
      startAll('ECDHE-ECDSA-AES128-GCM-SHA256', 'chargers', connections).map(({ done }) => done),
    )
    const open = ends.reduce((sum, one) => sum + one.open, 0)
    // what handshakes left behind is let go of first
    await wait(quietMs)
    const kib = (residentKiB(pid) - before) / open
    process.stdout.write(
      `${open} chargers connected over TLS: ${kib.toFixed(1)} KiB each in the edge (resident, ${Math.round(before / 1024)} MiB before)\n`,
    )
  } finally {
    for (const child of started.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
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
