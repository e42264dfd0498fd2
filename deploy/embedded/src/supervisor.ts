import { startGuard } from './guard.ts'
import type { GuardStage } from './guard.ts'
import { guardName } from './process-records.ts'
import type { ProcessRecords } from './process-records.ts'
import type { Part } from './running-part.ts'
import { supervise } from './supervised-part.ts'
import type { ProductProcess, SupervisedPart } from './supervised-part.ts'

export interface Supervisor {
  readonly processes: ReadonlyMap<string, ProductProcess>
  /** Starts parts side by side. When one fails, waits for the others and throws its error; `stop` ends those that came up. */
  start(stage: GuardStage, parts: readonly Part[], signal: AbortSignal): Promise<void>
  /** Ends everything, the last group first, the parts of a group side by side. */
  stop(): Promise<void>
}

/** Keeps the processes of the product running, and in the books of those who end them when we cannot. */
export function createSupervisor(options: {
  readonly records: ProcessRecords
  readonly note: (line: string) => void
  /** Between two starts of a process that dies again and again. Default 10,000 ms. */
  readonly longestWaitMs?: number | undefined
}): Supervisor {
  const { records, note, longestWaitMs } = options
  const guard = startGuard()
  records.add(guardName, guard.pid, 'SIGKILL')
  const groups: SupervisedPart[][] = []
  const processes = new Map<string, ProductProcess>()

  function supervisePart(part: Part, stage: GuardStage): SupervisedPart {
    // Postgres waits for its clients on SIGTERM; SIGINT is its fast shutdown, and the same as SIGTERM to everybody else
    const signal: NodeJS.Signals = stage === 'server' ? 'SIGINT' : 'SIGTERM'
    const supervised = supervise(part, {
      note,
      ...(longestWaitMs !== undefined && { longestWaitMs }),
      spawned(pid) {
        guard.add(stage, pid, signal)
        records.add(part.name, pid, signal)
      },
      gone(pid) {
        guard.remove(pid)
        records.remove(part.name, pid)
      },
    })
    processes.set(part.name, supervised)
    return supervised
  }

  return {
    processes,
    async start(stage, parts, signal) {
      const group = parts.map((part) => supervisePart(part, stage))
      groups.push(group)
      const outcomes = await Promise.allSettled(group.map((part) => part.start(signal)))
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed) throw failed.reason
    },
    async stop() {
      const failures: unknown[] = []
      for (const group of groups.toReversed()) {
        const outcomes = await Promise.allSettled(group.map((part) => part.stop()))
        failures.push(...outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])))
      }
      await guard.stop()
      records.remove(guardName, guard.pid)
      if (failures.length > 0) throw failures[0]
    },
  }
}
