import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startBare, startInsert, startVoltrail, type Contender } from './contenders.ts'
import { startLoad } from './load-process.ts'
import { startProfile } from './profile.ts'
import { ratioLine, tableOf, type Measured } from './report.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'
import { targetCount, targetTable, verdictsOf } from './targets.ts'

const help = `Compares three servers in one run, side by side: bare ws, bare ws with one INSERT per message, and Voltrail (everything durable).

  npm run bench                          all scenarios, three rounds
  npm run bench -- --quick               the short ones, one round; leaves out what would not end within three minutes
  npm run bench -- --only sessions-100   one scenario (${scenarios.map(({ name }) => name).join(', ')})
  npm run bench -- --profile central     where the time of a process goes, under sessions-100 (several: central,edge)
  --rounds N  --seconds N  --json FILE`

/** Of the life of this process: `--quick` begins no round that would take it past this; what is left is for the stop. */
const quickUntilMs = 160_000

const run = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(`${help}\n`)
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  const seconds = Number(values.seconds ?? (values.quick ? 8 : 20))
  if (!(rounds > 0) || !(seconds > 0)) throw new Error('--rounds and --seconds are numbers above 0')
  const wanted = scenarios.filter(({ name, long }) => (values.only ? name === values.only : !(values.quick && long)))
  if (wanted.length === 0) throw new Error(`there is no scenario "${values.only}"\n\n${help}`)
  const say = (line: string) => process.stderr.write(`${line}\n`)

  const contenders: Contender[] = []
  const stop = async () => {
    for (const contender of contenders.splice(0)) await contender.stop()
  }
  try {
    if (values.profile !== undefined) {
      const voltrail = await startVoltrail()
      contenders.push(voltrail)
      return await profile(voltrail, values.profile.split(','), seconds)
    }
    say('starting the three')
    for (const start of [startBare, startInsert, startVoltrail]) contenders.push(await start())
    const measured: Measured[] = []
    // what is not compiled yet is nobody's figure; a dozen processes, of which each sees a part, take longer than one
    for (const contender of contenders) {
      const warmSeconds = contender.name !== 'voltrail' ? 5 : values.quick ? 20 : 45
      await once(contender, scenarios[0] as Scenario, 'warm-', warmSeconds)
    }
    // what failed has no figures; those of the others are shown still
    const failures: string[] = []
    let longest = 0
    for (const scenario of wanted)
      for (let round = 0; round < rounds; round++) {
        const began = performance.now()
        // a round is begun for all three or for none
        if (values.quick && measured.length > 0 && began + longest > quickUntilMs) {
          say(`${scenario.name} round ${round + 1}: left out, --quick has no time left for it`)
          continue
        }
        for (const contender of contenders) {
          if (scenario.only?.includes(contender.name) === false) continue
          const failed = (error: unknown) =>
            void failures.push(`${scenario.name} round ${round + 1} ${contender.name} FAILED: ${String(error)}`)
          const figures = await once(contender, scenario, `${scenario.name}-${round}-`, seconds).catch(failed)
          if (figures === undefined) {
            say(failures.at(-1) ?? '')
            continue
          }
          measured.push({ scenario: scenario.name, contender: contender.name, round, figures })
          say(
            `${scenario.name} round ${round + 1} ${contender.name}: ${figures.messages} messages in ${figures.seconds.toFixed(1)} s`,
          )
        }
        longest = Math.max(longest, performance.now() - began)
      }
    if (values.json !== undefined)
      writeFileSync(
        values.json,
        JSON.stringify(measured, (_, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value), 2),
      )
    const verdicts = verdictsOf(measured)
    const lastLine = `${ratioLine(measured)}; ${targetCount(verdicts)}`
    process.stdout.write(
      [tableOf(measured, scenarios), '', targetTable(verdicts), ...failures, lastLine, ''].join('\n'),
    )
    if (failures.length > 0) process.exitCode = 1
  } finally {
    await stop()
  }
}

const once = async (contender: Contender, scenario: Scenario, prefix: string, seconds: number) => {
  const load = startLoad()
  try {
    return await scenario.run({ contender, load, prefix, seconds })
  } finally {
    load.stop()
  }
}

/** One process after the other: an inspector has one port. */
const profile = async (voltrail: Contender, names: readonly string[], seconds: number): Promise<void> => {
  const processes = voltrail.processes()
  const unknown = names.find((name) => !processes.has(name))
  if (unknown !== undefined)
    throw new Error(`there is no process "${unknown}"; there are ${[...processes.keys()].join(', ')}`)
  const [scenario] = scenarios
  if (scenario === undefined) return
  await once(voltrail, scenario, 'warm-', 30)
  for (const name of names) await profileOne(voltrail, scenario, name, seconds)
}

const profileOne = async (voltrail: Contender, scenario: Scenario, name: string, seconds: number): Promise<void> => {
  const pid = voltrail.processes().get(name) as number
  const end = await startProfile(pid)
  await once(voltrail, scenario, `profile-${name}-`, seconds)
  const { raw, rows } = await end()
  writeFileSync(`${name}.cpuprofile`, JSON.stringify(raw))
  const percent = (share: number) => `${(share * 100).toFixed(1).padStart(6)} %`
  process.stdout.write(`${name}.cpuprofile is for the developer tools of a browser\n   total      own\n`)
  for (const { what, own, total } of rows.slice(0, 120))
    process.stdout.write(`${percent(total)} ${percent(own)}  ${what}\n`)
}

run().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
