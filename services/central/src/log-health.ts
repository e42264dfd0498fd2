import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { LogHealthNotice } from '@voltrail/contracts/facts'
import { eventIdOf } from '@voltrail/domain/hash-chain'
import type { EsdbLog } from '@voltrail/event-store/esdb-log'
import { LogUnavailable, type EventLog } from '@voltrail/event-store/event-log'

export type LogState = LogHealthNotice['state']

/**
 * Whether the log can be relied on. One call that came back unavailable makes it `away`; it is `recovering` from the first
 * probe that was written, and `well` only after probes have been written for a while without a failure: a log that flaps would
 * cost each charger an attempt of its queue at every turn.
 */
export interface LogHealth {
  readonly state: LogState
  /** A call of any kind came back unavailable. */
  failed(now: number): void
  /** A probe was written in time, or was not. Gives the state that this leads to. */
  probed(written: boolean, now: number): LogState
}

/**
 * @param wellAfterMs how long probes must succeed, in ms
 * @param begins what the first probe of this process found
 * @param onChange told of each change after that
 */
export const createLogHealth = (
  wellAfterMs: number,
  begins: { readonly state: LogState; readonly at: number },
  onChange: (state: LogState) => void = () => {},
): LogHealth => {
  let { state, at: recoveringSince } = begins
  const become = (next: LogState): void => {
    if (next === state) return
    state = next
    onChange(next)
  }
  return {
    get state() {
      return state
    },
    failed: () => become('away'),
    probed(written, now) {
      if (!written) become('away')
      else if (state === 'away') {
        recoveringSince = now
        become('recovering')
      }
      if (state === 'recovering' && now - recoveringSince >= wellAfterMs) become('well')
      return state
    },
  }
}

/** The log with an ear on it: every call that comes back unavailable is told. */
export const watchedLog = (log: EventLog, onUnavailable: (reason: string) => void): EventLog => {
  async function* heard<T>(events: AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* events
    } catch (error) {
      if (error instanceof LogUnavailable) onUnavailable(error.message)
      throw error
    }
  }
  return {
    async append(stream, events, expected) {
      const outcome = await log.append(stream, events, expected)
      if (outcome.outcome === 'unavailable') onUnavailable(outcome.reason)
      return outcome
    },
    readForward: (stream, from, limit) => heard(log.readForward(stream, from, limit)),
    readBackward: (stream, limit, from) => heard(log.readBackward(stream, limit, from)),
  }
}

/** No stream ever gets there, so an append after it is refused: by the leader, in its turn, without anything being written. */
const beyondAnyRevision = 2 ** 50

export interface LogProbe {
  /**
   * The first probe of this process. `well` when it is written, but `recovering` when the newest probe of any pod says so: what
   * flapped a moment ago may flap still, and a pod that has just started knows nothing better.
   */
  first(): Promise<LogState>
  /** Appends one event, which says the present state; true when it was written in time. */
  write(state: LogState): Promise<boolean>
  /** Asks for an append that must be refused: for a log that is believed well. True when it was refused, however slowly. */
  look(): Promise<boolean>
}

/** What a probe says; those of older builds said no state. */
const ProbeData = z.object({ state: z.string().optional() })

/**
 * Probes are written to one stream of all pods, which keeps one event: a pod that starts anew, under whatever name, finds there
 * what the others have seen.
 * @param slowMs a probe that takes longer has failed
 */
export const logProbe = (log: Pick<EsdbLog, 'appendBytes' | 'readLast'>, pod: string, slowMs: number): LogProbe => {
  const stream = 'probe-log'
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  const event = (of: string, expected: number, type: string, data: string) => {
    const hash = createHash('sha256').update(`${of}\n${expected}\n${type}\n${data}`).digest('hex')
    return { id: eventIdOf(hash), type, data: bytes(data), metadata: bytes('{}') }
  }
  const probe = (state: LogState, expected: number) =>
    event(stream, expected, 'Probe', JSON.stringify({ at: new Date().toISOString(), pod, state }))
  let revision: number | undefined
  let left: string | undefined

  const findEnd = async (): Promise<number> => {
    const last = await log.readLast(stream)
    left = ProbeData.safeParse(last?.data).data?.state
    return last?.revision ?? -1
  }
  const write = async (state: LogState): Promise<boolean> => {
    const begun = performance.now()
    try {
      revision ??= await findEnd()
      if (revision < 0) {
        const kept = event(`$$${stream}`, -1, '$metadata', '{"$maxCount":1}')
        if ((await log.appendBytes(`$$${stream}`, [kept], -1)).outcome === 'unavailable') return false
      }
      const outcome = await log.appendBytes(stream, [probe(state, revision)], revision)
      revision = outcome.outcome === 'appended' ? outcome.revision : undefined
      // refused at that revision is an answer too
      return outcome.outcome !== 'unavailable' && performance.now() - begun <= slowMs
    } catch (error) {
      revision = undefined
      if (error instanceof LogUnavailable) return false
      throw error
    }
  }

  return {
    async first() {
      try {
        revision = await findEnd()
      } catch (error) {
        if (error instanceof LogUnavailable) return 'away'
        throw error
      }
      const state = left === 'recovering' ? 'recovering' : 'well'
      return (await write(state)) ? state : 'away'
    },
    write,
    async look() {
      const outcome = await log.appendBytes(stream, [probe('well', beyondAnyRevision)], beyondAnyRevision)
      return outcome.outcome !== 'unavailable'
    },
  }
}
