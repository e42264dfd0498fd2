import type { Log } from '@voltrail/runtime/log'

/** Work that outlives the request that began it. */
export interface Background {
  run(what: string, work: () => Promise<unknown>): void
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

export const createBackground = (log: Log): Background => {
  const running = new Set<Promise<void>>()
  return {
    run(what, work) {
      const tracked: Promise<void> = work().then(
        () => void running.delete(tracked),
        (error: unknown) => {
          running.delete(tracked)
          log.error({ err: error }, `${what} failed`)
        },
      )
      running.add(tracked)
    },
    async idle() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
