import type { OutboundMessage } from './outbound-message.ts'

/** Security white paper §5.13. */
export const installCertificate: OutboundMessage<'InstallCertificate'> = {
  action: 'InstallCertificate',
  write: ({ use, pem }) => ({ payload: { certificateType: use, certificate: pem } }),
  read: ({ certificateType, certificate }) => ({ use: certificateType, pem: certificate }),
}
