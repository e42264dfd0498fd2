import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.14, §6.39. */
export const reset: OutboundMessage<'Reset'> = {
  action: 'Reset',
  write: ({ kind }) => ({ payload: { type: kind } }),
  read: ({ type }) => ({ kind: type }),
}
