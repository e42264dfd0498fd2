import type { EdgeLimits } from './limits.ts'
import { createTokenBucket } from './token-bucket.ts'

/** Slows down a charger by not reading its socket: TCP makes it wait, and nothing it has to say is lost. */
export type ReadingBrakes = {
  /** Counts a frame; beyond the rate the socket rests until the debt is paid. */
  frame(now: number): void
  /** Counts a frame once more, with what it costs that nothing could be taken from it. */
  unusable(now: number): void
  queueFull(full: boolean): void
  readonly braking: boolean
  /** Lets go for good, so that the peer's close frame can be read. */
  release(): void
}

export const createReadingBrakes = (
  socket: { pause(): void; resume(): void },
  rate: Pick<EdgeLimits, 'framesPerSecond' | 'framesBurst' | 'unusableFrameCost'>,
  now: number,
  onFirstBrake: () => void = () => {},
): ReadingBrakes => {
  const bucket = createTokenBucket(rate.framesPerSecond, rate.framesBurst, now)
  const reasons = new Set<'queue' | 'rate'>()
  let timer: NodeJS.Timeout | undefined
  let released = false
  let told = false

  const brake = (reason: 'queue' | 'rate', on: boolean): void => {
    if (on) reasons.add(reason)
    else reasons.delete(reason)
    if (released) return
    if (reasons.size > 0) socket.pause()
    else socket.resume()
  }
  const pay = (count: number, at: number): void => {
    const waitMs = bucket.take(at, count)
    if (waitMs === 0 || released) return
    if (!told) onFirstBrake()
    told = true
    brake('rate', true)
    clearTimeout(timer)
    timer = setTimeout(() => brake('rate', false), waitMs)
  }
  return {
    frame: (at) => pay(1, at),
    unusable: (at) => pay(rate.unusableFrameCost - 1, at),
    queueFull: (full) => brake('queue', full),
    get braking() {
      return !released && reasons.size > 0
    },
    release() {
      released = true
      clearTimeout(timer)
      socket.resume()
    },
  }
}
