/**
 * The CALLs of one charger, in order, one at a time. It does not refuse: at `high` waiting items it asks for silence and at
 * half of that it lets go. Silence is TCP backpressure (the socket is not read), so a charger that pipelines its whole
 * offline queue is served at our pace; closing on it would only make it send the same queue again.
 */
export type InboundQueue<T> = {
  push(item: T): void
  /** Drops what waits; the item being handled runs on. */
  clear(): void
  /** Resolves when nothing is being handled and nothing waits. */
  idle(): Promise<void>
  readonly length: number
  readonly busy: boolean
}

export const createInboundQueue = <T>(options: {
  readonly high: number
  readonly handle: (item: T) => Promise<void>
  /** true: read no more for now; false: read on */
  readonly onPressure: (high: boolean) => void
  readonly onError: (error: unknown) => void
}): InboundQueue<T> => {
  const waiting: T[] = []
  const low = Math.floor(options.high / 2)
  const whenIdle: (() => void)[] = []
  let busy = false
  let pressed = false

  const press = (): void => {
    const next = pressed ? waiting.length > low : waiting.length >= options.high
    if (next === pressed) return
    pressed = next
    options.onPressure(next)
  }

  const run = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      press()
      try {
        await options.handle(item)
      } catch (error) {
        options.onError(error)
      }
    }
    busy = false
    for (const resolve of whenIdle.splice(0)) resolve()
  }

  return {
    push(item) {
      waiting.push(item)
      if (busy) return press()
      busy = true
      void run()
    },
    clear() {
      waiting.length = 0
      press()
    },
    idle: () => (busy ? new Promise((resolve) => whenIdle.push(resolve)) : Promise.resolve()),
    get length() {
      return waiting.length
    },
    get busy() {
      return busy
    },
  }
}
