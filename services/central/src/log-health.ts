import { createHash } from 'node:crypto'
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
  /** A probe was written in time, or was not. */
  probed(written: boolean, now: number): void
}

/** @param wellAfterMs how long probes must succeed, in ms @param onChange told of each change */
export const createLogHealth = (wellAfterMs: number, onChange: (state: LogState) => void = () => {}): LogHealth => {
  let state: LogState = 'well'
  let recoveringSince = 0
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
      if (!written) return become('away')
      if (state === 'away') {
        recoveringSince = now
        become('recovering')
      }
      if (state === 'recovering' && now - recoveringSince >= wellAfterMs) become('well')
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

/**
 * Appends to a stream of this pod alone, which keeps one event.
 * @returns how to write one probe; true when it was written
 */
export const logProbe = (log: Pick<EsdbLog, 'appendBytes' | 'readLast'>, pod: string, slowMs: number) => {
  const stream = `probe-${pod}`
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  const event = (of: string, expected: number, type: string, data: string) => {
    const hash = createHash('sha256').update(`${of}\n${expected}\n${type}\n${data}`).digest('hex')
    return { id: eventIdOf(hash), type, data: bytes(data), metadata: bytes('{}') }
  }
  let revision: number | undefined

  return async (now: number): Promise<boolean> => {
    const begun = performance.now()
    try {
      revision ??= (await log.readLast(stream))?.revision ?? -1
      if (revision < 0) {
        const kept = event(`$$${stream}`, -1, '$metadata', '{"$maxCount":1}')
        if ((await log.appendBytes(`$$${stream}`, [kept], -1)).outcome === 'unavailable') return false
      }
      const probe = event(stream, revision, 'Probe', JSON.stringify({ at: new Date(now).toISOString() }))
      const outcome = await log.appendBytes(stream, [probe], revision)
      revision = outcome.outcome === 'appended' ? outcome.revision : undefined
      // refused at that revision is an answer too
      return outcome.outcome !== 'unavailable' && performance.now() - begun <= slowMs
    } catch (error) {
      revision = undefined
      if (error instanceof LogUnavailable) return false
      throw error
    }
  }
}
