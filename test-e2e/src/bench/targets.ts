import type { Contender } from './contenders.ts'
import { ackPath, median, type Measured } from './report.ts'
import { sum } from './process-use.ts'
import type { Figures } from './scenario.ts'

/** What is promised of one figure; ratios are of one run. */
export interface Target {
  readonly measure: string
  readonly bound: { readonly most: number } | { readonly least: number }
  readonly unit: string
  /** `undefined` where what it needs was not measured */
  readonly of: (figures: Lookup) => number | undefined
}

/** The median of a figure over the rounds of a scenario. */
type Lookup = (
  scenario: string,
  contender: Contender['name'],
  figure: (figures: Figures) => number | undefined,
) => number | undefined

const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b

const perSecond = ({ messages, seconds }: Figures): number => messages / seconds
const cpu = (figures: Figures): number => sum(figures.cpu.values()) / figures.messages
const ackCpu = (figures: Figures): number =>
  sum([...figures.cpu].flatMap(([name, seconds]) => (ackPath.has(name) ? [seconds] : []))) / figures.messages

export const targets: readonly Target[] = [
  {
    measure: 'session loop, 100 chargers, CPU per message: ack path',
    bound: { most: 1.5 },
    unit: 'x of (b)',
    of: (at) => ratio(at('sessions-100', 'voltrail', ackCpu), at('sessions-100', 'insert', cpu)),
  },
  {
    measure: 'session loop, 100 chargers, CPU per message: everything',
    bound: { most: 3 },
    unit: 'x of (b)',
    of: (at) => ratio(at('sessions-100', 'voltrail', cpu), at('sessions-100', 'insert', cpu)),
  },
  {
    measure: 'session loop, 100 chargers, messages a second',
    bound: { least: 0.5 },
    unit: 'x of (b)',
    of: (at) => ratio(at('sessions-100', 'voltrail', perSecond), at('sessions-100', 'insert', perSecond)),
  },
  {
    measure: '1,000 chargers start together: p99 of StartTransaction',
    bound: { most: 400 },
    unit: 'ms',
    of: (at) => at('start-1000', 'voltrail', ({ latencies }) => latencies['StartTransaction']?.p99),
  },
  {
    measure: 'boot storm of 1,000: chargers a second',
    bound: { least: 0.7 },
    unit: 'x of (b)',
    of: (at) => ratio(at('boots-1000', 'voltrail', perSecond), at('boots-1000', 'insert', perSecond)),
  },
  {
    measure: 'idle memory at 10,000 chargers, all processes',
    bound: { most: 12 },
    unit: 'KiB per charger',
    of: (at) => at('idle-10000', 'voltrail', ({ kibPerCharger }) => kibPerCharger),
  },
  {
    measure: 'CPU per message at 10,000 chargers against 100',
    bound: { most: 1.2 },
    unit: 'x of the same ratio of (a)',
    of: (at) => {
      const growth = (name: Contender['name']) => ratio(at('steady-10000', name, cpu), at('steady-100', name, cpu))
      return ratio(growth('voltrail'), growth('bare'))
    },
  },
  {
    measure: 'rebuild of the reporting read model',
    bound: { least: 30_000 },
    unit: 'events/s',
    of: (at) => at('rebuild', 'voltrail', ({ more }) => more?.['events/s']),
  },
  {
    measure: 'projection lag under the session loop, p99',
    bound: { most: 250 },
    unit: 'ms',
    of: (at) => at('lag-100', 'voltrail', ({ more }) => more?.['lag p99 ms']),
  },
]

export interface Verdict {
  readonly target: Target
  /** absent: not measured in this run */
  readonly value?: number
  readonly met?: boolean
}

/** Each target held against what was measured. */
export const verdictsOf = (measured: readonly Measured[]): Verdict[] => {
  const at: Lookup = (scenario, contender, figure) => {
    const rounds = measured
      .filter((one) => one.scenario === scenario && one.contender === contender)
      .flatMap(({ figures }) => figure(figures) ?? [])
    return rounds.length === 0 ? undefined : median(rounds)
  }
  return targets.map((target): Verdict => {
    const value = target.of(at)
    if (value === undefined || Number.isNaN(value)) return { target }
    const { bound } = target
    return { target, value, met: 'most' in bound ? value <= bound.most : value >= bound.least }
  })
}

const shown = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(2))

export const targetTable = (verdicts: readonly Verdict[]): string =>
  [
    '| target | bound | measured | |',
    '|---|--:|--:|---|',
    ...verdicts.map(({ target: { measure, bound, unit }, value, met }) => {
      const wanted = 'most' in bound ? `at most ${bound.most}` : `at least ${bound.least}`
      const said = value === undefined ? 'not measured' : met ? 'met' : 'missed'
      return `| ${measure} | ${wanted} ${unit} | ${value === undefined ? '' : shown(value)} | ${said} |`
    }),
  ].join('\n')

/** How many were met, for the last line. */
export const targetCount = (verdicts: readonly Verdict[]): string => {
  const count = (met: boolean | undefined) => verdicts.filter((one) => one.met === met).length
  return `targets: ${count(true)} met, ${count(false)} missed, ${count(undefined)} not measured`
}
