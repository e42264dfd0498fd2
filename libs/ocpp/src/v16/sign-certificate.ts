import { text } from './fields.ts'
import { AnswerMismatch, type InboundMessage } from './inbound-message.ts'

/** Security white paper §5.17: the certificate itself comes later, in a CertificateSigned of ours. */
export const signCertificate: InboundMessage = {
  action: 'SignCertificate',
  read: (payload) => ({ type: 'CertificateRequest', csr: text(payload, 'csr') ?? '' }),
  answer: (answer) => {
    if (answer.type !== 'CertificateRequest') throw new AnswerMismatch('SignCertificate', answer)
    return { status: answer.status }
  },
}
