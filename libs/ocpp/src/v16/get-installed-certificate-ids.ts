import type { OutboundMessage } from './outbound-message.ts'

/** Security white paper §5.7. */
export const getInstalledCertificateIds: OutboundMessage<'GetInstalledCertificateIds'> = {
  action: 'GetInstalledCertificateIds',
  write: ({ use }) => ({ payload: { certificateType: use } }),
  read: ({ certificateType }) => ({ use: certificateType }),
}
