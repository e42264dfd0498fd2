import { protocol16 } from './protocol16.ts'
import { read } from './reading.fixture.ts'

describe('the status of a firmware update', () => {
  it.each(['Downloaded', 'DownloadFailed', 'Downloading', 'Idle', 'InstallationFailed', 'Installing', 'Installed'])(
    'is told in FirmwareStatusNotification without a request: %s',
    (status) => {
      const { fact, answer } = read('FirmwareStatus', `[2,"1","FirmwareStatusNotification",{"status":"${status}"}]`)
      expect(fact).toEqual({ type: 'FirmwareStatus', status })
      expect(answer({ type: 'FirmwareStatus' })).toEqual({})
    },
  )

  it('is told in SignedFirmwareStatusNotification with the request that it belongs to', () => {
    const { fact, answer } = read(
      'FirmwareStatus',
      '[2,"1","SignedFirmwareStatusNotification",{"status":"InvalidSignature","requestId":9}]',
    )
    expect(fact).toEqual({ type: 'FirmwareStatus', status: 'InvalidSignature', requestId: 9 })
    expect(answer({ type: 'FirmwareStatus' })).toEqual({})
  })

  it('is refused when it has none', () => {
    for (const action of ['FirmwareStatusNotification', 'SignedFirmwareStatusNotification'])
      expect(protocol16.inbound(action, {}, { tenant: 'default', chargerId: 'CP1' })).toMatchObject({
        kind: 'error',
        code: 'OccurenceConstraintViolation',
      })
  })
})
