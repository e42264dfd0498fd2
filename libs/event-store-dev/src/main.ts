import { parseCommandLine, USAGE, UsageError } from './command-line.ts'
import { startEventStoreDev } from './server.ts'

async function main(): Promise<void> {
  const options = parseCommandLine(process.argv.slice(2))
  if (options === 'help') return void process.stdout.write(USAGE)
  process.stderr.write(
    'event-store-dev: this is not EventStoreDB. It is a single-node development server; keep no data in it that you cannot lose.\n',
  )
  const server = await startEventStoreDev(options)
  process.stdout.write(
    `event-store-dev ready on esdb://${new URL(server.connectionString).host}${new URL(server.connectionString).search}\n`,
  )

  let asked = false
  const stop = (): void => {
    if (asked) return
    asked = true
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`event-store-dev: ${message}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`)
  process.exit(error instanceof UsageError ? 2 : 1)
}

main().catch(fail)
