/**
 * Whether a charger is still there. Any frame, ping or pong is life. Chargers that never answer pings exist
 * (https://github.com/evcc-io/evcc/pull/33099), so missing pongs count only for one that has answered before on this connection;
 * for the others it takes three heartbeat intervals of silence.
 */
export type Liveness = {
  heard(now: number, what: 'frame' | 'ping' | 'pong'): void
  heartbeatEvery(milliseconds: number): void
  /** What to do now: nothing, send a ping, or give the socket up. */
  step(now: number): 'nothing' | 'ping' | 'dead'
  readonly lastHeardAt: number
}

const missed = 3

export const createLiveness = (options: {
  readonly pingMs: number
  readonly heartbeatMs: number
  readonly now: number
}): Liveness => {
  let lastHeardAt = options.now
  let lastPingAt = options.now
  let answersPings = false
  let heartbeatMs = options.heartbeatMs
  return {
    heard(now, what) {
      lastHeardAt = now
      if (what === 'pong') answersPings = true
    },
    heartbeatEvery(milliseconds) {
      heartbeatMs = milliseconds
    },
    step(now) {
      const patience = missed * (answersPings ? options.pingMs : Math.max(options.pingMs, heartbeatMs))
      if (now - lastHeardAt >= patience) return 'dead'
      if (now - lastPingAt < options.pingMs) return 'nothing'
      lastPingAt = now
      return 'ping'
    },
    get lastHeardAt() {
      return lastHeardAt
    },
  }
}
