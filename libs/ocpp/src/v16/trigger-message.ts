import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.17, §6.51: the connector is above 0, so that the whole station is meant by leaving it out. */
export const triggerMessage: OutboundMessage<'TriggerMessage'> = {
  action: 'TriggerMessage',
  write: ({ message, evseId }) => ({
    payload: { requestedMessage: message, ...(evseId !== undefined && evseId > 0 && { connectorId: evseId }) },
  }),
}
