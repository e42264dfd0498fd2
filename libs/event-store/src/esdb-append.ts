import type { AppendExpectedRevision, EventData } from '@eventstore/db-client'
import { NO_STREAM, NotLeaderError, WrongExpectedVersionError } from '@eventstore/db-client'
import { Backoff } from '@voltrail/runtime/backoff'
import { sleep } from '@voltrail/runtime/ticker'
import type { AppendableEvent, AppendOutcome } from './event-log.ts'
import { ConnectionClosed } from './esdb-connection.ts'
import type { Connection } from './esdb-connection.ts'
import { createPermits } from '@voltrail/runtime/permits'
import { createTimeout } from './timeout.ts'

/**
 * Appends handed to the client and not yet answered. Its batch stream takes 16 messages before it asks to wait, and a message
 * that waits there when the connection breaks is rejected where nobody can catch it: the process would end.
 */
const appendsInFlight = 15

export interface AppenderOptions {
  readonly connection: Connection
  /** how long one attempt may take: the client's batch appends have no deadline of their own */
  readonly attemptTimeoutMs: number
  /** how long an append may take with all its attempts */
  readonly deadlineMs: number
  /** ids of the stored events of a stream from a revision on */
  readonly idsAt: (stream: string, from: number, count: number) => Promise<readonly string[]>
  /** told about each attempt; `undefined`: it was answered */
  readonly onAttempt: (failure: string | undefined) => void
}

type Attempt =
  | AppendOutcome
  /** it may be written or not */
  | { readonly outcome: 'unknown'; readonly reason: string; readonly keepClient: boolean }

/** Appends that end in a known outcome, or as unavailable at the deadline. */
export function createAppender({ connection, attemptTimeoutMs, deadlineMs, idsAt, onAttempt }: AppenderOptions) {
  const permits = createPermits(appendsInFlight)
  let answeredAt = -Infinity

  async function attempt(
    stream: string,
    events: readonly AppendableEvent[],
    expected: number,
  ): Promise<Attempt & { generation: number }> {
    let generation = -1
    const timeout = createTimeout(attemptTimeoutMs)
    try {
      const { client, generation: mine } = await connection.current()
      generation = mine
      const began = performance.now()
      const expectedRevision: AppendExpectedRevision = expected < 0 ? NO_STREAM : BigInt(expected)
      const appending = client.appendToStream(stream, events.map(clientEvent), {
        expectedRevision,
        requiresLeader: true,
        deadline: attemptTimeoutMs,
      })
      const result = await Promise.race([appending, timeout.over])
      if (result === 'over') {
        // a late failure of an attempt that nobody waits for any more is no news
        appending.catch(() => undefined)
        // others were answered meanwhile: this one is lost, not the connection
        const keepClient = answeredAt >= began
        return { outcome: 'unknown', reason: `no answer within ${attemptTimeoutMs} ms`, keepClient, generation }
      }
      answeredAt = performance.now()
      const { nextExpectedRevision, position } = result
      return { outcome: 'appended', revision: Number(nextExpectedRevision), ...(position && { position }), generation }
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) {
        answeredAt = performance.now()
        return { outcome: 'conflict', generation }
      }
      if (neverWritten(error)) throw error
      if (error instanceof ConnectionClosed) return { outcome: 'unavailable', reason: error.message, generation }
      // the client itself turns to the leader that the answer named; a new client would ask the follower again
      const keepClient = error instanceof NotLeaderError
      return { outcome: 'unknown', reason: reasonOf(error), keepClient, generation }
    } finally {
      timeout.clear()
    }
  }

  return async function append(
    stream: string,
    events: readonly AppendableEvent[],
    expected: number,
  ): Promise<AppendOutcome> {
    if (events.length === 0) throw new Error(`an append to ${stream} without events`)
    const backoff = new Backoff({ firstMs: 50, maxMs: 500, random: Math.random })
    const deadline = performance.now() + deadlineMs
    let unknown = false
    let kept = 0
    for (;;) {
      const tried = await permits.run(async (): Promise<Attempt & { generation: number }> => {
        // those that waited too long give way to those that did not
        if (performance.now() >= deadline)
          return { outcome: 'unavailable', reason: `no turn within ${deadlineMs} ms`, generation: -1 }
        return attempt(stream, events, expected)
      })
      switch (tried.outcome) {
        case 'appended': {
          onAttempt(undefined)
          const last = expected + events.length
          if (tried.revision !== last) {
            throw new Error(
              `the store says that an append to ${stream} after revision ${expected} ended at ${tried.revision}, not at ${last}`,
            )
          }
          return { outcome: 'appended', revision: last, ...(tried.position && { position: tried.position }) }
        }
        case 'conflict':
          onAttempt(undefined)
          if (!unknown) return { outcome: 'conflict' }
          return settleByIds(stream, events, expected)
        case 'unknown':
          break
        case 'unavailable':
          return tried
        default:
          return tried satisfies never
      }
      unknown = true
      onAttempt(tried.reason)
      // a follower that is asked twice knows no leader: begin again from the connection string
      if (tried.keepClient) kept += 1
      if (!tried.keepClient || kept > 1) connection.replace(tried.generation)
      const wait = backoff.next()
      if (performance.now() + wait >= deadline) return { outcome: 'unavailable', reason: tried.reason }
      await sleep(wait)
    }
  }

  /** Refused after an attempt of unknown outcome: either that attempt was written, or somebody else was first. */
  async function settleByIds(
    stream: string,
    events: readonly AppendableEvent[],
    expected: number,
  ): Promise<AppendOutcome> {
    try {
      const ids = await idsAt(stream, expected + 1, events.length)
      const ours = ids.length === events.length && events.every((event, i) => event.id === ids[i])
      return ours ? { outcome: 'appended', revision: expected + events.length } : { outcome: 'conflict' }
    } catch (error) {
      return {
        outcome: 'unavailable',
        reason: `the outcome of an append to ${stream} could not be read: ${reasonOf(error)}`,
      }
    }
  }
}

export type Append = ReturnType<typeof createAppender>

const reasonOf = (error: unknown): string => {
  const { type, message } = error as { type?: string; message?: string }
  return [type, message].filter((part) => part !== undefined && part !== '').join(': ') || String(error)
}

/** Answers after which the same bytes would be refused again: somebody has to change something first. */
const refusals = new Set(['access-denied', 'stream-deleted', 'maximum-append-size-exceeded', 'invalid-argument'])
const neverWritten = (error: unknown): boolean => refusals.has((error as { type?: string }).type ?? '')

/**
 * The client either takes an object and marks the event as JSON, or takes bytes and does not. We have the bytes and want them
 * marked (the store's own tools read only JSON), so the answer to "which content?" is JSON the first time, when the mark is
 * set, and bytes the second time, when the content is.
 */
function clientEvent({ id, type, data, metadata }: AppendableEvent): EventData {
  let asked = 0
  const event = {
    id,
    type,
    data,
    metadata,
    get contentType() {
      asked += 1
      return asked === 1 ? 'application/json' : 'application/octet-stream'
    },
  }
  return event as unknown as EventData
}
