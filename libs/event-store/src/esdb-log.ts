import type { StoredEvent } from '@voltrail/domain/hash-chain'
import type { Log } from '@voltrail/runtime/log'
import { StartError } from '@voltrail/runtime/start-error'
import { decodeEvent, storedEvent } from './decode.ts'
import { createAppender } from './esdb-append.ts'
import { openConnection } from './esdb-connection.ts'
import { createReader } from './esdb-read.ts'
import type { AppendableEvent, AppendOutcome, EventLog, LogEvent, LogPosition } from './event-log.ts'

export type LogStatus = { readonly state: 'untried' | 'up' } | { readonly state: 'down'; readonly reason: string }

export interface EsdbLog extends EventLog {
  /** Bytes that are no domain event (checkpoints). The same rules: exact revision, ids made from the bytes. */
  appendBytes(stream: string, events: readonly AppendableEvent[], expected: number): Promise<AppendOutcome>
  /** A stream as it is stored, not upcast, oldest first: what `verifyChain` takes. */
  readStored(stream: string, from?: number, limit?: number): AsyncIterable<StoredEvent>
  /** The newest stored event of a stream. */
  readLast(stream: string): Promise<StoredEvent | undefined>
  /** Where the newest events of the whole log stand, newest first, system events too. @throws {LogUnavailable} */
  readTail(count?: number): Promise<readonly { readonly stream: string; readonly position: LogPosition }[]>
  /** Asks the log for one event. For readiness: it never throws. */
  probe(): Promise<LogStatus>
  /** How the last call went. */
  status(): LogStatus
  /** Told on each change; returns how to stop listening. */
  onStatus(listener: (status: LogStatus) => void): () => void
  /** Ends all calls; appends under way answer unavailable. */
  close(): Promise<void>
}

export interface EventLogOptions {
  readonly connectionString: string
  readonly log?: Log
  /** one attempt of an append, then the same bytes are sent again; 2 s unless told */
  readonly appendTimeoutMs?: number
  /** an append with all its attempts; 10 s unless told */
  readonly appendDeadlineMs?: number
  /** one page; 5 s unless told */
  readonly readTimeoutMs?: number
  /** A process that only reads: appends throw. */
  readonly readOnly?: boolean
  /** For tests that play two pods in one process. Never in production: the end of one connection ends the appends of the other. */
  readonly besideAnotherAppender?: boolean
}

const pageSize = 500
let appender: symbol | undefined

/**
 * The log over EventStoreDB or KurrentDB. Nothing is asked of the server yet. Appends and reads have a connection each.
 * @throws {StartError} when the connection string cannot be used, or this process appends already
 */
export function connectEventLog(options: EventLogOptions): EsdbLog {
  const { connectionString, log, readOnly = false } = options
  const readTimeoutMs = options.readTimeoutMs ?? 5_000
  const me = Symbol(connectionString)
  if (!readOnly && !options.besideAnotherAppender) {
    if (appender !== undefined) {
      throw new StartError(
        'this process has a connection that appends to the event log already',
        'hand that one on, close it first, or connect with readOnly',
      )
    }
  }
  const readConnection = openConnection(connectionString)
  const appendConnection = openConnection(connectionString)
  if (!readOnly && !options.besideAnotherAppender) appender = me

  let status: LogStatus = { state: 'untried' }
  const listeners = new Set<(status: LogStatus) => void>()
  const report = (failure: string | undefined) => {
    const before = status
    if (failure === undefined) {
      if (before.state === 'up') return
      status = { state: 'up' }
      if (before.state === 'down') log?.info('the event log answers again')
    } else {
      status = { state: 'down', reason: failure }
      if (before.state === 'down') return
      log?.warn({ reason: failure }, 'the event log does not answer')
    }
    for (const listener of listeners) listener(status)
  }

  const reader = createReader({ connection: readConnection, timeoutMs: readTimeoutMs, onRead: report })
  const appendBytes = createAppender({
    connection: appendConnection,
    attemptTimeoutMs: options.appendTimeoutMs ?? 2_000,
    deadlineMs: options.appendDeadlineMs ?? 10_000,
    idsAt: async (stream, from, count) => (await reader.forward(stream, from, count)).map((event) => event.id),
    onAttempt: report,
  })
  const append: EsdbLog['appendBytes'] = async (stream, events, expected) => {
    if (readOnly) throw new Error(`a connection that only reads was asked to append to ${stream}`)
    return appendBytes(stream, events, expected)
  }

  async function* forward(stream: string, from: number, limit: number) {
    for (let next = from, left = limit; left > 0;) {
      const count = Math.min(left, pageSize)
      const events = await reader.forward(stream, next, count)
      yield* events
      if (events.length < count) return
      left -= count
      next = Number(events.at(-1)!.revision) + 1
    }
  }
  async function* backward(stream: string, from: number | undefined, limit: number) {
    for (let next = from, left = limit; left > 0;) {
      const count = Math.min(left, pageSize)
      const events = await reader.backward(stream, next, count)
      yield* events
      const oldest = events.at(-1)
      if (oldest === undefined || events.length < count || oldest.revision === 0n) return
      left -= count
      next = Number(oldest.revision) - 1
    }
  }
  const readTail: EsdbLog['readTail'] = async (count = 1) =>
    (await reader.newest(count)).map(({ streamId, position }) => ({ stream: streamId, position }))

  return {
    append,
    appendBytes: append,
    async *readForward(stream, from, limit = Number.MAX_SAFE_INTEGER): AsyncIterable<LogEvent> {
      for await (const event of forward(stream, from, limit)) yield decodeEvent(event)
    },
    async *readBackward(stream, limit = Number.MAX_SAFE_INTEGER, from): AsyncIterable<LogEvent> {
      for await (const event of backward(stream, from, limit)) yield decodeEvent(event)
    },
    async *readStored(stream, from = 0, limit = Number.MAX_SAFE_INTEGER) {
      for await (const event of forward(stream, from, limit)) yield storedEvent(event)
    },
    async readLast(stream) {
      const [last] = await reader.backward(stream, undefined, 1)
      return last && storedEvent(last)
    },
    readTail,
    async probe() {
      await readTail().catch(() => undefined)
      return status
    },
    status: () => status,
    onStatus(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      await Promise.all([readConnection.close(), appendConnection.close()])
      if (appender === me) appender = undefined
    },
  }
}
