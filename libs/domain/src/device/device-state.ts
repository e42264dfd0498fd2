import type { DeviceSummary } from '@voltrail/contracts/events/device'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { FactAnswer } from '@voltrail/contracts/facts'
import type { FactId } from '@voltrail/contracts/ids'
import type { Recorded } from '../decider.ts'

export type DeviceState = DeviceSummary

/** A concern's part of the fold: what an event makes of the state; other concerns' events leave it as it is. */
export type Part = (state: DeviceState, event: Recorded<DeviceEvent>) => DeviceState

/** The answer that a fact got before, if this device remembers it: a fact asked again gets it again. */
export const deviceAnswered = (state: DeviceState, factId: FactId | undefined): FactAnswer | undefined =>
  factId === undefined
    ? undefined
    : (state.answered.find((known) => known.factId === factId)?.answer as FactAnswer | undefined)
