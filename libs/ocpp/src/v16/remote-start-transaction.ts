import { readChargingProfile, writeChargingProfile } from './charging-profile.ts'
import { asText } from './fields.ts'
import { idToken, longestIdTag } from './id-token.ts'
import type { Fields } from './inbound-message.ts'
import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.11, §6.33. */
export const remoteStartTransaction: OutboundMessage<'RemoteStart'> = {
  action: 'RemoteStartTransaction',
  write: ({ idToken: token, evseId, chargingProfile }) => {
    const length = [...token.value].length
    if (length === 0)
      return { unsupported: 'a remote start of an OCPP 1.6 charger needs an id token that is not empty' }
    if (length > longestIdTag) {
      return {
        unsupported: `an OCPP 1.6 charger takes id tokens of at most ${longestIdTag} characters, this one has ${length}; use a shorter token of the same contract`,
      }
    }
    const place = { idTag: token.value, ...(evseId !== undefined && { connectorId: evseId }) }
    if (chargingProfile === undefined) return { payload: place }
    if (chargingProfile.purpose !== 'TxProfile' || chargingProfile.transactionId !== undefined)
      return { unsupported: 'the profile of a remote start is a TxProfile without a transaction id' }
    const written = writeChargingProfile(chargingProfile)
    return 'unsupported' in written ? written : { payload: { ...place, chargingProfile: written.payload } }
  },
  read: ({ idTag, connectorId, chargingProfile }) => ({
    idToken: idToken(asText(idTag) ?? ''),
    evseId: connectorId,
    ...(chargingProfile !== undefined && { chargingProfile: readChargingProfile(chargingProfile as Fields) }),
  }),
}
