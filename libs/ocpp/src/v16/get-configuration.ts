import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.8, §6.23. No keys means all of them; an empty list is left out, because some chargers answer it with none. */
export const getConfiguration: OutboundMessage<'GetConfiguration'> = {
  action: 'GetConfiguration',
  write: ({ keys }) => ({ payload: keys === undefined || keys.length === 0 ? {} : { key: keys } }),
  statusless: true,
  read: ({ key }) => ({ keys: key }),
}
