import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { benchTag, startVoltrail, type Voltrail } from '../bench/contenders.ts'
import { startLoad } from '../bench/load-process.ts'
import { cpuBetween, usesOf } from '../bench/process-use.ts'
import { readLogFigures, type LogFigures } from './log-figures.ts'
import { scaleLine, scaleTable, type Pods, type ScaleFigures } from './scale-report.ts'

const help = `Shows what more pods bring on one machine: the same loads with one edge and one central, and with more.

  npm run scale                              1x1, 1x2, 2x1 and 2x2 (edges x centrals)
  npm run scale -- --edges 2 --centrals 3    1x1 against 2x3
  --quick (shorter loads)  --seconds N  --json FILE`

/** Chargers that do session after session: few leave room, many do not. */
const loads = { light: 4, full: 100 } as const

const run = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      edges: { type: 'string' },
      centrals: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(`${help}\n`)
  const count = (name: string, text: string | undefined, absent: number): number => {
    const number = Number(text ?? absent)
    if (Number.isInteger(number) && number > 0) return number
    throw new Error(`--${name} is a whole number above 0, not "${text}"\n\n${help}`)
  }
  const edges = count('edges', values.edges, 2)
  const centrals = count('centrals', values.centrals, 2)
  const seconds = count('seconds', values.seconds, values.quick ? 5 : 15)
  const asked = values.edges !== undefined || values.centrals !== undefined
  const grid: readonly Pods[] = [
    { edges: 1, centrals: 1 },
    ...(asked || values.quick
      ? []
      : [
          { edges: 1, centrals: 2 },
          { edges: 2, centrals: 1 },
        ]),
    { edges, centrals },
  ]
  const figures: ScaleFigures[] = []
  let log: LogFigures | undefined
  let messages = 0
  for (const pods of grid) {
    process.stderr.write(`${pods.edges} edges, ${pods.centrals} centrals\n`)
    const voltrail = await startVoltrail(pods)
    try {
      const mine = await measure(voltrail, pods, seconds)
      figures.push(...mine.figures)
      messages = mine.messages
      log = await readLogFigures(voltrail.product.eventStoreUrl)
    } finally {
      await voltrail.stop()
    }
  }
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      JSON.stringify(
        { figures, log },
        (_, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value),
        2,
      ),
    )
  process.stdout.write(
    [
      scaleTable(figures),
      '',
      ...(log === undefined ? [] : logLines(log, messages)),
      scaleLine(figures, cpus().length),
      '',
    ].join('\n'),
  )
}

/** Both loads, after one that nobody counts: what is not compiled yet is nobody's figure. */
const measure = async (voltrail: Voltrail, pods: Pods, seconds: number) => {
  const figures: ScaleFigures[] = []
  let messages = 0
  for (const [name, load] of [
    ['warm', 'full'],
    ['light', 'light'],
    ['full', 'full'],
  ] as const) {
    const process_ = startLoad()
    try {
      const prefix = `${name}-`
      await process_.order({ do: 'connect', url: voltrail.product.ocppUrls, chargers: loads[load], prefix, atOnce: 20 })
      await voltrail.settled()
      const before = usesOf(voltrail.processes())
      const report = await process_.order({ do: 'sessions', seconds: name === 'warm' ? 5 : seconds, idTag: benchTag })
      const atEnd = usesOf(voltrail.processes())
      await voltrail.settled()
      messages += report.messages
      if (name === 'warm') continue
      const { p50 = Number.NaN, p99 = Number.NaN } = report.latencies['all'] ?? {}
      figures.push({
        ...pods,
        load,
        messages: report.messages,
        seconds: report.seconds,
        p50,
        p99,
        busy: cpuBetween(before, atEnd),
        cpu: cpuBetween(before, usesOf(voltrail.processes())),
      })
      process.stderr.write(`  ${load}: ${report.messages} messages in ${report.seconds.toFixed(1)} s\n`)
    } finally {
      process_.stop()
    }
  }
  return { figures, messages }
}

/** What a session costs the log: the figures that a plan for a fleet is made of. */
const logLines = ({ events, bytes, types }: LogFigures, messages: number): string[] => {
  const sessions = types.get('SessionStopped')?.events ?? 0
  const of = [...types]
    .toSorted(([, a], [, b]) => b.bytes - a.bytes)
    .slice(0, 12)
    .map(([type, one]) => `${type} ${one.events} of ${Math.round(one.bytes / one.events)} bytes`)
  return [
    `the log of the last run: ${events} events, ${Math.round(bytes / events)} bytes each (JSON of data and metadata), from ${messages} messages and ${sessions} sessions: ${(events / sessions).toFixed(1)} events and ${Math.round(bytes / sessions)} bytes per session`,
    of.join(', '),
  ]
}

run().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
