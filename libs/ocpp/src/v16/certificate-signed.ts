import type { OutboundMessage } from './outbound-message.ts'

/** Security white paper §5.1: the charger's own certificate first, then those that vouch for it. */
export const certificateSigned: OutboundMessage<'CertificateSigned'> = {
  action: 'CertificateSigned',
  write: ({ chain }) => ({ payload: { certificateChain: chain } }),
  read: ({ certificateChain }) => ({ chain: certificateChain }),
}
