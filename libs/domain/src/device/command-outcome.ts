import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { accept, type Decision } from '../decider.ts'
import { certificateOutcome } from './certificates.ts'
import { configurationOutcome } from './configuration.ts'
import { listOutcome } from './local-list.ts'
import { profileOutcome } from './profiles.ts'
import { reservationOutcome } from './reservations.ts'
import { transferOutcome } from './transfer-request.ts'
import type { DeviceState, Part } from './device-state.ts'
import type { Outcome, SettledCommand } from './settled-command.ts'

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

/** An event with a `commandId` is the outcome of that command, and its cause is the charger's `CommandSettled`. */
export const withOutcome: Part = (state, event) => {
  if (!('commandId' in event.data)) return state
  const cause = /^charger-.*@(\d+)$/.exec(event.metadata.causation.event ?? '')
  return cause === null ? state : { ...state, outcomesTo: Math.max(state.outcomesTo ?? -1, Number(cause[1])) }
}
