import { asText } from './fields.ts'
import { idToken, longestIdTag } from './id-token.ts'
import type { OutboundMessage } from './outbound-message.ts'
import { readInstant, writeTimestamp } from '../timestamp.ts'

/** OCPP 1.6 §5.13, §6.37. Connector 0 reserves any connector, if the charger supports that. */
export const reserveNow: OutboundMessage<'ReserveNow'> = {
  action: 'ReserveNow',
  write: ({ reservationId, evseId, expiresAt, idToken: token, groupIdToken }) => {
    for (const { value } of groupIdToken === undefined ? [token] : [token, groupIdToken])
      if (value === '' || [...value].length > longestIdTag)
        return { unsupported: `an OCPP 1.6 charger takes id tokens of 1 to ${longestIdTag} characters` }
    return {
      payload: {
        connectorId: evseId,
        expiryDate: writeTimestamp(expiresAt),
        idTag: token.value,
        ...(groupIdToken !== undefined && { parentIdTag: groupIdToken.value }),
        reservationId,
      },
    }
  },
  read: ({ connectorId, expiryDate, idTag, parentIdTag, reservationId }) => ({
    reservationId,
    evseId: connectorId,
    expiresAt: readInstant(expiryDate),
    idToken: idToken(asText(idTag) ?? ''),
    groupIdToken: parentIdTag === undefined ? undefined : idToken(asText(parentIdTag) ?? ''),
  }),
}
