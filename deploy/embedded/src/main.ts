import { StartError, startErrorLine } from '@voltrail/runtime/start-error'
import { parseArguments, usage } from './arguments.ts'
import { startProduct } from './product.ts'
import { readyText } from './progress.ts'

/** npm passes a Ctrl-C on that we have got from the terminal already: what comes this soon after is the same one. */
const sameSignalMs = 1_000

async function main(): Promise<void> {
  const given = parseArguments(process.argv.slice(2))
  if (given === 'help') return void process.stdout.write(usage)
  const begun = performance.now()
  const say = (line: string): void => void process.stdout.write(`  ${line}\n`)
  const stopping = new AbortController()
  let askedAt: number | undefined
  const ask = (): void => {
    if (askedAt === undefined) {
      askedAt = performance.now()
      process.stdout.write('\nStopping. Ctrl-C again ends everything at once.\n')
      stopping.abort(new Error('stopped while starting'))
    } else if (performance.now() - askedAt > sameSignalMs) {
      // our end is noticed by every process of ours
      process.exit(1)
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
  endWithNpm(ask)
  // a closed terminal or pipe is no reason to end
  process.stdout.on('error', () => undefined)

  process.stdout.write('Voltrail is starting.\n')
  try {
    const product = await startProduct({ ...given, note: say, signal: stopping.signal })
    process.stdout.write(
      `${readyText(product, { host: given.host, seconds: (performance.now() - begun) / 1_000, cwd: process.cwd() })}\n`,
    )
    await new Promise<void>((resolve) => {
      if (stopping.signal.aborted) resolve()
      else stopping.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await product.stop()
  } catch (error) {
    if (!stopping.signal.aborted) throw error
  }
  process.stdout.write('Stopped.\n')
}

/** npm hands signals on (the script says `exec`, so no shell is between us), but a killed one cannot: its death is a request to stop. */
function endWithNpm(ask: () => void): void {
  if (process.env['npm_lifecycle_event'] !== 'start') return
  const npm = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(watch)
    ask()
  }, 1_000)
  watch.unref()
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const line = error instanceof StartError ? startErrorLine('voltrail', error) : undefined
    process.stderr.write(`${line ?? (error instanceof Error ? error.stack : String(error))}\n`)
    process.exit(1)
  },
)
