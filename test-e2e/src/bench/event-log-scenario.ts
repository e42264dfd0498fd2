import { randomBytes, randomUUID } from 'node:crypto'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import pg from 'pg'
import type { Contender } from './contenders.ts'
import { Latencies, type Percentiles } from './latencies.ts'
import type { Scenario } from './scenario.ts'
import { cpuBetween, usesOf } from './process-use.ts'

/** Something that keeps events durably, stream by stream. */
interface Keeper {
  /** Resolves once it is durable. */
  append(stream: string): Promise<void>
  /** How many events the stream has. */
  read(stream: string): Promise<number>
  close(): Promise<void>
}

/** Bytes of an event's data and of its metadata, as those of a meter value are. */
const [dataBytes, metadataBytes] = [320, 900]
const eventsOfStream = 20
/** What the client of the event store has under way at most; the pool of (b) is a little smaller. */
const atOnce = 15

const textOf = (bytes: number): string => JSON.stringify({ text: randomBytes(bytes / 2).toString('hex') })

const openLogKeeper = (connectionString: string): Keeper => {
  const log = connectEventLog({ connectionString })
  const revisions = new Map<string, number>()
  return {
    async append(stream) {
      const expected = revisions.get(stream) ?? -1
      const [data, metadata] = [dataBytes, metadataBytes].map((bytes) => Buffer.from(textOf(bytes))) as [Buffer, Buffer]
      const done = await log.appendBytes(stream, [{ id: randomUUID(), type: 'Measured', data, metadata }], expected)
      if (done.outcome !== 'appended') throw new Error(`an append to ${stream} was ${done.outcome}`)
      revisions.set(stream, done.revision)
    },
    async read(stream) {
      let events = 0
      for await (const _ of log.readStored(stream)) events += 1
      return events
    },
    close: () => log.close(),
  }
}

const openTableKeeper = async (connectionString: string): Promise<Keeper> => {
  const pool = new pg.Pool({ connectionString, max: 10 })
  await pool.query(
    'create table if not exists kept (stream text, id uuid, data jsonb, metadata jsonb, at timestamptz default now())',
  )
  await pool.query('create index if not exists kept_stream on kept (stream)')
  return {
    async append(stream) {
      await pool.query('insert into kept (stream, id, data, metadata) values ($1, $2, $3, $4)', [
        stream,
        randomUUID(),
        textOf(dataBytes),
        textOf(metadataBytes),
      ])
    },
    async read(stream) {
      const { rows } = await pool.query('select * from kept where stream = $1', [stream])
      return rows.length
    },
    close: () => pool.end(),
  }
}

const openKeeper = (contender: Contender): Promise<Keeper> | Keeper => {
  if (contender.product !== undefined) return openLogKeeper(contender.product.eventStoreUrl)
  if (contender.databaseUrl === undefined) throw new Error(`${contender.name} keeps nothing`)
  return openTableKeeper(contender.databaseUrl)
}

/** Calls `act` for each stream in turn, so many at a time; a stream has one call at a time. */
const each = async (streams: readonly string[], act: (stream: string) => Promise<void>): Promise<void> => {
  const left = streams.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const stream of left) await act(stream)
    }),
  )
}

/** The log alone: one event an append, each durable before it counts, then all of them read. (b) does the same with rows. */
export const eventLog: Scenario = {
  name: 'event-log',
  what: `appends of one event of ${dataBytes + metadataBytes} bytes, ${atOnce} at once, then reads of whole streams (${eventsOfStream} events)`,
  chargers: 0,
  only: ['insert', 'voltrail'],
  async run({ contender, prefix, seconds }) {
    const keeper = await openKeeper(contender)
    try {
      await contender.settled()
      const latencies = new Latencies()
      const timed = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
        const began = performance.now()
        const result = await act()
        latencies.record(what, performance.now() - began)
        return result
      }
      const used = usesOf(contender.processes())
      const streams: string[] = []
      const began = performance.now()
      const endless = (function* () {
        while (performance.now() - began < (seconds / 2) * 1_000) {
          streams.push(`bench-${prefix}${streams.length}`)
          yield streams.at(-1) as string
        }
      })()
      await Promise.all(
        Array.from({ length: atOnce }, async () => {
          for (const stream of endless)
            for (let event = 0; event < eventsOfStream; event += 1) await timed('append', () => keeper.append(stream))
        }),
      )
      const appended = performance.now()
      await each(streams, async (stream) => {
        const events = await timed('read', () => keeper.read(stream))
        if (events !== eventsOfStream) throw new Error(`${stream} has ${events} events, not ${eventsOfStream}`)
      })
      const read = performance.now()
      const events = streams.length * eventsOfStream
      const percentiles: Record<string, Percentiles> = latencies.percentiles()
      return {
        messages: events,
        seconds: (appended - began) / 1_000,
        latencies: { ...percentiles, all: percentiles['append'] as Percentiles },
        cpu: cpuBetween(used, usesOf(contender.processes())),
        more: {
          'appended events/s': events / ((appended - began) / 1_000),
          'read events/s': events / ((read - appended) / 1_000),
        },
      }
    } finally {
      await keeper.close()
    }
  },
}
