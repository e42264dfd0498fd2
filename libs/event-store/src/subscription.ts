import { eventTypeFilter, streamNameFilter } from '@eventstore/db-client'
import type { AllStreamSubscription } from '@eventstore/db-client'
import { Backoff } from '@voltrail/runtime/backoff'
import { sleep } from '@voltrail/runtime/ticker'
import { decodeEvent } from './decode.ts'
import type { ClientEvent } from './decode.ts'
import { openConnection } from './esdb-connection.ts'
import type { Client } from './esdb-connection.ts'
import type { LogEvent, LogPosition } from './event-log.ts'

export interface SubscriptionSource {
  readonly connectionString: string
  readonly filter: {
    /** `session-`; events of streams that begin with none of them are not delivered */
    readonly streamPrefixes: readonly string[]
    /** of those streams, only these event types; all unless told. The server then sends no others */
    readonly types?: readonly string[]
  }
  /** Events *after* this position are delivered. */
  readonly from: LogPosition | 'start'
  /** Each time the connection is lost, or not had; the subscription tries again from where it was. */
  readonly onDown?: (reason: string) => void
  readonly signal?: AbortSignal
}

export interface SingleOptions extends SubscriptionSource {
  readonly onEvent: (event: LogEvent & { readonly position: LogPosition }) => Promise<void> | void
  /** Everything up to here is delivered, or was none of ours. */
  readonly onCheckpoint?: (position: LogPosition) => Promise<void> | void
  readonly onCaughtUp?: () => Promise<void> | void
}

export interface Batch {
  /** in the order of the log; empty when only the position moved */
  readonly events: readonly (LogEvent & { readonly position: LogPosition })[]
  /** everything up to here is delivered with this batch, or was none of ours; absent when an empty log was caught up with */
  readonly position?: LogPosition
  /** the end of the log was reached with this batch */
  readonly caughtUp: boolean
}

export interface BatchOptions extends SubscriptionSource {
  readonly onBatch: (batch: Batch) => Promise<void> | void
  /** events in a batch at most; 500 unless told */
  readonly maxEvents?: number
  /** how long a batch waits for more while catching up, in milliseconds; 20 unless told */
  readonly lingerMs?: number
  /**
   * Least time between two batches of live events, in milliseconds; 0 unless told. An event that comes after a quiet while never
   * waits; in a burst those that come within this time are one batch.
   */
  readonly paceMs?: number
}

export type SubscriptionStatus =
  | { readonly state: 'connecting' | 'catching-up' | 'live' | 'stopped'; readonly position?: LogPosition }
  | { readonly state: 'down' | 'failed'; readonly reason: string; readonly position?: LogPosition }

export type SubscriptionEnd =
  | { readonly outcome: 'stopped' }
  /** a handler threw, or an event could not be read: nothing after `position` was delivered whole */
  | { readonly outcome: 'failed'; readonly error: unknown; readonly position?: LogPosition }

export interface Subscription {
  /** Resolves when no handler will be called any more. A failure is final; it never rejects. */
  readonly done: Promise<SubscriptionEnd>
  status(): SubscriptionStatus
  /** Ends after the handler that is under way. */
  stop(): Promise<void>
}

/** Events one by one, in order, each after the handler of the one before has resolved. See `subscribeInBatches`. */
export const subscribeLog = ({ onEvent, onCheckpoint, onCaughtUp, ...source }: SingleOptions): Subscription =>
  supervise(source, { maxEvents: 1, lingerMs: 0, paceMs: 0 }, async ({ events, position, caughtUp }) => {
    for (const event of events) await onEvent(event)
    if (position !== undefined && events.length === 0) await onCheckpoint?.(position)
    if (caughtUp) await onCaughtUp?.()
  })

/**
 * A filtered subscription to the whole log that outlives servers, dropped connections and being too slow: it begins again after
 * what was delivered last. Batches come in order, one at a time; the wait for the handler holds the server back. An event is never
 * skipped: when a handler throws, or an event cannot be read, the subscription ends as failed.
 */
