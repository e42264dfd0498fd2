import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.4, §6.11. */
export const clearCache: OutboundMessage<'ClearCache'> = {
  action: 'ClearCache',
  write: () => ({ payload: {} }),
  read: () => ({}),
}
