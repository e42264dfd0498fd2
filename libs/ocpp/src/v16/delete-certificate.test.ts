import { said, settled } from './reading.fixture.ts'

describe('DeleteCertificate', () => {
  const certificate = { hashAlgorithm: 'SHA256', issuerNameHash: 'ab', issuerKeyHash: 'cd', serialNumber: '01' }
  const command = { type: 'DeleteCertificate', certificate }

  it('names the certificate by its hashes', () => {
    expect(said(command)).toEqual({ action: 'DeleteCertificate', payload: { certificateHashData: certificate } })
  })

  it('is settled by the status', () => {
    for (const status of ['Accepted', 'Failed', 'NotFound'])
      expect(settled(command, { status })).toMatchObject({ outcome: 'result', status })
  })
})
