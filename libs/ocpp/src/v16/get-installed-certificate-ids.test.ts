import { said, settled } from './reading.fixture.ts'

describe('GetInstalledCertificateIds', () => {
  const command = { type: 'GetInstalledCertificateIds', use: 'ManufacturerRootCertificate' }

  it('asks for the roots of one use', () => {
    expect(said(command)).toEqual({
      action: 'GetInstalledCertificateIds',
      payload: { certificateType: 'ManufacturerRootCertificate' },
    })
  })

  it('is answered with their hashes, or that there are none', () => {
    const certificateHashData = [
      { hashAlgorithm: 'SHA256', issuerNameHash: 'ab', issuerKeyHash: 'cd', serialNumber: '01' },
    ]
    expect(settled(command, { status: 'Accepted', certificateHashData })).toEqual({
      outcome: 'result',
      status: 'Accepted',
      payload: { status: 'Accepted', certificateHashData },
    })
    expect(settled(command, { status: 'NotFound' })).toMatchObject({ outcome: 'result', status: 'NotFound' })
  })
})
