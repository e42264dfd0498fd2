// node --import tsx src/benchmark.ts [events]: the log alone, then the real client against a server in a process of its own.
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventStoreDBClient, jsonEvent, streamNameFilter } from '@eventstore/db-client'
import { openEventLog } from './event-log.ts'

const BYTES = 321

function openLog(data: string) {
  return openEventLog({
    data,
    segmentBytes: 64 * 2 ** 20,
    cacheBytes: 32 * 2 ** 20,
    positionBase: 0n,
    onFatal: (error) => {
      throw error
    },
    onNotice: (message) => void process.stderr.write(`${message}\n`),
  })
}

async function timed(name: string, count: number, act: () => Promise<unknown> | void): Promise<void> {
  const from = performance.now()
  await act()
  const seconds = (performance.now() - from) / 1000
  process.stdout.write(
    `${name.padEnd(48)} ${Math.round(count / seconds)
      .toLocaleString('en')
      .padStart(10)} /s  (${seconds.toFixed(2)} s)\n`,
  )
}

/** Calls `act` for every number below `count`, so many at a time. */
async function inFlight(count: number, concurrency: number, act: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < count) await act(next++)
    }),
  )
}

async function benchmarkLog(directory: string, events: number): Promise<void> {
  let log = openLog(directory)
  const data = randomBytes(BYTES)
  const append = (n: number) =>
    new Promise((done) =>
      log.append(
        `session-${n % 1000}`,
        'any',
        [{ id: randomBytes(16), type: 'Metered', json: false, data, metadata: data.subarray(0, 0) }],
        done,
      ),
    )
  await timed('log: appends, 256 in flight, fdatasync', events, () => inFlight(events, 256, append))
  await log.close()
  await timed('log: recovery', events, () => {
    log = openLog(directory)
  })
  await log.close()
}

async function benchmarkServer(data: string): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', process.argv[1]!.replace('benchmark', 'main'), '--data', data, '--port', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const address = await new Promise<string>((done) =>
    child.stdout.on('data', (line) => done(/esdb:\S+/.exec(String(line))![0])),
  )
  const client = EventStoreDBClient.connectionString(address)
  const event = () => jsonEvent({ type: 'Metered', data: { filler: '.'.repeat(BYTES - 14) } })
  const append = () => client.appendToStream(`bench-${randomUUID()}`, event(), { expectedRevision: 'no_stream' })
  await append()
  for (const [count, concurrency] of [
    [500, 1],
    [5000, 16],
    [20_000, 256],
  ] as const) {
    await timed(`client: appends, ${concurrency} in flight`, count, () => inFlight(count, concurrency, append))
  }
  const hundred = () => client.appendToStream(`bench-${randomUUID()}`, Array.from({ length: 100 }, event))
  await timed('client: events in appends of 100', 40_000, () => inFlight(400, 4, hundred))
  let read = 0
  await timed('client: readAll', 65_000, async () => {
    for await (const { event: each } of client.readAll()) if (each) read++
  })
  await timed('client: filtered subscription catching up', read, async () => {
    const subscription = client.subscribeToAll({ filter: streamNameFilter({ prefixes: ['bench-'] }) })
    await new Promise((done) =>
      subscription.on('data', () => undefined).on('caughtUp' as 'confirmation', () => done(undefined)),
    )
    await subscription.unsubscribe()
  })
  await client.dispose()
  child.kill('SIGTERM')
  await new Promise((done) => child.on('exit', done))
}

async function main(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'event-store-dev-benchmark-'))
  try {
    await benchmarkLog(join(root, 'log'), Number(process.argv[2] ?? 500_000))
    await benchmarkServer(join(root, 'server'))
  } finally {
    rmSync(root, { recursive: true })
  }
}

void main()
