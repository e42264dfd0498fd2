import { sum } from '../bench/process-use.ts'

/** How many pods there were of those that are added under load. */
export interface Pods {
  readonly edges: number
  readonly centrals: number
}

/** What was measured with so many pods, under one load. */
export interface ScaleFigures extends Pods {
  readonly load: 'light' | 'full'
  readonly messages: number
  readonly seconds: number
  /** ms, from a CALL to its answer */
  readonly p50: number
  readonly p99: number
  /** CPU seconds by process, while the load lasted and until what follows from it was done */
  readonly cpu: ReadonlyMap<string, number>
  /** the same, while the load lasted only */
  readonly busy: ReadonlyMap<string, number>
}

/** `edge-2` is another `edge`. */
const kindOf = (name: string): string => name.replace(/-\d+$/, '')

const shownKinds = ['edge', 'nats', 'central', 'event-store', 'postgres'] as const

const cpuPerMessage = ({ cpu, messages }: ScaleFigures, wanted: (kind: string) => boolean): number =>
  (sum([...cpu].flatMap(([name, seconds]) => (wanted(kindOf(name)) ? [seconds] : []))) / messages) * 1_000

export const perSecond = ({ messages, seconds }: ScaleFigures): number => messages / seconds

/** Cores that all processes together kept busy while the load lasted. */
export const coresUsed = ({ busy, seconds }: ScaleFigures): number => sum(busy.values()) / seconds

/** The process that was busiest, and its share of one core. */
export const busiest = ({ busy, seconds }: ScaleFigures): { readonly name: string; readonly share: number } => {
  const [name, used] = [...busy].reduce((most, one) => (one[1] > most[1] ? one : most), ['nothing', 0])
  return { name, share: used / seconds }
}

export const scaleTable = (figures: readonly ScaleFigures[]): string =>
  [
    `| edges | centrals | load | msg/s | p50 ms | p99 ms | CPU ms/msg | ${shownKinds.join(' | ')} | the rest | cores used | busiest |`,
    `|--:|--:|---|--:|--:|--:|--:|${shownKinds.map(() => '--:|').join('')}--:|--:|---|`,
    ...figures.map((one) => {
      const kinds = shownKinds.map((kind) => cpuPerMessage(one, (name) => name === kind))
      const all = cpuPerMessage(one, () => true)
      const { name, share } = busiest(one)
      const cells = [
        one.edges,
        one.centrals,
        one.load,
        perSecond(one).toFixed(0),
        one.p50.toFixed(1),
        one.p99.toFixed(1),
        all.toFixed(2),
        ...kinds.map((ms) => ms.toFixed(2)),
        (all - sum(kinds)).toFixed(2),
        coresUsed(one).toFixed(2),
        `${name} ${(share * 100).toFixed(0)} %`,
      ]
      return `| ${cells.join(' | ')} |`
    }),
  ].join('\n')

/** One process is the limit from here on; all together, from here on of what the machine has. */
const oneCore = 0.85
const allCores = 0.8

/** What grows from the fewest pods to the most under full load, and what the limit is that they share. */
export const scaleLine = (figures: readonly ScaleFigures[], cores: number): string => {
  const full = figures.filter(({ load }) => load === 'full')
  const [first, last] = [full[0], full.at(-1)]
  if (first === undefined || last === undefined || first === last) return 'nothing was compared'
  const times = (of: (one: ScaleFigures) => number) => `${(of(last) / of(first)).toFixed(2)}x`
  const { name, share } = busiest(last)
  const used = coresUsed(last)
  const limit =
    share >= oneCore
      ? `${name} uses ${(share * 100).toFixed(0)} % of one core`
      : used >= cores * allCores
        ? `the machine: ${used.toFixed(2)} of ${cores} cores are used, without the load's own`
        : `none was reached: ${used.toFixed(2)} of ${cores} cores are used`
  const pods = ({ edges, centrals }: Pods) => `${edges} edges and ${centrals} centrals`
  return `${pods(first)} to ${pods(last)}: ${times(perSecond)} msg/s, ${times((one) => cpuPerMessage(one, () => true))} CPU per message; the shared limit: ${limit}`
}
