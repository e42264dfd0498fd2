import type { Contender } from './contenders.ts'
import type { Figures, Scenario } from './scenario.ts'
import { sum } from './process-use.ts'

export interface Measured {
  readonly scenario: string
  readonly contender: Contender['name']
  readonly round: number
  readonly figures: Figures
}

/** Between a charger's frame and its answer. */
export const ackPath: ReadonlySet<string> = new Set(['edge', 'nats', 'central', 'event-store'])

/** Of an even number of figures, the middle of the two in the middle. */
export const median = (figures: readonly number[]): number => {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}

interface Row {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** ms of CPU per message */
  readonly cpu: number
  readonly ackCpu: number
  readonly kib: number
  readonly byProcess: ReadonlyMap<string, number>
}

const rowOf = (measured: readonly Measured[], scenario: string, contender: Contender['name']): Row | undefined => {
  const rounds = measured.filter((one) => one.scenario === scenario && one.contender === contender)
  if (rounds.length === 0) return undefined
  const of = (figure: (figures: Figures) => number) => median(rounds.map(({ figures }) => figure(figures)))
  const perMessage = (figures: Figures, names: (name: string) => boolean) =>
    (sum([...figures.cpu].flatMap(([name, cpu]) => (names(name) ? [cpu] : []))) / figures.messages) * 1_000
  const names = new Set(rounds.flatMap(({ figures }) => [...figures.cpu.keys()]))
  return {
    perSecond: of(({ messages, seconds }) => messages / seconds),
    p50: of(({ latencies }) => latencies['all']?.p50 ?? Number.NaN),
    p99: of(({ latencies }) => latencies['all']?.p99 ?? Number.NaN),
    p999: of(({ latencies }) => latencies['all']?.p999 ?? Number.NaN),
    cpu: of((figures) => perMessage(figures, () => true)),
    ackCpu: of((figures) => perMessage(figures, (name) => contender !== 'voltrail' || ackPath.has(name))),
    kib: of(({ kibPerCharger }) => kibPerCharger ?? Number.NaN),
    byProcess: new Map(
      [...names].map((name) => [name, of((figures) => perMessage(figures, (other) => other === name))]),
    ),
  }
}

const figure = (value: number, digits: number): string => (Number.isNaN(value) ? '' : value.toFixed(digits))
/** Small ones with the digits that say something. */
const rounded = (value: number): string => (Math.abs(value) < 10 ? figure(value, 3) : figure(value, 0))
const times = (a: number, b: number): string => (Number.isFinite(a / b) ? `${(a / b).toFixed(2)}x` : '')

/** One block per scenario: the three, each with its ratio to the bare server (a) and to the one that inserts (b). */
export const tableOf = (measured: readonly Measured[], scenarios: readonly Scenario[]): string => {
  const lines: string[] = []
  for (const { name, what } of scenarios) {
    const rows = (['bare', 'insert', 'voltrail'] as const).flatMap((contender) => {
      const row = rowOf(measured, name, contender)
      return row === undefined ? [] : [[contender, row] as const]
    })
    if (rows.length === 0) continue
    const of = (wanted: string) => rows.find(([contender]) => contender === wanted)?.[1]
    const [bare, insert] = [of('bare'), of('insert')]
    lines.push(
      '',
      `${name}: ${what}`,
      '| | msg/s | to (a) | to (b) | p50 ms | p99 ms | p999 ms | CPU ms/msg | to (b) | KiB/charger |',
      '|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
    )
    for (const [contender, row] of rows)
      lines.push(
        `| ${contender} | ${figure(row.perSecond, 0)} | ${times(row.perSecond, bare?.perSecond ?? Number.NaN)} | ${times(row.perSecond, insert?.perSecond ?? Number.NaN)} | ${figure(row.p50, 1)} | ${figure(row.p99, 1)} | ${figure(row.p999, 1)} | ${figure(row.cpu, 3)} | ${times(row.cpu, insert?.cpu ?? Number.NaN)} | ${figure(row.kib, 1)} |`,
      )
    const ours = of('voltrail')
    if (ours !== undefined && ours.byProcess.size > 0)
      lines.push(
        `CPU ms per message: ${[...ours.byProcess].map(([process_, ms]) => `${process_} ${figure(ms, 3)}`).join(', ')}; ack path ${figure(ours.ackCpu, 3)} (${times(ours.ackCpu, insert?.cpu ?? Number.NaN)} of (b))`,
      )
    lines.push(...moreLines(measured, name), ...actionLines(measured, name))
  }
  return lines.join('\n')
}

/** The figures that this scenario alone has; medians of the rounds. */
const moreLines = (measured: readonly Measured[], scenario: string): string[] => {
  const of = (contender: Contender['name']): string[] => {
    const rounds = measured.filter((one) => one.scenario === scenario && one.contender === contender)
    const names = new Set(rounds.flatMap(({ figures }) => Object.keys(figures.more ?? {})))
    if (names.size === 0) return []
    const all = [...names].map(
      (name) => `${name} ${rounded(median(rounds.flatMap(({ figures }) => figures.more?.[name] ?? [])))}`,
    )
    return [`${contender}: ${all.join(', ')}`]
  }
  return [...of('bare'), ...of('insert'), ...of('voltrail')]
}

/** How long the answers of ours took, by action; medians of the rounds. */
const actionLines = (measured: readonly Measured[], scenario: string): string[] => {
  const rounds = measured.filter((one) => one.scenario === scenario && one.contender === 'voltrail')
  const actions = new Set(rounds.flatMap(({ figures }) => Object.keys(figures.latencies)))
  actions.delete('all')
  if (actions.size === 0) return []
  const of = (action: string, at: 'count' | 'p50' | 'p99' | 'p999') =>
    median(rounds.flatMap(({ figures }) => figures.latencies[action]?.[at] ?? []))
  return [
    '',
    '| voltrail | answers | p50 ms | p99 ms | p999 ms |',
    '|---|--:|--:|--:|--:|',
    ...[...actions].map(
      (action) =>
        `| ${action} | ${figure(of(action, 'count'), 0)} | ${figure(of(action, 'p50'), 1)} | ${figure(of(action, 'p99'), 1)} | ${figure(of(action, 'p999'), 1)} |`,
    ),
  ]
}

/** The ratios of the session loop, on one line. */
export const ratioLine = (measured: readonly Measured[]): string => {
  const scenario = measured.some((one) => one.scenario === 'sessions-100') ? 'sessions-100' : measured[0]?.scenario
  if (scenario === undefined) return 'nothing was measured'
  const [insert, ours] = [rowOf(measured, scenario, 'insert'), rowOf(measured, scenario, 'voltrail')]
  if (insert === undefined || ours === undefined) return 'nothing was compared'
  return `${scenario} against one INSERT per message: ${times(ours.perSecond, insert.perSecond)} msg/s, ack path ${times(ours.ackCpu, insert.cpu)} CPU, all ${times(ours.cpu, insert.cpu)} CPU`
}
