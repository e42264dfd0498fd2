import { sealFrame } from './frame.ts'
import type { LogStorage } from './segment-files.ts'

/** Most bytes in one write: bounds the latency that one batch adds to the next. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024

export interface AppendQueue {
  /** Log offset that the next frame will have. */
  readonly nextOffset: number
  /** Bytes staged and not yet durable. */
  readonly pendingBytes: number
  /** Adds a frame (header space first, filled in here); `onDurable` runs once it is on disk, in log order. */
  push(frame: Buffer, onDurable: () => void): void
  /** Resolves when everything pushed so far is durable. */
  drained(): Promise<void>
}

/**
 * Group commit: one write and one fdatasync in flight, everything that arrived meanwhile goes with the next. A failed write or sync is
 * never retried, because the kernel may already have dropped the dirty pages: `onFatal` has to end the process.
 */
export function appendQueue(storage: LogStorage, end: number, onFatal: (error: Error) => void): AppendQueue {
  let waiting: { frame: Buffer; offset: number; onDurable: () => void }[] = []
  let drainWaiters: (() => void)[] = []
  let nextOffset = end
  let durable = end
  let pendingBytes = 0
  let running = false

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      let bytes = 0
      let count = 0
      while (count < waiting.length && (count === 0 || bytes + waiting[count]!.frame.length <= MAX_BATCH_BYTES)) {
        bytes += waiting[count++]!.frame.length
      }
      const batch = waiting.splice(0, count)
      for (const { frame, offset } of batch) sealFrame(frame, offset, durable)
      await storage.write(
        batch.map(({ frame }) => frame),
        durable,
      )
      durable += bytes
      pendingBytes -= bytes
      for (const { onDurable } of batch) onDurable()
    }
    // in the same turn as the check above: whoever pushes next must start the loop again
    running = false
    for (const done of drainWaiters.splice(0)) done()
  }

  return {
    get nextOffset() {
      return nextOffset
    },
    get pendingBytes() {
      return pendingBytes
    },
    push(frame, onDurable) {
      waiting.push({ frame, offset: nextOffset, onDurable })
      nextOffset += frame.length
      pendingBytes += frame.length
      if (running) return
      running = true
      // the rest of this turn of the event loop joins the first batch
      setImmediate(() => {
        // after a failure the loop stays stopped: nothing can be acknowledged any more
        run().catch((error: unknown) => onFatal(error instanceof Error ? error : new Error(String(error))))
      })
    },
    drained() {
      return pendingBytes === 0 ? Promise.resolve() : new Promise((done) => drainWaiters.push(done))
    },
  }
}
