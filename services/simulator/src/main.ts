import { startHealthServer } from '@voltrail/runtime/health'
import { createLog } from '@voltrail/runtime/log'
import { createMetrics } from '@voltrail/runtime/metrics'
import { runService } from '@voltrail/runtime/shutdown'
import { sleep } from '@voltrail/runtime/ticker'
import { helpText, readArguments } from './arguments.ts'
import { fleetOptions, readSimulatorConfig } from './config.ts'
import { startFleet } from './fleet.ts'
import { isClean } from './ledger.ts'
import { progressLine, summaryLines } from './progress.ts'

const progressMs = 5_000

/** Runs the fleet until its sessions are done, its time is over or somebody stops it; gives the exit code. */
async function simulate(argv: readonly string[], stop: AbortSignal): Promise<number> {
  const read = readArguments(argv, process.env)
  if (read.help) {
    console.log(helpText())
    return 0
  }
  const config = readSimulatorConfig(read.env)
  const fleet = startFleet(fleetOptions(config))
  const { HEALTH_HOST: host, HEALTH_PORT: port } = config
  const health =
    port > 0 ? await startHealthServer({ host, port, registry: createMetrics('simulator'), checks: {} }) : undefined
  health?.setReady()

  const over = new AbortController()
  const end = () => over.abort()
  stop.addEventListener('abort', end, { once: true })
  if (stop.aborted) end()
  // a fleet without drivers of its own waits for remote starts
  if (config.SESSIONS_PER_CHARGER !== 0) void fleet.done.then(end)
  const limit = config.DURATION === undefined ? undefined : setTimeout(end, config.DURATION)
  const say = () => console.log(progressLine(fleet.progress(), fleet.ledger.summary()))
  while (await sleep(progressMs, over.signal)) say()

  clearTimeout(limit)
  const { registered, chargers, problem } = fleet.progress()
  // the rest of the time is for closing connections
  await fleet.stop({ drainMs: Math.max(1_000, config.SHUTDOWN_DEADLINE - 3_000) })
  await health?.stop()
  for (const line of summaryLines(fleet.ledger)) console.log(line)
  if (registered < chargers)
    console.log(`never registered ${chargers - registered} chargers, last: ${problem ?? 'no time'}`)
  return registered === chargers && isClean(fleet.ledger.summary()) ? 0 : 1
}

runService(
  'simulator',
  async (signal) => process.exit(await simulate(process.argv.slice(2), signal)),
  // its own lines are for people
  { log: createLog({ service: 'simulator', level: 'warn', pretty: true }) },
)
