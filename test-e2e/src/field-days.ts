import { parseArgs } from 'node:util'
import { fieldBrands } from './field-days-brands.ts'
import { liveFieldDays, type BrandTotals } from './field-days-run.ts'

/**
 * `npm run field-days -- --chargers 200 --days 10 --seed 1`: chargers of every brand live through days in the field, with outages,
 * and sessions, energy, money and what waits for review are held against what really happened. Exit 1 on any difference.
 */
const positive = (name: string, text: string): number => {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  console.error(`--${name} is a whole number above 0, not "${text}"`)
  process.exit(2)
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      chargers: { type: 'string', default: '200' },
      days: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
    },
  })
  const chargers = positive('chargers', values.chargers)
  const days = positive('days', values.days)
  const begun = performance.now()
  const elapsed = () => `${Math.round((performance.now() - begun) / 1000)} s`
  console.log(`${chargers} chargers, ${days} days, seed ${values.seed}`)
  const report = await liveFieldDays({ chargers, days, seed: values.seed }, (done, all) => {
    if (done % Math.max(1, Math.round(all / 20)) === 0) console.log(`${done} of ${all} chargers, ${elapsed()}`)
  })
  const row = ({ energyWh, costMinor, ...counts }: BrandTotals) => ({
    ...counts,
    kWh: energyWh / 1000,
    EUR: costMinor / 100,
  })
  console.table(
    Object.fromEntries(
      fieldBrands
        .filter(({ name }) => report.brands.has(name))
        .map(({ name, quirks }) => [name, { quirks: quirks.join(' ') }]),
    ),
  )
  console.table(Object.fromEntries([...report.brands].map(([name, totals]) => [name, row(totals)])))
  console.log(`${report.events} events, ${elapsed()}`)
  const { differences } = report
  if (differences.length === 0) return console.log('The log says what really happened, to the last unit.')
  console.error(`${differences.length} differences, the first of them:\n${differences.slice(0, 20).join('\n')}`)
  process.exitCode = 1
}

void main()
