import type { Actor, StoredChargerCommand } from '@voltrail/contracts/charger-commands'
import type { DeviceEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { CommandId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import type { DeviceState } from './device-state.ts'

/** A command that a charger answered, as it stands in the charger's stream. */
export interface SettledCommand {
  readonly commandId: CommandId
  readonly command: StoredChargerCommand
  /** an operator gave it as a call of the charger's own version */
  readonly asCall?: true
  /** who asked for it */
  readonly by?: Actor
  readonly result: EventNamed<'CommandSettled'>['data']['result']
  /** of `CommandSettled` in the charger's stream */
  readonly revision: number
  readonly settledAt: Instant
}

/** What one concern makes of an answered command: the events, none when it is not its business. */
export type Outcome = (settled: SettledCommand, state: DeviceState) => readonly DeviceEvent[]

/** Whether a charger took what it was asked. */
export const wasAccepted = ({ result }: Pick<SettledCommand, 'result'>): boolean =>
  result.outcome === 'result' && result.status === 'Accepted'
