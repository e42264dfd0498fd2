import { purposes, readPurpose } from './charging-profile.ts'
import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.5, §6.13: without criteria all profiles are cleared. */
export const clearChargingProfile: OutboundMessage<'ClearChargingProfile'> = {
  action: 'ClearChargingProfile',
  write: ({ profileId, evseId, purpose, stackLevel }) => ({
    payload: {
      ...(profileId !== undefined && { id: profileId }),
      ...(evseId !== undefined && { connectorId: evseId }),
      ...(purpose !== undefined && { chargingProfilePurpose: purposes[purpose] }),
      ...(stackLevel !== undefined && { stackLevel }),
    },
  }),
  read: ({ id, connectorId, chargingProfilePurpose, stackLevel }) => ({
    profileId: id,
    evseId: connectorId,
    purpose: readPurpose(chargingProfilePurpose),
    stackLevel,
  }),
}
