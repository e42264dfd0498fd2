import { createLog } from './log.ts'
import type { Log } from './log.ts'
import { StartError, startErrorLine } from './start-error.ts'

/** What a started service hands back: how to end it (finish work in flight, close what it opened, in reverse order). */
export type RunningService = {
  stop(): Promise<void>
  /** As in RunOptions; known only once the settings were read. */
  readonly deadlineMs?: number
  readonly log?: Log
}

export type RunOptions = {
  /** How long `stop` may take before the process ends anyway with exit code 1; 25 s unless told (Kubernetes kills after 30). */
  readonly deadlineMs?: number
  /** For the lines about starting and ending; a JSON log to standard output unless told. */
  readonly log?: Log
  /** Also shut down when standard input ends: a child whose supervisor was killed must not live on. */
  readonly exitWithParent?: boolean
}

/**
 * The whole life of a process. `main` starts the service; its signal is aborted by SIGTERM, SIGINT or the end of the parent, also while it still starts.
 * Exit code 0 after a clean stop, 1 after anything else: a StartError prints one line with its remedy, other errors are logged with their stack.
 * `VOLTRAIL_EXIT_WITH_PARENT=1` in the environment turns `exitWithParent` on.
 */
export function runService(
  name: string,
  main: (signal: AbortSignal) => Promise<RunningService>,
  options: RunOptions = {},
): void {
  let log = options.log ?? createLog({ service: name })
  const stopping = new AbortController()
  let deadlineMs = options.deadlineMs ?? 25_000

  function requestStop(reason: string): void {
    if (stopping.signal.aborted) return
    log.info({ reason }, 'shutting down')
    stopping.abort(new Error(`${name} is shutting down: ${reason}`))
    const deadline = setTimeout(() => {
      log.error({ deadlineMs }, 'the shutdown took too long, ending now')
      process.exit(1)
    }, deadlineMs)
    deadline.unref()
  }

  function die(error: unknown, what: string): void {
    log.fatal({ err: error }, what)
    process.exit(1)
  }

  process.on('SIGTERM', () => requestStop('SIGTERM'))
  process.on('SIGINT', () => requestStop('SIGINT'))
  process.on('uncaughtException', (error) => die(error, 'uncaught exception'))
  process.on('unhandledRejection', (error) => die(error, 'unhandled rejection'))
  if (options.exitWithParent ?? process.env['VOLTRAIL_EXIT_WITH_PARENT'] === '1') {
    process.stdin.on('end', () => requestStop('the parent process is gone'))
    process.stdin.on('error', () => requestStop('the parent process is gone'))
    process.stdin.resume()
  }

  async function live(): Promise<void> {
    const service = await main(stopping.signal)
    log = service.log ?? log
    deadlineMs = service.deadlineMs ?? deadlineMs
    // the service may have nothing that keeps Node's event loop alive, yet it runs until told otherwise
    const keepAlive = setInterval(() => undefined, 2 ** 30)
    if (!stopping.signal.aborted) {
      await new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve(), { once: true }))
    }
    await service.stop()
    clearInterval(keepAlive)
  }

  live().then(
    () => {
      log.info('stopped')
      process.exit(0)
    },
    (error: unknown) => {
      if (error instanceof StartError) {
        process.stderr.write(`${startErrorLine(name, error)}\n`)
        process.exit(1)
      }
      // a start that was interrupted fails because it was told to
      if (stopping.signal.aborted && isAbort(error, stopping.signal)) {
        log.info('stopped while starting')
        process.exit(0)
      }
      die(error, stopping.signal.aborted ? 'the shutdown failed' : 'the start failed')
    },
  )
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError')
}
