import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.12, §6.35. */
export const remoteStopTransaction: OutboundMessage<'RemoteStop'> = {
  action: 'RemoteStopTransaction',
  write: ({ transactionId }) => {
    if (!/^[1-9]\d{0,9}$/.test(transactionId) || Number(transactionId) > 0x7fff_ffff) {
      return { unsupported: 'an OCPP 1.6 transaction id is a whole number from 1 to 2147483647' }
    }
    return { payload: { transactionId: Number(transactionId) } }
  },
}
