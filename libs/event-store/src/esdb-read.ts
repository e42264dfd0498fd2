import { BACKWARDS, END, FORWARDS, StreamNotFoundError } from '@eventstore/db-client'
import type { StreamingRead } from '@eventstore/db-client'
import { Backoff } from '@voltrail/runtime/backoff'
import { sleep } from '@voltrail/runtime/ticker'
import type { ClientEvent } from './decode.ts'
import { LogUnavailable } from './event-log.ts'
import type { LogPosition } from './event-log.ts'
import { ConnectionClosed } from './esdb-connection.ts'
import type { Client, Connection } from './esdb-connection.ts'
import { createPermits } from '@voltrail/runtime/permits'
import { createTimeout } from './timeout.ts'

/** A connection carries 100 calls; a read past them would wait without a word. */
const readsAtATime = 50

type Resolved = { readonly event?: unknown }

export interface ReaderOptions {
  readonly connection: Connection
  /** a page with its turn and its attempts */
  readonly timeoutMs: number
  /** `undefined`: it was answered */
  readonly onRead: (failure: string | undefined) => void
}

/** Answers that another attempt would get too. */
const refusals = new Set(['access-denied', 'stream-deleted', 'invalid-argument'])
const isFinal = (error: unknown): boolean =>
  error instanceof ConnectionClosed || error instanceof NoTurn || refusals.has((error as { type?: string }).type ?? '')

class NoTurn extends Error {}

/**
 * Reads of whole pages. A page is always read to its end: a call that is given up half-way keeps its place on the connection
 * or costs the connection. A read that breaks is tried again within its time.
 */
export function createReader({ connection, timeoutMs, onRead }: ReaderOptions) {
  const permits = createPermits(readsAtATime)
  let answeredAt = -Infinity

  async function readPage(open: (client: Client) => StreamingRead<Resolved>, deadline: number): Promise<ClientEvent[]> {
    const { client, generation } = await connection.current()
    const began = performance.now()
    if (began >= deadline) throw new NoTurn(`no turn within ${timeoutMs} ms`)
    const stream = open(client)
    const timeout = createTimeout(deadline - began)
    void timeout.over.then(() => {
      stream.emit('error', new Error(`no answer within ${Math.round(deadline - began)} ms`))
      stream.cancel().catch(() => undefined)
      // others were answered meanwhile: this one is slow, not the connection
      if (answeredAt < began) connection.replace(generation)
    })
    try {
      const events: ClientEvent[] = []
      for await (const { event } of stream) if (event !== undefined) events.push(event as ClientEvent)
      // the client ends a read that is cancelled with it without a word, wherever it was
      if (connection.isOver(generation)) throw new Error('the connection was replaced while it was read')
      return events
    } finally {
      timeout.clear()
      // what comes when nobody reads any more must not be uncaught
      stream.on('error', () => undefined)
    }
  }

  async function page(
    doing: string,
    open: (client: Client) => StreamingRead<Resolved>,
    once = false,
  ): Promise<ClientEvent[]> {
    const deadline = performance.now() + timeoutMs
    const backoff = new Backoff({ firstMs: 50, maxMs: 500, random: Math.random })
    const answered = (events: ClientEvent[]) => {
      answeredAt = performance.now()
      onRead(undefined)
      return events
    }
    for (;;) {
      try {
        return answered(await permits.run(() => readPage(open, deadline)))
      } catch (error) {
        if (error instanceof StreamNotFoundError) return answered([])
        const reason = (error as Error).message
        const wait = backoff.next()
        const again = !once && !isFinal(error) && performance.now() + wait < deadline
        if (!again) {
          onRead(reason)
          throw new LogUnavailable(doing, reason, { cause: error })
        }
        await sleep(wait)
      }
    }
  }

  return {
    forward: (stream: string, from: number, count: number) =>
      page(`reading ${stream} from revision ${from}`, (client) =>
        client.readStream(stream, {
          direction: FORWARDS,
          fromRevision: BigInt(from),
          maxCount: count,
          requiresLeader: true,
        }),
      ),

    backward: (stream: string, from: number | undefined, count: number) =>
      page(`reading ${stream} backwards from ${from ?? 'its end'}`, (client) =>
        client.readStream(stream, {
          direction: BACKWARDS,
          fromRevision: from === undefined ? END : BigInt(from),
          maxCount: count,
          requiresLeader: true,
        }),
      ),

    /** The newest events of the whole log, system events too, newest first. */
    newest: (count: number) =>
      page(
        'reading the end of the log',
        (client) =>
          client.readAll({
            direction: BACKWARDS,
            fromPosition: END,
            maxCount: count,
            requiresLeader: true,
          }),
        true,
      ) as Promise<(ClientEvent & { readonly position: LogPosition })[]>,
  }
}

export type Reader = ReturnType<typeof createReader>
