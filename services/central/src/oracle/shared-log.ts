import type { StoredEvent } from '@voltrail/domain/hash-chain'
import { LogUnavailable, type EventLog } from '@voltrail/event-store/event-log'
import { createMemoryLog } from '@voltrail/event-store/memory-log'

/** One log that several pods write to, on which a script makes things go wrong. */

/** What becomes of one append. `lost`: committed, and its outcome never known. `crash`: the pod is gone before or after it. */
export const appendFaults = ['ok', 'away', 'lost', 'throws', 'throws-after', 'crash', 'crash-after'] as const
export type AppendFault = (typeof appendFaults)[number]

export interface LogScript {
  /** turns of the event loop that each operation waits, used again and again */
  readonly pauses: readonly number[]
  /** operations, by their number, in which a pod stands still: so long that several messages may go by */
  readonly stalls: readonly { readonly operation: number; readonly turns: number }[]
  /** of the first appends, in their order; those after them succeed */
  readonly faults: readonly AppendFault[]
}

/** What one pod sees of the log. Once it has crashed, whatever it still does never comes back. */
export interface PodLog {
  readonly log: EventLog
  /** settles when the pod has crashed */
  readonly crashed: Promise<'crashed'>
}

export interface SharedLog {
  podLog(name: string): PodLog
  streams(): readonly string[]
  /** the stream of each append that was committed, in their order */
  readonly journal: readonly string[]
  stored(stream: string): readonly StoredEvent[]
  /** untroubled reads, for the judge */
  readonly calm: EventLog
  /** while true every operation fails; nothing is written */
  away: boolean
}

export const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

export const createSharedLog = (script: LogScript, trace: (line: string) => void = () => undefined): SharedLog => {
  const memory = createMemoryLog()
  const streams = new Set<string>()
  const journal: string[] = []
  let operations = 0
  let appends = 0

  const podLog = (name: string): PodLog => {
    let dead = false
    let crash!: (value: 'crashed') => void
    const crashed = new Promise<'crashed'>((resolve) => (crash = resolve))
    const die = <T>(): Promise<T> => {
      dead = true
      crash('crashed')
      return never<T>()
    }
    const pause = async (doing: string): Promise<void> => {
      const { pauses, stalls } = script
      const operation = operations++
      const stall = stalls.find((one) => one.operation === operation)
      if (stall !== undefined) trace(`${name} stands still before it can ${doing}`)
      await turns(stall?.turns ?? pauses[operation % Math.max(1, pauses.length)] ?? 0)
      if (dead) await never()
      if (shared.away) throw new LogUnavailable(doing, 'it is away')
    }
    async function* reading<T>(doing: string, events: () => AsyncIterable<T>): AsyncIterable<T> {
      await pause(doing)
      yield* events()
      if (dead) await never()
    }
    const log: EventLog = {
      async append(stream, events, expected) {
        await pause(`append to ${stream}`)
        const fault = script.faults[appends++] ?? 'ok'
        const what = `${name} appends ${events.map((event) => event.type).join(', ')} to ${stream} at ${expected}`
        const commit = async () => {
          const outcome = await memory.append(stream, events, expected)
          streams.add(stream)
          if (outcome.outcome === 'appended') journal.push(stream)
          trace(`${what}: ${outcome.outcome}${fault === 'ok' ? '' : `, ${fault}`}`)
          return outcome
        }
        switch (fault) {
          case 'ok': {
            const outcome = await commit()
            return dead ? never() : outcome
          }
          case 'away':
            trace(`${what}: away`)
            return { outcome: 'unavailable', reason: 'the log is away' }
          case 'lost':
            await commit()
            return { outcome: 'unavailable', reason: 'the answer to the append was lost' }
          case 'throws':
            trace(`${what}: throws`)
            throw new LogUnavailable(`append to ${stream}`, 'it broke before')
          case 'throws-after':
            await commit()
            throw new LogUnavailable(`append to ${stream}`, 'it broke after')
          case 'crash':
            trace(`${what}: crash`)
            return die()
          case 'crash-after':
            await commit()
            return die()
          default:
            return fault satisfies never
        }
      },
      readForward: (stream, from, limit) => reading(`read ${stream}`, () => memory.readForward(stream, from, limit)),
      readBackward: (stream, limit, from) => reading(`read ${stream}`, () => memory.readBackward(stream, limit, from)),
    }
    return { log, crashed }
  }

  const shared: SharedLog = {
    podLog,
    streams: () => [...streams],
    journal,
    stored: (stream) => memory.stored(stream),
    calm: memory,
    away: false,
  }
  return shared
}
