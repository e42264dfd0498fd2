import type { LogHealthNotice } from '@voltrail/contracts/facts'

/**
 * What the central pods say about the log. As long as one of them can append, facts find it; a pod that has not been heard for
 * a while counts no more.
 */
export type LogWatch = {
  heard(notice: LogHealthNotice, now: number): void
  /** `unheard`: no pod has spoken lately, so nothing is known of the log. */
  state(now: number): LogHealthNotice['state'] | 'unheard'
  /** Whether a pod has ever spoken. */
  readonly everHeard: boolean
}

export const createLogWatch = (ttlMs: number): LogWatch => {
  const pods = new Map<string, { state: LogHealthNotice['state']; at: number }>()
  let everHeard = false
  return {
    heard({ pod, state }, now) {
      everHeard = true
      pods.set(pod, { state, at: now })
    },
    state(now) {
      for (const [pod, { at }] of pods) if (now - at > ttlMs) pods.delete(pod)
      const states = new Set([...pods.values()].map(({ state }) => state))
      for (const state of ['well', 'recovering', 'away'] as const) if (states.has(state)) return state
      return 'unheard'
    },
    get everHeard() {
      return everHeard
    },
  }
}
