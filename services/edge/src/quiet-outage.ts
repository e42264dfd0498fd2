import type { EdgeLimits } from './limits.ts'
import type { LogWatch } from './log-watch.ts'

/**
 * How long nothing can be stored already: the log is away, or central, or NATS. Sockets that wait for nothing stay open through a
 * short one, so that stops and decreases reach their chargers; after `quietOutageMs` they close too, because a charger that knows
 * itself offline authorises its drivers by its own list. An outage is over when the log is well again: one that flaps is one
 * outage, but nobody is closed on while it recovers.
 */
export const createQuietOutage = (
  limits: Pick<EdgeLimits, 'quietOutageMs'>,
  seen: {
    readonly bus: () => boolean
    readonly log: LogWatch['state']
    /** before central has ever spoken, its silence says nothing */
    readonly centralWasThere: () => boolean
  },
) => {
  let since: number | undefined
  return {
    /** To be asked every second or so. */
    lasted(now: number): boolean {
      const log = seen.log(now)
      const outage = !seen.bus() || log === 'away' || (log === 'unheard' && seen.centralWasThere())
      if (outage) since ??= now
      else if (log !== 'recovering') since = undefined
      return outage && since !== undefined && now - since >= limits.quietOutageMs
    },
  }
}
