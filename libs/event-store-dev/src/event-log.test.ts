import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { DataDirectoryError } from './data-directory.ts'
import { openEventLog } from './event-log.ts'
import type { AppendOutcome, EventLog, EventLogOptions } from './event-log.ts'
import type { ExpectedRevision } from './expected-revision.ts'
import type { ProposedEvent } from './record.ts'

const directories: string[] = []
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'event-store-dev-'))
  directories.push(directory)
  return directory
}

const open = (data: string, changes: Partial<EventLogOptions> = {}): EventLog =>
  openEventLog({
    data,
    segmentBytes: 64 * 1024,
    cacheBytes: 1024 * 1024,
    positionBase: 0n,
    onFatal: (error) => {
      throw error
    },
    onNotice: () => undefined,
    ...changes,
  })

const proposed = (data: string | Buffer = 'x', type = 'Happened'): ProposedEvent => ({
  id: randomBytes(16),
  type,
  json: false,
  data: Buffer.from(data),
  metadata: Buffer.alloc(0),
})

const append = (
  log: EventLog,
  stream: string,
  expected: ExpectedRevision,
  ...events: ProposedEvent[]
): Promise<AppendOutcome> => new Promise((done) => log.append(stream, expected, events, done))

function contents(log: EventLog, stream: string): string[] {
  const view = log.view(stream)
  return view.kind === 'found'
    ? view.entry.events.slice(0, view.entry.committed).map((at) => log.recordAt(at).data.toString())
    : []
}

function lastSegment(directory: string): string {
  return join(
    directory,
    readdirSync(directory)
      .filter((name) => name.startsWith('segment-'))
      .sort()
      .at(-1)!,
  )
}

/** What stands in the directory when the process is killed: a copy without the closing frame. */
function crash(directory: string): string {
  const copy = newDirectory()
  for (const name of readdirSync(directory).filter((each) => !each.startsWith('lock')))
    writeFileSync(join(copy, name), readFileSync(join(directory, name)))
  return copy
}

function damage(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at]! ^= 0xff
  const handle = openSync(file, 'r+')
  writeSync(handle, bytes)
  fsyncSync(handle)
  closeSync(handle)
}

