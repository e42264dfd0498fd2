import { chooseBackends } from '@voltrail/embedded/backends'
import type { OutageReport } from './log-away-judge.ts'
import { outageName, type Outage } from './log-away-outage.ts'
import { openField, type Field } from './log-away-run.ts'
import { outageTable } from './log-away-table.ts'

/** A second of the field lasts 50 ms: answers are held for 1 s, chargers wait 1.5 s, an outage of 600 s takes 30 s. */
const speed = 20

// a server that is not ours cannot be stopped
const ours = chooseBackends(process.env).eventStore.kind === 'embedded'

;(ours ? describe : describe.skip)('while the log is frozen', () => {
  let field: Field
  const reports: (readonly [string, OutageReport])[] = []

  beforeAll(async () => {
    field = await openField(speed)
  }, 180_000)
  afterAll(async () => {
    await field?.stop()
    process.stdout.write(`${outageTable(reports)}\n`)
  }, 60_000)

  it.each<{ outage: Outage; named: string }>([
    { outage: 5, named: 'for 5 s' },
    { outage: 60, named: 'for 60 s' },
    { outage: 600, named: 'for 600 s' },
    { outage: 'flap', named: 'again and again' },
  ])(
    '$named, chargers are not answered, pay one attempt at most twice, and keep what they can',
    async ({ outage }) => {
      const report = await field.outage(outage)
      reports.push([outageName(outage), report])
      expect(report.differences).toEqual([])
    },
    240_000,
  )

  it('and after it, what was acknowledged is in the log once, and billed', async () => {
    expect(await field.finish()).toEqual([])
  }, 240_000)
})
