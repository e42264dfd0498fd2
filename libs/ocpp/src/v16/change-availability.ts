import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.2, §6.7. Connector 0 is the charging station with all its connectors. */
export const changeAvailability: OutboundMessage<'ChangeAvailability'> = {
  action: 'ChangeAvailability',
  write: ({ evseId, availability }) => ({ payload: { connectorId: evseId, type: availability } }),
  read: ({ connectorId, type }) => ({ evseId: connectorId, availability: type }),
}
