import type { ModelCharger } from './log-away-charger.ts'

/** Seconds of the field; a flapping log is away for 20 s, there for 20 s, five times. */
export type Outage = number | 'flap'
export const outageName = (outage: Outage): string => (outage === 'flap' ? 'flapping every 20 s' : `${outage} s`)
export const flaps = { times: 5, awayS: 20, thereS: 20 }

/** What the product is told; all but the rate in seconds of the field. */
export const fieldTimes = {
  holdS: 20,
  quietS: 120,
  wellAfterS: 30,
  probeEveryS: 1,
  idleProbeEveryS: 5,
  appendTimeoutS: 2,
  appendDeadlineS: 10,
  readmissionsPerSecond: 4,
  connectsPerMinute: 6,
}

/** The same as variables of the services, where a second of the field lasts so many milliseconds. */
export const productTimes = (secondMs: number): Readonly<Record<string, string>> => {
  const duration = (seconds: number, atLeastMs = 0) => `${Math.max(atLeastMs, Math.round(seconds * secondMs))}ms`
  return {
    ANSWER_HOLD: duration(fieldTimes.holdS),
    QUIET_OUTAGE: duration(fieldTimes.quietS),
    LOG_WELL_AFTER: duration(fieldTimes.wellAfterS),
    LOG_PROBE_EVERY: duration(fieldTimes.probeEveryS, 50),
    LOG_IDLE_PROBE_EVERY: duration(fieldTimes.idleProbeEveryS, 50),
    // a busy machine takes its time, however short the second is
    LOG_APPEND_TIMEOUT: duration(fieldTimes.appendTimeoutS, 250),
    LOG_APPEND_DEADLINE: duration(fieldTimes.appendDeadlineS, 500),
    CONNECTS_PER_MINUTE: String(Math.ceil((fieldTimes.connectsPerMinute * 1_000) / secondMs)),
  }
}

/** A stretch in which the log was stopped, in milliseconds. */
export type Frozen = { readonly from: number; readonly to: number }

export interface RemoteStop {
  readonly charger: ModelCharger
  readonly askedAt: number
  readonly outcome: string
}