describe('event log', () => {
  it('is the same after a clean stop and a start, in memory and on disk alike while it runs', async () => {
    const directory = newDirectory()
    for (const data of [directory, 'memory']) {
      const log = open(data)
      await append(log, 's-1', 'no_stream', proposed('a'), proposed('b'))
      expect(await append(log, 's-1', 1n, proposed('c'))).toMatchObject({ kind: 'appended', revision: 2n })
      expect(contents(log, 's-1')).toEqual(['a', 'b', 'c'])
      await log.close()
    }
    const again = open(directory)
    expect(contents(again, 's-1')).toEqual(['a', 'b', 'c'])
    expect(await append(again, 's-1', 2n, proposed('d'))).toMatchObject({ revision: 3n })
    await again.close()
  })

  it('shows an event to readers only once it is durable', async () => {
    const log = open(newDirectory())
    await log.drained()
    const done = append(log, 's-1', 'no_stream', proposed('a'))
    expect(log.view('s-1').kind).toBe('not_found')
    expect(await append(log, 's-1', 'no_stream', proposed('b'))).toEqual({
      kind: 'wrong_expected_version',
      current: 0n,
    })
    expect(log.view('s-1').kind).toBe('not_found')
    await done
    expect(contents(log, 's-1')).toEqual(['a'])
    await log.close()
  })

  it('answers a repeat that overtakes its own first arrival only when that one is durable', async () => {
    const log = open(newDirectory())
    const event = proposed('a')
    const first = append(log, 's-1', 'no_stream', event)
    const second = append(log, 's-1', 'no_stream', event)
    expect(await second).toEqual(await first)
    expect(contents(log, 's-1')).toEqual(['a'])
    await log.close()
  })

  it('finds a repeat after a restart, at the same position', async () => {
    const directory = newDirectory()
    const log = open(directory)
    const events = [proposed('a'), proposed('b')]
    const first = await append(log, 's-1', 'no_stream', ...events)
    await append(log, 's-1', 1n, proposed('c'))
    await log.close()
    const again = open(directory)
    expect(await append(again, 's-1', 'no_stream', ...events)).toEqual(first)
    expect(await append(again, 's-1', 'no_stream', ...events, proposed('z'))).toMatchObject({
      kind: 'wrong_expected_version',
      current: 2n,
    })
    await again.close()
  })

  it('rolls segments and reads across them, with a cache smaller than the log', async () => {
    const directory = newDirectory()
    const log = open(directory, { segmentBytes: 20_000, cacheBytes: 10_000 })
    for (let n = 0; n < 50; n++) await append(log, 's-1', 'any', proposed(String(n).padStart(4000, '.')))
    expect(readdirSync(directory).filter((name) => name.startsWith('segment-')).length).toBeGreaterThan(5)
    const expected = Array.from({ length: 50 }, (_, n) => n)
    expect(contents(log, 's-1').map((text) => Number(text.replaceAll('.', '')))).toEqual(expected)
    await log.close()
    const again = open(directory, { segmentBytes: 20_000, cacheBytes: 10_000 })
    expect(contents(again, 's-1').map((text) => Number(text.replaceAll('.', '')))).toEqual(expected)
    await again.close()
  })

  it('keeps positions beyond 2^53 apart', async () => {
    const directory = newDirectory()
    const base = 2n ** 60n + 1n
    const log = open(directory, { positionBase: base })
    const first = await append(log, 's-1', 'any', proposed())
    const second = await append(log, 's-1', 'any', proposed())
    if (first.kind !== 'appended' || second.kind !== 'appended') throw new Error('not appended')
    expect(first.position!).toBeGreaterThan(base)
    expect(second.position!).toBeGreaterThan(first.position!)
    expect(log.positionAt(log.firstAtOrAfter(second.position!))).toBe(second.position)
    await log.close()
    const again = open(directory)
    expect(again.positionAt(again.firstAtOrAfter(second.position!))).toBe(second.position)
    await again.close()
  })

  it('keeps delete, tombstone and metadata over a crash', async () => {
    const directory = newDirectory()
    const log = open(directory)
    const remove = (stream: string, how: 'soft' | 'tombstone') =>
      new Promise((done) => log.remove(stream, 'any', how, done))
    for (const stream of ['soft-1', 'hard-1', 'back-1', 'meta-1'])
      await append(log, stream, 'any', proposed('a'), proposed('b'))
    await remove('soft-1', 'soft')
    await remove('hard-1', 'tombstone')
    await remove('back-1', 'soft')
    expect(await append(log, 'back-1', 'no_stream', proposed('c'))).toMatchObject({ revision: 2n })
    await append(log, '$$meta-1', 'any', proposed('{"$maxCount":1}', '$metadata'))
    const copy = crash(directory)
    await log.close()

    const again = open(copy)
    expect(again.view('soft-1').kind).toBe('not_found')
    expect(again.view('hard-1').kind).toBe('deleted')
    expect(again.view('back-1')).toMatchObject({
      kind: 'found',
      entry: { committed: 3, metadata: { truncateBefore: 2, softDeleted: false } },
    })
    expect(again.view('meta-1')).toMatchObject({ entry: { metadata: { maxCount: 1 } } })
    expect((await append(again, 'hard-1', 'any', proposed())).kind).toBe('stream_deleted')
    expect((await append(again, '$$hard-1', 'any', proposed())).kind).toBe('stream_deleted')
    expect(await append(again, 'soft-1', 'no_stream', proposed())).toMatchObject({ revision: 2n })
    await again.close()
  })
})

