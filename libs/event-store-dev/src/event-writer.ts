import type { EventLog } from './event-log.ts'
import { fillPrefix, PREFIX_BYTES } from './grpc-call.ts'
import type { GrpcCall } from './grpc-call.ts'
import { encodeReadEvent } from './read-event-codec.ts'
import type { RecordedEvent } from './record.ts'

/** Events leave in pieces of about this size: one HTTP/2 write for many small messages. */
const FLUSH_BYTES = 64 * 1024
/** A reader that skips this many events in a row lets others run. */
const SKIPS_PER_TURN = 4096

/** Sends messages of one read in order, with the pace of the client. */
export interface EventWriter {
  /** Events waiting to be flushed are sent before it. */
  message(framed: Buffer): void
  event(globalIndex: number, event: RecordedEvent): void
  /** The same for those who follow the log and are all sent the same. */
  news(globalIndex: number): void
  /** True when `pause()` should be awaited before the next event. */
  readonly full: boolean
  skipped(): void
  flush(): void
  /** Flushes and waits until the client has room. */
  pause(): Promise<void>
}

export function eventWriter(log: EventLog, call: GrpcCall, structuredIds: boolean): EventWriter {
  let pending: Buffer[] = []
  let bytes = 0
  let skips = 0

  const writer: EventWriter = {
    message(framed) {
      pending.push(framed)
      bytes += framed.length
    },
    event(globalIndex, event) {
      writer.message(fillPrefix(encodeReadEvent(event, log.positionAt(globalIndex), structuredIds, PREFIX_BYTES)))
    },
    news(globalIndex) {
      writer.message(log.messageAt(globalIndex, structuredIds))
    },
    get full() {
      return bytes >= FLUSH_BYTES || skips >= SKIPS_PER_TURN
    },
    skipped() {
      skips++
    },
    flush() {
      if (pending.length === 0) return
      const messages = pending.length === 1 ? pending[0]! : Buffer.concat(pending, bytes)
      pending = []
      bytes = 0
      call.write(messages)
    },
    async pause() {
      writer.flush()
      skips = 0
      await call.writable()
    },
  }
  return writer
}
