import { parseArgs } from 'node:util'
import { describeFinding } from '../ledger-judge.ts'
import { lastLine, runChaos, type ChaosReport } from './run.ts'

const usage = `npm run chaos [-- --chargers N --minutes M --seed S --field]
  --chargers N   from 1 to 1000; 20 unless told
  --minutes M    how long faults are made; 5 unless told. In 60 and more the times of the field are real,
                 in fewer they are shorter by as much, down to a twentieth
  --seed S       the same faults in the same order; told at the start where none is given
  --field        tell the misfortunes of single chargers too`

const wrong = (problem: string): never => {
  console.error(`${problem}\n\n${usage}`)
  process.exit(2)
}

const read = (): Record<string, string | boolean | undefined> => {
  try {
    const text = { type: 'string' } as const
    const flag = { type: 'boolean' } as const
    return parseArgs({ options: { chargers: text, minutes: text, seed: text, field: flag, help: flag } }).values
  } catch (error) {
    return wrong((error as Error).message)
  }
}

const show = (report: ChaosReport): void => {
  const { faults, misfortunes, sessions, commands, growths, findings } = report
  console.log(`\nfaults ${faults}, misfortunes of chargers ${misfortunes}, sessions ${sessions}`)
  console.log(`commands: ${[...commands].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`)
  for (const { name, seconds, kib, kibPerMinute } of growths)
    console.log(
      `${name.padEnd(20)} ${String(Math.round(kib / 1024)).padStart(5)} MiB after ${Math.round(seconds)} s, ${Math.round(kibPerMinute)} KiB a minute`,
    )
  if (findings.length > 0) console.log(`\n${findings.length} findings:`)
  for (const finding of findings.slice(0, 50)) console.log(describeFinding(finding))
  if (findings.length > 50) console.log(`and ${findings.length - 50} more`)
}

const main = async (): Promise<void> => {
  const values = read()
  if (values['help'] === true) return console.log(usage)
  const chargers = Number(values['chargers'] ?? 20)
  if (!Number.isInteger(chargers) || chargers < 1 || chargers > 1_000)
    wrong(`--chargers is a whole number from 1 to 1000, not "${String(values['chargers'])}"`)
  const minutes = Number(values['minutes'] ?? 5)
  if (!(minutes >= 0.1 && minutes <= 10_000))
    wrong(`--minutes is a number from 0.1, not "${String(values['minutes'])}"`)
  const seed = String(values['seed'] ?? Date.now())
  const begun = performance.now()
  const note = (line: string) =>
    console.log(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(7)} s  ${line}`)
  note(`${chargers} chargers, ${minutes} minutes, seed ${seed}`)
  const report = await runChaos({ chargers, minutes, seed, note, ...(values['field'] === true && { noteField: note }) })
  show(report)
  console.log(lastLine(report))
  if (report.findings.length > 0) process.exitCode = 1
}

void main()