export const subscribeInBatches = ({
  onBatch,
  maxEvents = 500,
  lingerMs = 20,
  paceMs = 0,
  ...source
}: BatchOptions): Subscription => supervise(source, { maxEvents, lingerMs, paceMs }, onBatch)

/** A pace for what is derived from the log: few transactions in a burst, and far below the 250 ms that read models may lag. */
export const derivedPaceMs = 50

/** After so many events of others the server tells how far it is; that many are read again, in vain, after a restart. */
const searchWindow = 32
const confirmWithinMs = 10_000

/** What stands between events in the client's stream, put there in order by its callbacks. */
type Item =
  | { readonly event?: unknown }
  | { readonly checkpoint: LogPosition }
  | { readonly mark: 'caught-up' | 'fell-behind' }

/** An error that trying again would meet again. */
class Final extends Error {}

function supervise(
  source: SubscriptionSource,
  { maxEvents, lingerMs, paceMs }: Required<Pick<BatchOptions, 'maxEvents' | 'lingerMs' | 'paceMs'>>,
  deliver: (batch: Batch) => Promise<void> | void,
): Subscription {
  const stopping = new AbortController()
  const signal = source.signal ? AbortSignal.any([source.signal, stopping.signal]) : stopping.signal
  const wanted = isWanted(source.filter)
  const connection = openConnection(source.connectionString)
  const backoff = new Backoff({ firstMs: 100, maxMs: 5_000, random: Math.random })
  let position: LogPosition | undefined = source.from === 'start' ? undefined : source.from
  let state: 'connecting' | 'catching-up' | 'live' | 'stopped' | 'down' | 'failed' = 'connecting'
  let reason = ''

  function open(client: Client): AllStreamSubscription {
    const subscription: AllStreamSubscription = client.subscribeToAll(
      {
        fromPosition: position ?? 'start',
        filter: serverFilter(source.filter, (checkpoint) => void subscription.push({ checkpoint } satisfies Item)),
      },
      { highWaterMark: Math.max(16, maxEvents) },
    )
    // a checkpoint, as the client tells it, runs ahead of the events that still wait here: all of them go through the stream
    subscription.on('caughtUp', () => void subscription.push({ mark: 'caught-up' } satisfies Item))
    subscription.on('fellBehind', () => void subscription.push({ mark: 'fell-behind' } satisfies Item))
    // the iteration hears of errors too; this one is for those that come when it is over
    subscription.on('error', () => undefined)
    return subscription
  }

  /** One connection's life. Returns when the server ends it, throws when it breaks. */
  async function consume(subscription: AllStreamSubscription): Promise<void> {
    const items = subscription[Symbol.asyncIterator]() as AsyncIterator<Item>
    const unconfirmed = setTimeout(
      () => subscription.destroy(new Error(`no confirmation within ${confirmWithinMs} ms`)),
      confirmWithinMs,
    )
    subscription.on('confirmation', () => {
      clearTimeout(unconfirmed)
      state = 'catching-up'
    })
    let next: Promise<IteratorResult<Item>> | undefined
    let pacedUntil = 0
    try {
      for (;;) {
        const batch: (LogEvent & { readonly position: LogPosition })[] = []
        let reached = position
        let caughtUp = false
        let flushAt = Infinity
        let ended = false
        let unreadable: Final | undefined
        const rest = pacedUntil - performance.now()
        if (state === 'live' && rest > 0) await sleep(rest, signal)
        while (batch.length < maxEvents && !caughtUp && !ended) {
          next ??= heard(items.next())
          if (reached !== position && subscription.readableLength === 0) {
            const left = state === 'live' ? 0 : flushAt - performance.now()
            if (left <= 0 || (await within(next, left)) === undefined) break
          }
          const result = await next
          next = undefined
          if (result.done) {
            ended = true
            break
          }
          const item = result.value
          backoff.reset()
          if ('mark' in item) {
            caughtUp = item.mark === 'caught-up'
            state = caughtUp ? 'live' : 'catching-up'
          } else if ('checkpoint' in item) {
            reached = item.checkpoint
          } else if (item.event !== undefined) {
            const event = readEvent(item.event as ClientEvent)
            if (event instanceof Final) {
              // what came before it is delivered first
              unreadable = event
              break
            }
            reached = event.position
            if (wanted(event)) batch.push(event)
          }
          if (reached !== position) {
            flushAt = Math.min(flushAt, performance.now() + lingerMs)
            if (maxEvents === 1) break
          }
        }
        if (reached !== position || caughtUp) {
          if (signal.aborted) return
          try {
            await deliver({ events: batch, ...(reached && { position: reached }), caughtUp })
          } catch (cause) {
            throw new Final('a handler failed', { cause })
          }
          position = reached
          pacedUntil = performance.now() + paceMs
        }
        if (unreadable !== undefined) throw unreadable
        if (ended) return
      }
    } finally {
      clearTimeout(unconfirmed)
    }
  }

  async function run(): Promise<SubscriptionEnd> {
    while (!signal.aborted) {
      let generation = -1
      let subscription: AllStreamSubscription | undefined
      const abort = () => subscription?.destroy()
      try {
        const current = await connection.current()
        generation = current.generation
        subscription = open(current.client)
        signal.addEventListener('abort', abort, { once: true })
        await consume(subscription)
        reason = 'the server ended the subscription'
      } catch (error) {
        if (error instanceof Final) {
          state = 'failed'
          reason = (error.cause as Error | undefined)?.message ?? String(error.cause)
          return { outcome: 'failed', error: error.cause, ...(position && { position }) }
        }
        reason = (error as Error).message
      } finally {
        signal.removeEventListener('abort', abort)
        subscription?.destroy()
        connection.replace(generation)
      }
      if (signal.aborted) break
      state = 'down'
      source.onDown?.(reason)
      await sleep(backoff.next(), signal)
      state = 'connecting'
    }
    state = 'stopped'
    return { outcome: 'stopped' }
  }

  // oxlint-disable-next-line typescript/no-misused-promises -- finally waits for what it is given
  const done = run().finally(() => connection.close())
  return {
    done,
    status: () => {
      const at = position && { position }
      return state === 'down' || state === 'failed' ? { state, reason, ...at } : { state, ...at }
    },
    async stop() {
      stopping.abort()
      await done
    },
  }
}

