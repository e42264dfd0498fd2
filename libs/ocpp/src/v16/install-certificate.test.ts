import { said, settled } from './reading.fixture.ts'

describe('InstallCertificate', () => {
  const command = {
    type: 'InstallCertificate',
    use: 'CentralSystemRootCertificate',
    pem: '-----BEGIN CERTIFICATE-----',
  }

  it('sends a root certificate and what it is for', () => {
    expect(said(command)).toEqual({
      action: 'InstallCertificate',
      payload: { certificateType: 'CentralSystemRootCertificate', certificate: '-----BEGIN CERTIFICATE-----' },
    })
  })

  it('is settled by the status', () => {
    for (const status of ['Accepted', 'Rejected', 'Failed'])
      expect(settled(command, { status })).toMatchObject({ outcome: 'result', status })
  })
})
