import { asText } from './fields.ts'
import type { OutboundMessage } from './outbound-message.ts'
import { writeTransactionId } from './transaction-id.ts'

/** OCPP 1.6 §5.12, §6.35. */
export const remoteStopTransaction: OutboundMessage<'RemoteStop'> = {
  action: 'RemoteStopTransaction',
  write: ({ transactionId }) => {
    const number = writeTransactionId(transactionId)
    return number === undefined
      ? { unsupported: 'an OCPP 1.6 transaction id is a whole number from 1 to 2147483647' }
      : { payload: { transactionId: number } }
  },
  read: ({ transactionId }) => ({ transactionId: asText(transactionId) }),
}
