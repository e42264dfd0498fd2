import { sleep } from '@voltrail/runtime/ticker'

export type ClockOptions = {
  /** How many times faster than real time cars charge, meters run and drivers come and go. */
  readonly speed: number
  /** Chargers write the simulated time instead of the real one into their messages. */
  readonly simulated?: boolean
}

/** The time of a fleet. What happens on the network (time-outs, retries, heartbeats) runs in real time, whatever the speed. */
export type Clock = {
  readonly speed: number
  /** Simulated milliseconds since the fleet began; never goes back. */
  elapsedMs(): number
  /** What a charger's own clock shows. */
  now(): Date
  /** Waits simulated milliseconds; true after the whole time, false when the signal was aborted. */
  sleep(simulatedMs: number, signal?: AbortSignal): Promise<boolean>
}

export function createClock({ speed, simulated = false }: ClockOptions): Clock {
  const begunAt = Date.now()
  const begun = performance.now()
  const elapsedMs = () => (performance.now() - begun) * speed
  return {
    speed,
    elapsedMs,
    now: () => (simulated ? new Date(begunAt + elapsedMs()) : new Date()),
    sleep: (simulatedMs, signal) => sleep(simulatedMs / speed, signal),
  }
}
