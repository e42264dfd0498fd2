import type { Instant } from '@voltrail/contracts/quantities'
import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import type { Bus } from '@voltrail/bus/bus'
import type { EventLog } from '@voltrail/event-store/event-log'
import type { Vault } from '@voltrail/key-store/vault'
import type { Log } from '@voltrail/runtime/log'
import type { Deciding } from './deciding.ts'
import type { FrameStore } from './frame-store.ts'
import type { LogHealth } from './log-health.ts'
import type { LookUps } from './look-ups.ts'
import type { OpenByToken } from './open-by-token.ts'

/** What every handler of central is given. */
export interface CentralDeps extends Deciding {
  readonly bus: Bus
  readonly frames: FrameStore
  /** streams as they are, where no aggregate's state says it: what waits for review, and what was settled long ago */
  readonly history: Pick<EventLog, 'readForward' | 'readBackward'>
  readonly vault: Vault
  readonly lookUps: LookUps
  readonly openByToken: OpenByToken
  readonly log: Log
  readonly logHealth: Pick<LogHealth, 'state'>
  readonly now: () => Instant
  readonly pod: string
  readonly build: string
  readonly defaultSettings: TenantSettings
  /** the O of chargers' certificates, where a charger's record names none */
  readonly cpoName?: string
  /** how long a command looks for the socket that holds the charger's epoch, in ms */
  readonly offlineAfterMs: number
}
