import { protocol16 } from './protocol16.ts'
import { read } from './reading.fixture.ts'

describe('SignCertificate', () => {
  it('becomes a certificate request and is answered with a status alone', () => {
    const csr = String.raw`-----BEGIN CERTIFICATE REQUEST-----\nMII\n-----END CERTIFICATE REQUEST-----`
    const { fact, answer } = read('CertificateRequest', `[2,"1","SignCertificate",{"csr":"${csr}"}]`)
    expect(fact).toEqual({ type: 'CertificateRequest', csr: csr.replaceAll(String.raw`\n`, '\n') })
    expect(answer({ type: 'CertificateRequest', status: 'Accepted' })).toEqual({ status: 'Accepted' })
    expect(answer({ type: 'CertificateRequest', status: 'Rejected' })).toEqual({ status: 'Rejected' })
  })

  it('without a request is refused', () => {
    expect(protocol16.inbound('SignCertificate', {}, { tenant: 'default', chargerId: 'CP1' })).toMatchObject({
      kind: 'error',
      code: 'OccurenceConstraintViolation',
    })
  })
})
