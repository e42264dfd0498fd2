import type { Outcome } from './settled-command.ts'
import { CompositeSchedule, type ChargingProfile } from '@voltrail/contracts/charging-profile'
import type { TransactionId } from '@voltrail/contracts/ids'
import { accept, type Decision } from '../decider.ts'
import { compareComposite } from './composite-schedule.ts'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { DeviceState, Part } from './device-state.ts'
import { limitsTouchedBy } from './touches-limits.ts'

/** The charging profiles that the charger took, and whether they can be vouched for. */
export const profilesWith: Part = (state, event) => {
  switch (event.type) {
    case 'ChargingProfileSet': {
      const { evseId, profile } = event.data
      const kept = (state.profiles ?? []).filter((known) => !replaces({ evseId, profile }, known))
      return { ...state, profiles: [...kept, { evseId, profile, at: event.metadata.receivedAt }] }
    }
    case 'ChargingProfilesCleared': {
      const { commandId: _, ...criteria } = event.data
      return { ...state, profiles: (state.profiles ?? []).filter((known) => !isMeant(known, criteria)) }
    }
    case 'LimitsUnverified':
      return state.limitsUnverifiedSince === undefined
        ? {
            ...state,
            limitsUnverifiedSince: event.metadata.receivedAt,
            ...(event.data.by === undefined ? {} : { limitsUnverifiedBy: event.data.by }),
          }
        : state
    case 'CompositeScheduleSeen': {
      const { schedule, agrees, detail } = event.data
      const { evseId } = schedule
      const composite = { evseId, agrees, at: event.metadata.receivedAt, ...(detail === undefined ? {} : { detail }) }
      const composites = [...(state.composites ?? []).filter((one) => one.evseId !== evseId), composite]
      const { limitsUnverifiedSince: _, limitsUnverifiedBy: __, ...verified } = state
      return { ...(agrees ? verified : state), composites }
    }
    default:
      return state
  }
}

export type SetProfile = NonNullable<DeviceState['profiles']>[number]
type Known = SetProfile
export type Placed = { readonly evseId: number; readonly profile: ChargingProfile }

/** The same id, or the same place in the stack of the same EVSE (OCPP 1.6 §3.13.2): the newer one replaces the older. */
export const replaces = (newer: Placed, older: Placed): boolean =>
  newer.profile.profileId === older.profile.profileId ||
  (newer.evseId === older.evseId &&
    newer.profile.purpose === older.profile.purpose &&
    newer.profile.stackLevel === older.profile.stackLevel &&
    newer.profile.transactionId === older.profile.transactionId)

/** An id means that one alone; else all that fit every criterion (OCPP 1.6 §5.5). */
const isMeant = (
  { evseId, profile }: Known,
  criteria: {
    profileId?: number | undefined
    evseId?: number | undefined
    purpose?: string | undefined
    stackLevel?: number | undefined
  },
): boolean =>
  criteria.profileId !== undefined
    ? profile.profileId === criteria.profileId
    : (criteria.evseId === undefined || evseId === criteria.evseId) &&
      (criteria.purpose === undefined || profile.purpose === criteria.purpose) &&
      (criteria.stackLevel === undefined || profile.stackLevel === criteria.stackLevel)

/** What the charger took of profiles. An operator's own call that may touch its limits leaves them unvouched for. */
export const profileOutcome: Outcome = ({ command, commandId, result, asCall, settledAt, by }, state) => {
  const action = asCall || command.type === 'RawCall' ? limitsTouchedBy(command) : undefined
  const unverified: readonly DeviceEvent[] =
    action === undefined
      ? []
      : [{ type: 'LimitsUnverified', data: { commandId, action, ...(by === undefined ? {} : { by }) } }]
  if (result.outcome === 'invalidAnswer') return unverified
  if (result.outcome !== 'result') return []
  const accepted = result.status === 'Accepted'
  switch (command.type) {
    case 'SetChargingProfile': {
      const { evseId, profile } = command
      return accepted
        ? [{ type: 'ChargingProfileSet', data: { evseId, profile, commandId } }, ...unverified]
        : unverified
    }
    case 'ClearChargingProfile': {
      const { type: _, ...criteria } = command
      // Unknown: there was nothing that fits
      return accepted || result.status === 'Unknown'
        ? [{ type: 'ChargingProfilesCleared', data: { ...criteria, commandId } }, ...unverified]
        : unverified
    }
    case 'GetCompositeSchedule': {
      const told = CompositeSchedule.safeParse(result.payload['compositeSchedule'])
      if (!accepted || !told.success) return unverified
      const schedule = told.data
      const compared = compareComposite(schedule, state.profiles ?? [], Date.parse(settledAt))
      return [{ type: 'CompositeScheduleSeen', data: { schedule, ...compared, commandId } }]
    }
    default:
      return unverified
  }
}

/** A TxProfile dies with its transaction (OCPP 1.6 §3.13.1). */
export const forgetTransactionProfiles = (transactionId: TransactionId, state: DeviceState): Decision<DeviceEvent> =>
  accept<DeviceEvent>(
    ...(state.profiles ?? [])
      .filter(({ profile }) => profile.purpose === 'TxProfile' && profile.transactionId === transactionId)
      .map(({ profile }): DeviceEvent => ({ type: 'ChargingProfilesCleared', data: { profileId: profile.profileId } })),
  )
