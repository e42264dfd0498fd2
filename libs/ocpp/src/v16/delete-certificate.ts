import type { OutboundMessage } from './outbound-message.ts'

/** Security white paper §5.3. */
export const deleteCertificate: OutboundMessage<'DeleteCertificate'> = {
  action: 'DeleteCertificate',
  write: ({ certificate }) => ({ payload: { certificateHashData: certificate } }),
  read: ({ certificateHashData }) => ({ certificate: certificateHashData }),
}
