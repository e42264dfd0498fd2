import { said, settled } from './reading.fixture.ts'

describe('CertificateSigned', () => {
  const command = { type: 'CertificateSigned', chain: '-----BEGIN CERTIFICATE-----' }

  it('brings the charger its certificate with the chain', () => {
    expect(said(command)).toEqual({
      action: 'CertificateSigned',
      payload: { certificateChain: '-----BEGIN CERTIFICATE-----' },
    })
  })

  it('is settled by the status', () => {
    for (const status of ['Accepted', 'Rejected'])
      expect(settled(command, { status })).toMatchObject({ outcome: 'result', status })
  })
})
