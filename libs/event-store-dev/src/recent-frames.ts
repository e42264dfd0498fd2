/** Frames that were appended last, in memory: staged ones, and as many durable ones as fit. */
export interface RecentFrames {
  /** Log offset from which everything is in memory. */
  readonly start: number
  push(offset: number, frame: Buffer): void
  /** The frames up to this log offset are on disk now and may be forgotten. */
  durable(offset: number): void
  /** A view of `length` bytes at a log offset inside one frame, or undefined when it is no longer (or never was) here. */
  read(offset: number, length: number): Buffer | undefined
}

/** @param maxBytes Bound for durable frames; what is not yet durable always stays. Infinity keeps the whole log (memory mode). */
export function recentFrames(start: number, maxBytes: number): RecentFrames {
  let frames: { offset: number; bytes: Buffer }[] = []
  let first = 0
  let heldBytes = 0
  let startOffset = start

  return {
    get start() {
      return startOffset
    },
    push(offset, frame) {
      frames.push({ offset, bytes: frame })
      heldBytes += frame.length
    },
    durable(offset) {
      while (heldBytes > maxBytes && first < frames.length) {
        const { offset: at, bytes } = frames[first]!
        if (at + bytes.length > offset) break
        heldBytes -= bytes.length
        startOffset = at + bytes.length
        first++
      }
      if (first > 1024 && first * 2 > frames.length) {
        frames = frames.slice(first)
        first = 0
      }
    },
    read(offset, length) {
      if (offset < startOffset) return undefined
      let low = first
      let high = frames.length - 1
      while (low < high) {
        const middle = (low + high + 1) >>> 1
        if (frames[middle]!.offset <= offset) low = middle
        else high = middle - 1
      }
      const frame = frames[low]
      if (!frame || offset < frame.offset || offset + length > frame.offset + frame.bytes.length) return undefined
      const at = offset - frame.offset
      return frame.bytes.subarray(at, at + length)
    },
  }
}
