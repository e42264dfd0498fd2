import { readChargingProfile, writeChargingProfile } from './charging-profile.ts'
import { asText } from './fields.ts'
import { fits, idToken, longestIdTag } from './id-token.ts'
import type { Fields } from './inbound-message.ts'
import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.11, §6.33. The tag is the token, without the space around it where it fits no other way, or its alias. */
export const remoteStartTransaction: OutboundMessage<'RemoteStart'> = {
  action: 'RemoteStartTransaction',
  write: ({ idToken: token, alias, evseId, chargingProfile }) => {
    const { value } = token
    if (value.trim() === '')
      return { unsupported: 'a remote start of an OCPP 1.6 charger needs an id token that is not empty' }
    const idTag = [value, value.trim(), alias].find((text) => text !== undefined && text !== '' && fits(text))
    if (idTag === undefined) {
      return {
        unsupported: `an OCPP 1.6 charger takes id tokens of at most ${longestIdTag} characters, this one has ${[...value.trim()].length} and was never issued; issue it first (POST /v1/id-tokens), which gives it an alias`,
      }
    }
    const place = { idTag, ...(evseId !== undefined && { connectorId: evseId }) }
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
