import type { FactAnswer } from '@voltrail/contracts/facts'
import type { FactId } from '@voltrail/contracts/ids'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { Aggregate, Recorded } from '../decider.ts'
import { certificatesWith } from './certificates.ts'
import { withOutcome } from './command-outcome.ts'
import { configurationWith } from './configuration.ts'
import type { DeviceState, Part } from './device-state.ts'
import { localListWith } from './local-list.ts'
import { meterKeysWith } from './meter-keys.ts'
import { profilesWith } from './profiles.ts'
import { reservationsWith } from './reservations.ts'
import { securityEventsWith } from './security-events.ts'
import { securityUpgradeWith } from './security-upgrade.ts'
import { transfersWith } from './transfers.ts'

/**
 * One charging station as a device that is cared for: `device-<tenant>.<id>`. What its operator wants of it, and what is known.
 * Each concern has a file of its own beside this one, with its decisions and with its part of the fold.
 */
export const unknownDevice: DeviceState = { answered: [], contentKeys: [], eventsSinceSummary: 0 }

const parts: readonly Part[] = [
  configurationWith,
  localListWith,
  reservationsWith,
  profilesWith,
  transfersWith,
  certificatesWith,
  securityEventsWith,
  securityUpgradeWith,
  meterKeysWith,
]

const keptAnswers = 16
/** A device is summarised each so many events, which bounds every load. */
const summaryEvery = 50
/** in characters of JSON: a summary that no event can carry is left out, and loads grow longer */
const longestSummary = 300_000

/** The answer that an event gives to the fact behind it. */
const answerOf = (event: Recorded<DeviceEvent>): FactAnswer | undefined => {
  switch (event.type) {
    case 'FirmwareStatusReported':
      return { type: 'FirmwareStatus' }
    case 'LogStatusReported':
      return { type: 'LogStatus' }
    case 'SecurityEventReported':
      return { type: 'SecurityEvent' }
    case 'CertificateRequested':
      return { type: 'CertificateRequest', status: event.data.problems.length === 0 ? 'Accepted' : 'Rejected' }
    default:
      return undefined
  }
}

const remember = (state: DeviceState, factId: FactId | undefined, answer: FactAnswer | undefined): DeviceState =>
  factId === undefined || answer === undefined || state.answered.some((known) => known.factId === factId)
    ? state
    : { ...state, answered: [...state.answered.slice(1 - keptAnswers), { factId, answer: answer as never }] }

const evolve = (state: DeviceState, event: Recorded<DeviceEvent>): DeviceState => {
  if (event.type === 'DeviceSummarised') return { ...event.data.summary, eventsSinceSummary: 0 }
  const changed = withOutcome(
    parts.reduce((known, part) => part(known, event), state),
    event,
  )
  return {
    ...remember(changed, event.metadata.causation.factId, answerOf(event)),
    eventsSinceSummary: state.eventsSinceSummary + 1,
  }
}

export const device: Aggregate<DeviceState, DeviceEvent> = {
  initialState: unknownDevice,
  evolve,
  restore: (event) => (event.type === 'DeviceSummarised' ? evolve(unknownDevice, event) : undefined),
  summarise: (state) =>
    state.eventsSinceSummary >= summaryEvery && JSON.stringify(state).length <= longestSummary
      ? { type: 'DeviceSummarised', data: { summary: { ...state, eventsSinceSummary: 0 } } }
      : undefined,
}
