import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import type { Category } from '@voltrail/contracts/streams'
import type { TrustBundle } from '@voltrail/contracts/trust'
import type { FileService } from '@voltrail/domain/device/file-addresses'
import type { EventLog, LogEvent, LogPosition } from '@voltrail/event-store/event-log'
import type { Vault } from '@voltrail/key-store/vault'
import type { CentralClient } from '@voltrail/bus/central-client'
import type { FileServiceClient } from './file-service.ts'
import type { OperatorRole } from './operator-key.ts'
import type { Reporting } from './reporting.ts'

/** What the routes need of the world, for the one tenant that the operator key belongs to. */
export type Sources = {
  readonly tenant: TenantId
  /** who a decision of the operator is recorded as */
  readonly actorId: string
  /** what the key may do beyond what every key may */
  readonly roles: ReadonlySet<OperatorRole>
  readonly central: CentralClient
  readonly log: Pick<EventLog, 'readForward' | 'readBackward'>
  readonly follow: FollowLog
  readonly reporting: Reporting
  readonly vault: Pick<Vault, 'open' | 'tokenRef'>
  /** keyed hashes of a charger's password, in each reading of it that is accepted */
  readonly passwordDigests: (chargerId: ChargerId, password: string) => string[]
  /** what holds until somebody changes the tenant's settings; the same as central's */
  readonly defaultSettings: TenantSettings
  /** whom edges trust, as upkeep published it; undefined before it ever did */
  readonly trust: () => Promise<TrustBundle | undefined>
  /** where chargers reach our own file service; undefined: there is none */
  readonly files: FileService | undefined
  /** what chargers uploaded there, and its firmware images; undefined: there is none */
  readonly fileService: FileServiceClient | undefined
  readonly commandTimeoutMs: number
  /** now, epoch milliseconds */
  readonly now: () => number
  readonly newId: () => string
}

/**
 * Follows the log from a position, catching up and then live, in order; the next event comes only once the promise of the
 * one before has settled. Resolves when `signal` is aborted.
 */
export type FollowLog = (options: {
  readonly after: LogPosition | 'start' | 'end'
  readonly categories: readonly Category[]
  readonly signal: AbortSignal
  readonly onEvent: (event: LogEvent & { readonly position: LogPosition }) => Promise<void>
}) => Promise<void>