describe('recovery', () => {
  it('cuts a torn tail and goes on behind it', async () => {
    const directory = newDirectory()
    const log = open(directory)
    await append(log, 's-1', 'any', proposed('a'))
    await append(log, 's-1', 'any', proposed('b'), proposed('c'))
    const copy = crash(directory)
    await log.close()
    truncateSync(lastSegment(copy), statSync(lastSegment(copy)).size - 1)
    const notices: string[] = []
    const again = open(copy, { onNotice: (message) => notices.push(message) })
    // an append is all or nothing
    expect(contents(again, 's-1')).toEqual(['a'])
    expect(notices[0]).toMatch(/torn tail/)
    await append(again, 's-1', 0n, proposed('d'))
    await again.close()
    const third = open(copy)
    expect(contents(third, 's-1')).toEqual(['a', 'd'])
    await third.close()
  })

  it('refuses to start when acknowledged events are damaged, and names file and place', async () => {
    const directory = newDirectory()
    const log = open(directory)
    await append(log, 's-1', 'any', proposed('first'))
    const size = statSync(lastSegment(directory)).size
    await append(log, 's-1', 'any', proposed('second'))
    const copy = crash(directory)
    await log.close()
    damage(lastSegment(copy), size - 2)
    expect(() => open(copy)).toThrow(/segment-0+\.log is damaged at byte \d+ .*acknowledged/)
    // the failed start gave its lock back
    expect(() => open(copy)).toThrow(DataDirectoryError)
  })

  it('refuses damage to the very last event after a clean stop', async () => {
    const directory = newDirectory()
    const log = open(directory)
    await append(log, 's-1', 'any', proposed('last'))
    const size = statSync(lastSegment(directory)).size
    await log.close()
    damage(lastSegment(directory), size - 2)
    expect(() => open(directory)).toThrow(/damaged/)
  })

  it('refuses a missing segment and a damaged segment before the last', async () => {
    const directory = newDirectory()
    const log = open(directory, { segmentBytes: 5_000 })
    for (let n = 0; n < 12; n++) await append(log, 's-1', 'any', proposed('.'.repeat(2000)))
    await log.close()
    const missing = crash(directory)
    const names = readdirSync(missing)
      .filter((name) => name.startsWith('segment-'))
      .sort()
    rmSync(join(missing, names[1]!))
    expect(() => open(missing)).toThrow(/a segment is missing or cut short/)
    const damaged = crash(directory)
    damage(join(damaged, names[1]!), 100)
    expect(() => open(damaged)).toThrow(/damaged/)
    const cut = crash(directory)
    truncateSync(join(cut, names[1]!), 2100)
    expect(() => open(cut)).toThrow(DataDirectoryError)
  })

  it('a segment whose header was not written yet holds nothing', async () => {
    const directory = newDirectory()
    const log = open(directory)
    await append(log, 's-1', 'any', proposed('a'))
    await log.close()
    const size = statSync(lastSegment(directory)).size - 8
    writeFileSync(join(directory, `segment-${String(size).padStart(16, '0')}.log`), 'VTE')
    const again = open(directory)
    expect(contents(again, 's-1')).toEqual(['a'])
    await again.close()
  })

  it('brings back exactly a prefix of the appends, and never less than was acknowledged, wherever the file was cut', async () => {
    const appendCommand = fc.record({
      stream: fc.constantFrom('a-1', 'b-1', 'c-1'),
      sizes: fc.array(fc.nat(3000), { minLength: 1, maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(appendCommand, { minLength: 1, maxLength: 25 }),
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        async (commands, ackedSeed, cutAt, scramble) => {
          const directory = newDirectory()
          const log = open(directory, { segmentBytes: 8_000, cacheBytes: 20_000 })
          await log.drained()
          const acked = ackedSeed % (commands.length + 1)
          const written: string[][] = []
          let serial = 0
          const run = ({ stream, sizes }: (typeof commands)[number]): Promise<AppendOutcome> => {
            const texts = sizes.map((size) => `${stream}#${serial++}#`.padEnd(size + 12, '-'))
            written.push(texts)
            return append(log, stream, 'any', ...texts.map((each) => proposed(each)))
          }
          for (const command of commands.slice(0, acked)) await run(command)
          const durable = lastSegment(directory)
          const durableBytes = statSync(durable).size
          await Promise.all(commands.slice(acked).map(run))
          const copy = crash(directory)
          await log.close()
          // what was written after the last acknowledged byte may be lost from any byte on, or be garbage
          const last = lastSegment(copy)
          const keep = last.endsWith(durable.slice(-20)) ? durableBytes : 8
          const size = statSync(last).size
          const cut = keep + Math.floor((size - keep) * cutAt)
          if (scramble && cut < size) damage(last, cut)
          else truncateSync(last, cut)

          const again = open(copy, { segmentBytes: 8_000, cacheBytes: 20_000 })
          const recovered: string[] = []
          for (let at = 0; at < again.index.committed; at++) recovered.push(again.recordAt(at).data.toString())
          await again.close()
          const flat = written.flat()
          const found = recovered.slice(1)
          expect(found).toEqual(flat.slice(0, found.length))
          expect(found.length).toBeGreaterThanOrEqual(written.slice(0, acked).flat().length)
          // whole appends only
          let boundary = 0
          const boundaries = [0, ...written.map((texts) => (boundary += texts.length))]
          expect(boundaries).toContain(found.length)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('data directory', () => {
  it('is open once, also within one process, and free again after a stop', async () => {
    const directory = newDirectory()
    const log = open(directory)
    expect(() => open(directory)).toThrow(/already open in this process/)
    await log.close()
    await open(directory).close()
  })
  it('the lock of a process that is gone does not block', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: 2 ** 22 - 1, started: 'before/1', token: 't' }))
    await open(directory).close()
    writeFileSync(join(directory, 'lock'), 'half a lo')
    await open(directory).close()
    expect(readdirSync(directory)).not.toContain('lock')
  })
  it('the lock of a living process does', () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.ppid, started: '', token: 't' }))
    expect(() => open(directory)).toThrow(new RegExp(`in use by process ${process.ppid}`))
  })
  it('another format version, another format or foreign files are refused in one line', () => {
    const other = newDirectory()
    writeFileSync(join(other, 'format.json'), '{"format":"voltrail-event-store-dev","version":2,"positionBase":"0"}')
    expect(() => open(other)).toThrow(/^[^\n]*data format version 2, this build reads version 1: [^\n]*$/)
    const foreign = newDirectory()
    writeFileSync(join(foreign, 'photo.jpg'), '')
    expect(() => open(foreign)).toThrow(/no data directory of event-store-dev/)
    expect(readdirSync(foreign)).toEqual(['photo.jpg'])
    const broken = newDirectory()
    writeFileSync(join(broken, 'format.json'), '{')
    expect(() => open(broken)).toThrow(DataDirectoryError)
  })
})
