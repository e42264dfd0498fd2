import { asText } from './fields.ts'
import { fits, idToken, longestIdTag } from './id-token.ts'
import type { OutboundMessage } from './outbound-message.ts'
import { readInstant, writeTimestamp } from '../timestamp.ts'

/** OCPP 1.6 §5.13, §6.37. Connector 0 reserves any connector, if the charger supports that. */
export const reserveNow: OutboundMessage<'ReserveNow'> = {
  action: 'ReserveNow',
  write: ({ reservationId, evseId, expiresAt, idToken: token, alias, groupIdToken, groupAlias }) => {
    if (reservationId === undefined) return { unsupported: 'a reservation needs a number' }
    const idTag = writable(token.value, alias)
    const parentIdTag = groupIdToken && writable(groupIdToken.value, groupAlias)
    if (idTag === undefined || (groupIdToken !== undefined && parentIdTag === undefined))
      return { unsupported: `an OCPP 1.6 charger takes id tokens of 1 to ${longestIdTag} characters` }
    return {
      payload: {
        connectorId: evseId,
        expiryDate: writeTimestamp(expiresAt),
        idTag,
        ...(parentIdTag !== undefined && { parentIdTag }),
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

/** The token, without the space around it where it fits no other way, or its alias. */
const writable = (value: string, alias: string | undefined): string | undefined =>
  value === ''
    ? undefined
    : [value, value.trim(), alias].find((text) => text !== undefined && text !== '' && fits(text))
