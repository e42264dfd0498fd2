import { parseArgs } from 'node:util'
import type { OutageReport } from './log-away-judge.ts'
import { outageName, type Outage } from './log-away-outage.ts'
import { openField } from './log-away-run.ts'
import { outageTable } from './log-away-table.ts'

/**
 * `npm run log-away -- --freeze 5,60,600,flap [--speed 1]`: the product with its event store stopped for so many seconds, or again and
 * again, before chargers with small queues and few attempts; in real time unless told. Prints what each model of charger paid and lost,
 * and why. Exit 1 when something was lost, doubled or late that need not be.
 */
const wrong = (problem: string): never => {
  console.error(problem)
  process.exit(2)
}
const readOutage = (text: string): Outage => {
  if (text === 'flap') return text
  const seconds = Number(text)
  return Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400
    ? seconds
    : wrong(`--freeze takes whole seconds and the word flap, separated by commas, not "${text}"`)
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { freeze: { type: 'string', default: '5,60,600,flap' }, speed: { type: 'string', default: '1' } },
  })
  const outages = values.freeze.split(',').map((text) => readOutage(text.trim()))
  const speed = Number(values.speed)
  if (!(speed >= 1 && speed <= 20)) wrong(`--speed is a number from 1 to 20, not "${values.speed}"`)
  const begun = performance.now()
  const note = (line: string) =>
    console.log(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(7)} s  ${line}`)
  const field = await openField(speed, note)
  const reports: (readonly [string, OutageReport])[] = []
  const differences: string[] = []
  try {
    for (const outage of outages) {
      const report = await field.outage(outage)
      reports.push([outageName(outage), report])
      differences.push(...report.differences.map((line) => `${outageName(outage)}: ${line}`))
    }
    note('the sessions end, the log is read')
    differences.push(...(await field.finish()))
  } finally {
    await field.stop()
    if (reports.length > 0) console.log(`\n${outageTable(reports)}\n`)
  }
  if (differences.length === 0) return console.log('What could be kept was kept, and stands in the log once.')
  console.error(`${differences.length} differences, the first of them:\n${differences.slice(0, 30).join('\n')}`)
  process.exitCode = 1
}

void main()
