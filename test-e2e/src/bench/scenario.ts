import type { Contender } from './contenders.ts'
import type { LoadReport } from './load.ts'
import type { LoadProcess } from './load-process.ts'
import { cpuBetween, usesOf } from './process-use.ts'

/** What one scenario found of one contender, in one round. */
export interface Figures {
  readonly messages: number
  /** of the chargers, from the first message to the last answer */
  readonly seconds: number
  readonly latencies: LoadReport['latencies']
  /** CPU seconds by process, until everything that follows from the messages is done */
  readonly cpu: ReadonlyMap<string, number>
  /** figures of this scenario alone, by name with unit */
  readonly more?: Readonly<Record<string, number>>
  /** what its chargers took of memory, all processes together, each less what it had without them */
  readonly kibPerCharger?: number
}

export interface Scenario {
  readonly name: string
  readonly what: string
  readonly chargers: number
  /** left out by `--quick` */
  readonly long?: true
  /** what the others have nothing of */
  readonly only?: readonly Contender['name'][]
  run(at: {
    readonly contender: Contender
    readonly load: LoadProcess
    readonly prefix: string
    readonly seconds: number
  }): Promise<Figures>
}

/** Runs the order and counts the CPU until all is settled. */
export const measured = async (contender: Contender, order: () => Promise<LoadReport>): Promise<Figures> => {
  await contender.settled()
  const before = usesOf(contender.processes())
  const { messages, seconds, latencies } = await order()
  await contender.settled()
  return { messages, seconds, latencies, cpu: cpuBetween(before, usesOf(contender.processes())) }
}

export const connected = (chargers: number, contender: Contender, load: LoadProcess, prefix: string) =>
  load.order({ do: 'connect', url: contender.url, chargers, prefix, atOnce: 50 })
