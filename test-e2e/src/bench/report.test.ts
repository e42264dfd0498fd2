import { median, ratioLine, tableOf, type Measured } from './report.ts'
import { scenarios } from './scenarios.ts'
import { targetCount, targetTable, verdictsOf } from './targets.ts'

/** 1,000 messages, answered in so many seconds at so much CPU. */
const round = (
  contender: Measured['contender'],
  number: number,
  seconds: number,
  cpu: Readonly<Record<string, number>>,
): Measured => {
  const percentiles = { count: 1_000, p50: 1, p99: 2, p999: 3, max: 4 }
  const latencies = { Heartbeat: percentiles, all: percentiles }
  const figures = { messages: 1_000, seconds, latencies, cpu: new Map(Object.entries(cpu)) }
  return { scenario: 'sessions-100', contender, round: number, figures }
}
const ours = { edge: 0.1, nats: 0.1, central: 0.2, 'event-store': 0.1, billing: 0.5 }
const measured = [
  round('bare', 0, 0.5, { server: 0.1 }),
  round('insert', 0, 1, { server: 0.2, postgres: 0.3 }),
  round('voltrail', 0, 2, ours),
]

describe('the report of the benchmark', () => {
  it('takes the middle one of the rounds', () => {
    expect(median([9, 1, 2])).toBe(2)
    expect(median([4, 1])).toBe(2.5)
    expect(median([])).toBeNaN()
  })

  it('names the ratios to one INSERT per message on its last line', () =>
    expect(ratioLine(measured)).toBe(
      'sessions-100 against one INSERT per message: 0.50x msg/s, ack path 1.00x CPU, all 2.00x CPU',
    ))

  it('is not moved by one slow round', () =>
    expect(ratioLine([...measured, round('voltrail', 1, 2, ours), round('voltrail', 2, 50, { edge: 9 })])).toBe(
      'sessions-100 against one INSERT per message: 0.50x msg/s, ack path 1.00x CPU, all 2.00x CPU',
    ))

  it('says when there was nothing to compare', () => {
    expect(ratioLine([])).toBe('nothing was measured')
    expect(ratioLine(measured.slice(0, 1))).toBe('nothing was compared')
  })

  it('holds each target against the run, and says what was not measured', () => {
    const lag = (p99: number): Measured => {
      const [{ figures }] = measured as [Measured]
      return {
        scenario: 'lag-100',
        contender: 'voltrail',
        round: 0,
        figures: { ...figures, more: { 'lag p99 ms': p99 } },
      }
    }
    const verdicts = verdictsOf([...measured, lag(251)])
    expect(targetCount(verdicts)).toBe('targets: 3 met, 1 missed, 5 not measured')
    expect(targetCount(verdictsOf([...measured, lag(250)]))).toBe('targets: 4 met, 0 missed, 5 not measured')
    expect(targetTable(verdicts).split('\n')).toEqual(
      expect.arrayContaining([
        '| session loop, 100 chargers, CPU per message: ack path | at most 1.5 x of (b) | 1.00 | met |',
        '| projection lag under the session loop, p99 | at most 250 ms | 251 | missed |',
        '| rebuild of the reporting read model | at least 30000 events/s |  | not measured |',
      ]),
    )
  })

  it('shows each server with its ratios, and each action of ours with its percentiles', () => {
    const lines = tableOf(measured, scenarios).split('\n')
    expect(lines).toContain('| voltrail | 500 | 0.25x | 0.50x | 1.0 | 2.0 | 3.0 | 1.000 | 2.00x |  |')
    expect(lines).toContain('| Heartbeat | 1000 | 1.0 | 2.0 | 3.0 |')
  })
})
