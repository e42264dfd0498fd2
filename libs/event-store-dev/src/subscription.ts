import { randomUUID } from 'node:crypto'
import type { EventLog } from './event-log.ts'
import { eventWriter } from './event-writer.ts'
import type { Faults } from './faults.ts'
import { withPrefix } from './grpc-call.ts'
import type { GrpcCall } from './grpc-call.ts'
import { GRPC, streamDeleted } from './grpc-status.ts'
import type { RpcStatus } from './grpc-status.ts'
import { streams } from './protobuf-messages.ts'
import type { ReadRequest } from './read-request.ts'
import { matcher } from './stream-read.ts'
import { firstReadableRevision } from './stream-metadata.ts'

/** How far a live subscription may be behind before it counts as too slow. */
const LIVE_BACKLOG = 1000

/** Which slow-consumer manner a server has: 23.10 drops, 25 and later sends `fellBehind` and goes back to catching up. */
export type SlowConsumer = 'aborted' | 'fell-behind'

/** What `next` gives besides a global index. */
const PASSED_OVER = -1
const NOTHING_THERE = -2

interface Cursor {
  /** Moves on by one event: its global index to send, PASSED_OVER, or NOTHING_THERE. */
  next(): number
  /** Position to send as a checkpoint behind the event that `next` gave or passed over. */
  checkpoint?(): bigint | undefined
  /** Durable events that are still to come. */
  behind(): number
  /** Why the subscription must end now. */
  end?(): RpcStatus | undefined
}

/**
 * A subscription: confirmation, then events from the log by a cursor, `caughtUp` whenever it has reached the end. Catching up and living
 * are the same loop over the same index, so there is neither gap nor repeat between them.
 */
export async function subscribe(
  log: EventLog,
  faults: Faults,
  slowConsumer: SlowConsumer,
  call: GrpcCall,
  request: ReadRequest,
): Promise<void> {
  const { target } = request
  if (target.kind === 'stream' && log.view(target.stream).kind === 'deleted')
    return call.end(streamDeleted(target.stream))
  const cursor = target.kind === 'all' ? allCursor(log, request) : streamCursor(log, request, target.stream)
  const writer = eventWriter(log, call, request.structuredIds)
  let wake = (): void => undefined
  const stop = log.onCommit(() => wake())
  call.onClose(() => {
    stop()
    wake()
  })
  call.write(confirmation())

  let live = false
  while (!call.closed) {
    if (live && cursor.behind() > LIVE_BACKLOG) {
      if (slowConsumer === 'aborted') return call.end(TOO_SLOW)
      live = false
      writer.message(FELL_BEHIND)
    }
    for (let at = 0; !writer.full && (at = cursor.next()) !== NOTHING_THERE;) {
      if (at === PASSED_OVER) writer.skipped()
      else {
        const manner =
          live && faults.armed
            ? faults.take('slowConsumer', log.index.streamName(log.index.streamIdAt(at)))?.manner
            : undefined
        if (manner === 'aborted') {
          writer.flush()
          return call.end(TOO_SLOW)
        }
        if (manner === 'fell-behind') {
          live = false
          writer.message(FELL_BEHIND)
        }
        writer.news(at)
      }
      const position = cursor.checkpoint?.()
      if (position !== undefined) writer.message(checkpoint(position))
    }
    if (writer.full) {
      await writer.pause()
      continue
    }
    const end = cursor.end?.()
    if (!live) {
      live = true
      writer.message(CAUGHT_UP)
    }
    writer.flush()
    if (end) return call.end(end)
    // a consumer that does not read what was written is waited for here, so that its backlog can show
    await call.writable()
    if (cursor.behind() > 0 || call.closed) continue
    await new Promise<void>((done) => {
      wake = done
    })
  }
}

function allCursor(log: EventLog, request: ReadRequest): Cursor {
  const { index } = log
  const matches = matcher(log, request)
  let next =
    request.from === 'start' ? 0 : request.from === 'end' ? index.committed : log.firstAtOrAfter(request.from + 1n)
  let considered = 0
  return {
    behind: () => index.committed - next,
    next() {
      if (next >= index.committed) return NOTHING_THERE
      considered++
      const at = next++
      return matches(at) ? at : PASSED_OVER
    },
    checkpoint() {
      if (!request.filter || considered < request.checkpointEvery) return undefined
      considered = 0
      return log.positionAt(next - 1)
    },
  }
}

function streamCursor(log: EventLog, request: ReadRequest, stream: string): Cursor {
  const committed = (): number => log.index.find(stream)?.committed ?? 0
  let next = request.from === 'start' ? 0 : request.from === 'end' ? committed() : Number(request.from) + 1
  return {
    behind: () => Math.max(0, committed() - next),
    next() {
      const entry = log.index.find(stream)
      if (!entry) return NOTHING_THERE
      const { metadata } = entry
      const first = metadata.softDeleted ? entry.committed : firstReadableRevision(metadata, entry.committed - 1)
      next = Math.max(next, Math.min(entry.committed, first))
      if (next >= entry.committed) return NOTHING_THERE
      const at = entry.events[next++]!
      const expired = metadata.maxAgeMs !== undefined && log.recordAt(at).created < Date.now() - metadata.maxAgeMs
      return expired ? PASSED_OVER : at
    },
    end: () => (log.view(stream).kind === 'deleted' ? streamDeleted(stream) : undefined),
  }
}

/** The status with which 23.10 drops a consumer; the client makes a TimeoutError of it. */
const TOO_SLOW: RpcStatus = { code: GRPC.aborted, message: 'Operation timed out: the consumer is too slow' }
const CAUGHT_UP = response((message) => message.setCaughtUp(new streams.ReadResp.CaughtUp()))
const FELL_BEHIND = response((message) => message.setFellBehind(new streams.ReadResp.FellBehind()))

function confirmation(): Buffer {
  const confirmed = new streams.ReadResp.SubscriptionConfirmation()
  confirmed.setSubscriptionId(randomUUID())
  return response((message) => message.setConfirmation(confirmed))
}

function checkpoint(position: bigint): Buffer {
  const reached = new streams.ReadResp.Checkpoint()
  reached.setCommitPosition(String(position))
  reached.setPreparePosition(String(position))
  return response((message) => message.setCheckpoint(reached))
}

function response(fill: (message: InstanceType<typeof streams.ReadResp>) => void): Buffer {
  const message = new streams.ReadResp()
  fill(message)
  return withPrefix(message.serializeBinary())
}
