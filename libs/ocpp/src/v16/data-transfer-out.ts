import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.6, §6.13: to the charger. */
export const dataTransferOut: OutboundMessage<'DataTransfer'> = {
  action: 'DataTransfer',
  write: ({ vendorId, messageId, data }) => ({
    payload: { vendorId, ...(messageId !== undefined && { messageId }), ...(data !== undefined && { data }) },
  }),
  read: ({ vendorId, messageId, data }) => ({ vendorId, messageId, data }),
}
