import { Backoff } from '@voltrail/runtime/backoff'
import { sleep } from '@voltrail/runtime/ticker'
import { sendSignal } from './process-identity.ts'
import type { Part, RunningPart } from './running-part.ts'

/** A process that is started again whenever it ends without being told to. */
export interface ProductProcess {
  readonly name: string
  /** undefined while it is down or not ready yet. */
  readonly pid: number | undefined
  /** Sends a signal, SIGKILL unless told. If the process ends of it, it is started again like one that crashed. */
  kill(signal?: NodeJS.Signals): void
  /** Resolves when it runs and is ready. */
  ready(): Promise<void>
  /** Ends it with SIGTERM; it stays down until `restart`. */
  stop(): Promise<void>
  /** Ends it if it runs, starts it and resolves when it is ready. */
  restart(): Promise<void>
}

export interface SupervisedPart extends ProductProcess {
  /** The first start; throws what the part throws. */
  start(signal: AbortSignal): Promise<void>
}

export interface SupervisionHooks {
  /** One line for the operator. */
  note(line: string): void
  spawned(pid: number): void
  gone(pid: number): void
  readonly firstWaitMs?: number
  /** Between two starts of a process that dies again and again. Default 10,000 ms. */
  readonly longestWaitMs?: number
}

/** A process that lived this long is healthy: the next wait is short again. */
const healthyAfterMs = 30_000
const longestWaitMs = 10_000

export function supervise(part: Part, hooks: SupervisionHooks): SupervisedPart {
  const { name } = part
  // exact waits: there is only one of us, and nobody to keep out of step with
  const backoff = new Backoff({
    firstMs: hooks.firstWaitMs ?? 200,
    maxMs: hooks.longestWaitMs ?? longestWaitMs,
    random: () => 0.999_999,
  })
  /** The newest process, alive or not. */
  let latest: RunningPart | undefined
  /** That process while it is ready for work. */
  let current: RunningPart | undefined
  /** Aborted: the process is not wanted (any more). */
  let wanted = new AbortController()
  let recovering: Promise<void> = Promise.resolve()
  const waiting = new Set<() => void>()

  async function launch(signal: AbortSignal, onUp?: () => void): Promise<void> {
    let pid: number | undefined
    const begun = Date.now()
    let running: RunningPart
    try {
      running = await part.start(signal, (spawned) => {
        pid = spawned
        hooks.spawned(spawned)
      })
    } catch (error) {
      if (pid !== undefined) hooks.gone(pid)
      throw error
    }
    latest = running
    current = running
    onUp?.()
    for (const tell of waiting) tell()
    waiting.clear()
    void running.exited.then((reason) => {
      hooks.gone(running.pid)
      if (latest !== running) return
      current = undefined
      if (signal.aborted) return
      if (Date.now() - begun > healthyAfterMs) backoff.reset()
      hooks.note(`${name} ended unexpectedly (${reason}); starting it again`)
      recovering = recover(signal)
    })
  }

  async function recover(signal: AbortSignal): Promise<void> {
    while (await sleep(backoff.next(), signal)) {
      try {
        return await launch(signal, () => hooks.note(`${name} is back`))
      } catch (error) {
        if (signal.aborted) return
        hooks.note(`${name} could not be started again: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }

  async function stop(): Promise<void> {
    wanted.abort(new Error(`${name} is being stopped`))
    await recovering
    await latest?.stop()
    current = undefined
  }

  return {
    name,
    get pid() {
      return current?.pid
    },
    async start(signal) {
      wanted = new AbortController()
      await launch(AbortSignal.any([signal, wanted.signal]))
    },
    kill(signal = 'SIGKILL') {
      if (!current) return
      sendSignal(current.pid, signal)
      // it will not live to hear it: nobody shall take it for ready until its end is noticed
      if (signal === 'SIGKILL') current = undefined
    },
    ready: () => (current ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve))),
    stop,
    async restart() {
      await stop()
      wanted = new AbortController()
      backoff.reset()
      await launch(wanted.signal)
    },
  }
}
