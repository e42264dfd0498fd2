import type { Actor, StoredChargerCommand } from '@voltrail/contracts/charger-commands'
import type { DeviceEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { CommandId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, type Decision } from '../decider.ts'
import { certificateOutcome } from './certificates.ts'
import { configurationOutcome } from './configuration.ts'
import { listOutcome } from './local-list.ts'
import { profileOutcome } from './profiles.ts'
import { reservationOutcome } from './reservations.ts'
import { transferOutcome } from './transfer-request.ts'
import type { DeviceState, Part } from './device-state.ts'

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

const outcomes: readonly Outcome[] = [
  profileOutcome,
  reservationOutcome,
  listOutcome,
  certificateOutcome,
  configurationOutcome,
  transferOutcome,
]

/** What an answered command changes in what is known of the device. Each is taken once, in the order of the charger's stream. */
export const applyOutcome = (settled: SettledCommand, state: DeviceState): Decision<DeviceEvent> =>
  settled.revision <= (state.outcomesTo ?? -1)
    ? accept()
    : accept<DeviceEvent>(...outcomes.flatMap((outcome) => outcome(settled, state)))

/** Whether a charger took what it was asked. */
export const wasAccepted = ({ result }: Pick<SettledCommand, 'result'>): boolean =>
  result.outcome === 'result' && result.status === 'Accepted'

/** An event with a `commandId` is the outcome of that command, and its cause is the charger's `CommandSettled`. */
export const withOutcome: Part = (state, event) => {
  if (!('commandId' in event.data)) return state
  const cause = /^charger-.*@(\d+)$/.exec(event.metadata.causation.event ?? '')
  return cause === null ? state : { ...state, outcomesTo: Math.max(state.outcomesTo ?? -1, Number(cause[1])) }
}
