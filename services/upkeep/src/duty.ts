import type { CentralClient } from '@voltrail/bus/central-client'
import type { TenantId } from '@voltrail/contracts/ids'
import type { LogEvent } from '@voltrail/event-store/event-log'
import type { WriteLoop } from '@voltrail/event-store/write-loop'
import type { Log } from '@voltrail/runtime/log'

/**
 * One thing that is looked after by itself: it hears the log and keeps, in memory, what is still to be done for each key (a
 * charger's stream, a campaign). What it does comes back as an event and ends the need, so nothing has to survive the process.
 */
export interface Duty {
  readonly name: string
  /** what is looked at from the beginning, whether or not the log has anything to say of it */
  readonly keys?: readonly string[]
  /** Takes the next event of the log. @returns the keys that should be looked at now */
  hear(event: LogEvent): readonly string[]
  /**
   * Does what is due for the key. Only the active instance is asked, and only when the feed is live.
   * @returns when to look again (ms since 1970), or undefined when nothing waits. Throws `Waits` when a part is away
   */
  look(key: string): Promise<number | undefined>
}

/** What duties work with. */
export interface DutyDeps {
  readonly loop: WriteLoop
  /** sends commands to chargers, and asks central for decisions */
  readonly central: (tenant: TenantId) => CentralClient
  /** ms since 1970 */
  readonly now: () => number
  readonly pod: string
  readonly build: string
  readonly log: Log
}

/** A part that is needed is away: the key is looked at again soon. */
export class Waits extends Error {}
