import { isAction16 } from '../schemas.ts'
import type { OutboundMessage } from './outbound-message.ts'

/**
 * An operator's own call. Of an action that 1.6 knows the payload must be valid, as everything that we send; of any other it
 * goes out as it was given, and its answer comes back as it came.
 */
export const rawCall: OutboundMessage<'RawCall'> = {
  action: ({ action }) => action,
  write: ({ action, payload }) => {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
      return { unsupported: 'the payload of a call is an object' }
    return { payload, ...(isAction16(action) ? {} : { opaque: true as const }) }
  },
  statusless: true,
}
