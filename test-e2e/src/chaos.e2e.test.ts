import { chooseBackends } from '@voltrail/embedded/backends'
import { describeFinding } from './ledger-judge.ts'
import { lastLine, runChaos, type ChaosReport } from './chaos/run.ts'

/** A seed of which each kind of fault comes early; the long runs are by hand: `npm run chaos`. */
const short = { chargers: 5, minutes: 0.5, seed: 'a' }

// a server that is not ours cannot be killed
const { eventStore, nats, postgres } = chooseBackends(process.env)
const ours = [eventStore, nats, postgres].every(({ kind }) => kind === 'embedded')

;(ours ? describe : describe.skip)('chargers that come and go while every part of the product is killed', () => {
  let report: ChaosReport

  beforeAll(async () => {
    report = await runChaos(short)
    process.stdout.write(`${lastLine(report)}\n`)
  }, 300_000)

  it('have each thing that was acknowledged in the log once, each session with one end, its energy and one bill', () => {
    expect(report.findings.map(describeFinding)).toEqual([])
  })

  it('were killed and moved about enough to say so', () => {
    const { acks, kills, faults, misfortunes, sessions } = report
    expect(kills).toBeGreaterThanOrEqual(5)
    expect(faults).toBeGreaterThan(kills / 2)
    for (const [count, least] of [
      [acks, 300],
      [misfortunes, 15],
      [sessions, 20],
    ] as const)
      expect(count).toBeGreaterThan(least)
  })
})
