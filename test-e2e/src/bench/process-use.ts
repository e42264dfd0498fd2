import { readdirSync, readFileSync } from 'node:fs'

/** What a process and all its descendants have used. */
export interface Use {
  /** CPU seconds, user and system, of the living and of children that were waited for */
  readonly cpu: number
  /** proportional set size in KiB: memory that is shared counts once */
  readonly kib: number
}

const ticksPerSecond = 100

const statOf = (pid: number): { parent: number; ticks: number } | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name may hold spaces and brackets
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const number = (field: number) => Number(fields[field - 3])
    return { parent: number(4), ticks: number(14) + number(15) + number(16) + number(17) }
  } catch {
    return undefined
  }
}

const memoryOf = (pid: number): number => {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** CPU (and memory, when asked) of each tree of processes. Linux: reads /proc. */
export const usesOf = (roots: ReadonlyMap<string, number>, memory = false): ReadonlyMap<string, Use> => {
  const stats = new Map<number, { parent: number; ticks: number }>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined
    if (stat !== undefined) stats.set(pid, stat)
  }
  const childrenOf = new Map<number, number[]>()
  for (const [pid, { parent }] of stats) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid])
  const tree = (pid: number): number[] => [pid, ...(childrenOf.get(pid) ?? []).flatMap(tree)]
  return new Map(
    [...roots].map(([name, root]) => {
      const pids = tree(root).filter((pid) => stats.has(pid))
      const ticks = pids.reduce((sum, pid) => sum + (stats.get(pid)?.ticks ?? 0), 0)
      const kib = memory ? pids.reduce((sum, pid) => sum + memoryOf(pid), 0) : 0
      return [name, { cpu: ticks / ticksPerSecond, kib }]
    }),
  )
}

/** CPU seconds per process between two looks; what was not there before counts from its start. */
export const cpuBetween = (
  before: ReadonlyMap<string, Use>,
  after: ReadonlyMap<string, Use>,
): ReadonlyMap<string, number> =>
  new Map([...after].map(([name, { cpu }]) => [name, Math.max(0, cpu - (before.get(name)?.cpu ?? 0))]))

/** All of them together. */
export const sum = (figures: Iterable<number>): number => [...figures].reduce((total, one) => total + one, 0)
