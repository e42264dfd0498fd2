import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.3, §6.9. */
export const changeConfiguration: OutboundMessage<'ChangeConfiguration'> = {
  action: 'ChangeConfiguration',
  write: ({ key, value }) => ({ payload: { key, value } }),
  read: ({ key, value }) => ({ key, value }),
}
