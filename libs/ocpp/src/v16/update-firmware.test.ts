import { said, settled } from './reading.fixture.ts'

describe('UpdateFirmware', () => {
  const command = {
    type: 'UpdateFirmware',
    requestId: 9,
    location: 'https://files.example/f.bin',
    retrieveAt: '2026-01-31T12:00:00.000Z',
  }
  const signed = { signature: 'c2ln', signingCertificate: '-----BEGIN CERTIFICATE-----' }

  it('says from where, when and how often to fetch it; 1.6 has neither request id nor time to install', () => {
    expect(said({ ...command, installAt: '2026-01-31T13:00:00.000Z', retries: 3, retryIntervalSeconds: 60 })).toEqual({
      action: 'UpdateFirmware',
      payload: {
        location: 'https://files.example/f.bin',
        retrieveDate: '2026-01-31T12:00:00.000Z',
        retries: 3,
        retryInterval: 60,
      },
    })
  })

  it('is SignedUpdateFirmware with a signature', () => {
    const installAt = '2026-01-31T13:00:00.000Z'
    expect(said({ ...command, ...signed, installAt, retries: 1 })).toEqual({
      action: 'SignedUpdateFirmware',
      payload: {
        requestId: 9,
        firmware: {
          location: 'https://files.example/f.bin',
          retrieveDateTime: '2026-01-31T12:00:00.000Z',
          installDateTime: installAt,
          ...signed,
        },
        retries: 1,
      },
    })
  })

  it('refuses a signature without its certificate, and the other way round', () => {
    const reason = 'a signed firmware update has both a signature and the certificate that it is checked with'
    expect(said({ ...command, signature: 'c2ln' })).toEqual({ unsupported: reason })
    expect(said({ ...command, signingCertificate: 'PEM' })).toEqual({ unsupported: reason })
  })

  it('is answered with nothing, signed with a status', () => {
    expect(settled(command, {})).toEqual({ outcome: 'result', status: 'Accepted', payload: {} })
    for (const status of ['Accepted', 'Rejected', 'AcceptedCanceled', 'InvalidCertificate', 'RevokedCertificate'])
      expect(settled({ ...command, ...signed }, { status })).toMatchObject({ outcome: 'result', status })
    expect(settled({ ...command, ...signed }, {})).toHaveProperty('outcome', 'invalidAnswer')
  })
})
