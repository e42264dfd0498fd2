import { BACKWARDS, END, FORWARDS, StreamNotFoundError } from '@eventstore/db-client'
import type { StreamingRead } from '@eventstore/db-client'
import type { ClientEvent } from './decode.ts'
import { LogUnavailable } from './event-log.ts'
import type { LogPosition } from './event-log.ts'
import type { Client, Connection } from './esdb-connection.ts'
import { createPermits } from './permits.ts'

/** A connection carries 100 calls; a read past them would wait without a word. */
const readsAtATime = 50

type Resolved = { readonly event?: unknown }

export interface ReaderOptions {
  readonly connection: Connection
  readonly timeoutMs: number
  /** `undefined`: it was answered */
  readonly onRead: (failure: string | undefined) => void
}

/**
 * Reads of whole pages. A page is always read to its end: a call that is given up half-way keeps its place on the connection
 * or costs the connection.
 */
export function createReader({ connection, timeoutMs, onRead }: ReaderOptions) {
  const permits = createPermits(readsAtATime)

  async function page(doing: string, open: (client: Client) => StreamingRead<Resolved>, absentIsEmpty: boolean): Promise<ClientEvent[]> {
    const read = async (): Promise<ClientEvent[]> => {
      const { client, generation } = await connection.current()
      const stream = open(client)
      const timer = setTimeout(() => {
        stream.emit('error', new Error(`no answer within ${timeoutMs} ms`))
        stream.cancel().catch(() => undefined)
        connection.replace(generation)
      }, timeoutMs)
      try {
        const events: ClientEvent[] = []
        for await (const { event } of stream) if (event !== undefined) events.push(event as ClientEvent)
        return events
      } finally {
        clearTimeout(timer)
        // what comes after the end of our interest must not be uncaught
        stream.on('error', () => undefined)
      }
    }
    try {
      const events = await permits.run(read)
      onRead(undefined)
      return events
    } catch (error) {
      if (absentIsEmpty && error instanceof StreamNotFoundError) {
        onRead(undefined)
        return []
      }
      const reason = (error as Error).message
      onRead(reason)
      throw new LogUnavailable(doing, reason, { cause: error })
    }
  }

  return {
    forward: (stream: string, from: number, count: number) =>
      page(
        `reading ${stream} from revision ${from}`,
        (client) =>
          client.readStream(stream, { direction: FORWARDS, fromRevision: BigInt(from), maxCount: count, requiresLeader: true }) as StreamingRead<Resolved>,
        true,
      ),

    backward: (stream: string, from: number | undefined, count: number) =>
      page(
        `reading ${stream} backwards from ${from ?? 'its end'}`,
        (client) =>
          client.readStream(stream, {
            direction: BACKWARDS,
            fromRevision: from === undefined ? END : BigInt(from),
            maxCount: count,
            requiresLeader: true,
          }) as StreamingRead<Resolved>,
        true,
      ),

    /** The newest events of the whole log, system events too, newest first. */
    newest: (count: number) =>
      page(
        'reading the end of the log',
        (client) => client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: count, requiresLeader: true }) as StreamingRead<Resolved>,
        false,
      ) as Promise<(ClientEvent & { readonly position: LogPosition })[]>,
  }
}

export type Reader = ReturnType<typeof createReader>
