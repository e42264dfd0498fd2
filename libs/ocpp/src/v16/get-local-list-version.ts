import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.10, §6.25: 0 means an empty list, -1 that there is none. */
export const getLocalListVersion: OutboundMessage<'GetLocalListVersion'> = {
  action: 'GetLocalListVersion',
  write: () => ({ payload: {} }),
  statusless: true,
  read: () => ({}),
}