/** The server filters by one of the two: by types where they are given, since no two categories share one. */
function serverFilter({ streamPrefixes, types }: SubscriptionSource['filter'], reached: (at: LogPosition) => void) {
  const terms = {
    maxSearchWindow: searchWindow,
    checkpointReached: (_: unknown, checkpoint: LogPosition) => reached(checkpoint),
  }
  return types === undefined
    ? streamNameFilter({ ...terms, prefixes: [...streamPrefixes] })
    : eventTypeFilter({ ...terms, prefixes: [...types] })
}

/** What the server's filter lets through and nobody asked for: `SessionStopped` is a prefix of other types too. */
function isWanted({ streamPrefixes, types }: SubscriptionSource['filter']): (event: LogEvent) => boolean {
  if (types === undefined) return () => true
  const known = new Set(types)
  return ({ type, stream }) => known.has(type) && streamPrefixes.some((prefix) => stream.startsWith(prefix))
}

function readEvent(event: ClientEvent): (LogEvent & { readonly position: LogPosition }) | Final {
  try {
    const decoded = decodeEvent(event)
    if (decoded.position === undefined)
      throw new Error(`the server gave event ${decoded.revision} of ${decoded.stream} no position`)
    return decoded as LogEvent & { readonly position: LogPosition }
  } catch (cause) {
    return new Final('an event cannot be read', { cause })
  }
}

/** The same promise: that it fails while nobody waits for it yet is no news. */
function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

/** The value if it comes in time, else `undefined`; a rejection is passed on. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, milliseconds, undefined)))
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
