import { readChargingProfile, writeChargingProfile } from './charging-profile.ts'
import type { Fields } from './inbound-message.ts'
import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.16, §6.43. A ChargePointMaxProfile is for connector 0 alone, a TxProfile for one connector. */
export const setChargingProfile: OutboundMessage<'SetChargingProfile'> = {
  action: 'SetChargingProfile',
  write: ({ evseId, profile }) => {
    if (profile.purpose === 'ChargingStationMaxProfile' && evseId !== 0)
      return { unsupported: 'a maximum of the whole charging station is set at EVSE 0' }
    if (profile.purpose === 'TxProfile' && evseId === 0)
      return { unsupported: 'the profile of a transaction is set at its EVSE, not at 0' }
    const written = writeChargingProfile(profile)
    return 'unsupported' in written
      ? written
      : { payload: { connectorId: evseId, csChargingProfiles: written.payload } }
  },
  read: ({ connectorId, csChargingProfiles }) => ({
    evseId: connectorId,
    profile: readChargingProfile(csChargingProfiles as Fields),
  }),
}
