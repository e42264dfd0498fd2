/**
 * Waits; true after the whole time, false (at once) when the signal is aborted. It never rejects, so that a loop can read
 * `while (await sleep(1000, signal)) { … }`.
 */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const done = (elapsed: boolean) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      resolve(elapsed)
    }
    const aborted = () => done(false)
    const timer = setTimeout(() => done(true), milliseconds)
    signal?.addEventListener('abort', aborted, { once: true })
  })
}

export type TickerOptions = {
  /** From the end of one tick to the begin of the next, in milliseconds. */
  readonly everyMs: number
  /** Part of the interval (0 to 1) by which each wait is shortened at random, so that pods do not tick as one. */
  readonly jitter?: number
  readonly random?: () => number
  /** Ends the ticker as `stop` does. */
  readonly signal?: AbortSignal
  /** Tick once without waiting first. */
  readonly immediately?: boolean
  /** A failed tick; the ticker goes on. */
  readonly onError: (error: unknown) => void
}

export type Ticker = {
  /** No tick begins after this; resolves once the one under way has ended. */
  stop(): Promise<void>
}

/** Runs `tick` again and again, never two at a time. The tick's signal is aborted when the ticker is stopped. */
export function startTicker(tick: (signal: AbortSignal) => Promise<void> | void, options: TickerOptions): Ticker {
  const { everyMs, jitter = 0, random = Math.random, onError } = options
  const stopping = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stopping.signal]) : stopping.signal
  const wait = () => sleep(Math.max(0, Math.round(everyMs * (1 - jitter * random()))), signal)

  async function run(): Promise<void> {
    let go = options.immediately ? !signal.aborted : await wait()
    while (go) {
      try {
        await tick(signal)
      } catch (error) {
        if (!signal.aborted) onError(error)
      }
      go = await wait()
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
