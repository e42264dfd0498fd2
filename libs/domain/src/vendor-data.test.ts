import type { EventNamed } from '@voltrail/contracts/events/registry'
import { unknownDevice } from './device/device.ts'
import { claimMeterKeys, meterKeysWith } from './device/meter-keys.ts'
import { judgeVendorData } from './vendor-data.ts'

const publicKey = '3056301006072A8648CE3D020106052B8104000A034200'
const told = (meters: unknown) => ({
  vendorId: 'generalConfiguration',
  messageId: 'setMeterConfiguration',
  data: JSON.stringify({ meters }),
})

describe('vendor data from a charger', () => {
  it('of an unknown vendor, or an unknown message of a known one, is told so', () => {
    expect(judgeVendorData({ vendorId: 'com.example' }).status).toBe('UnknownVendorId')
    for (const vendorId of ['constructor', '__proto__'])
      expect(judgeVendorData({ vendorId }).status).toBe('UnknownVendorId')
    const vendorId = 'org.openchargealliance.costmsg'
    expect(judgeVendorData({ vendorId }).status).toBe('UnknownMessageId')
    expect(judgeVendorData({ vendorId, messageId: 'toString' }).status).toBe('UnknownMessageId')
  })

  it('of plug and charge is known and refused, of costs is taken', () => {
    const pnc = 'org.openchargealliance.iso15118pnc'
    for (const messageId of ['Authorize', 'SignCertificate', 'Get15118EVCertificate', 'GetCertificateStatus'])
      expect(judgeVendorData({ vendorId: pnc, messageId }).status).toBe('Rejected')
    expect(
      judgeVendorData({ vendorId: 'org.openchargealliance.costmsg', messageId: 'ConnectorUnplugged' }).status,
    ).toBe('Accepted')
  })

  it('tells the public keys of meters, by EVSE and serial number, spaces left out', () => {
    const spaced = publicKey.replaceAll(/(..)/g, '$1 ')
    expect(
      judgeVendorData(told([{ connectorId: 1, meterSerial: 'M-1', type: 'SIGNATURE', publicKey: spaced }])),
    ).toEqual({
      status: 'Accepted',
      meterKeys: [{ publicKey, evseId: 1, meterSerial: 'M-1' }],
    })
  })

  it('is refused when it holds no key that can be one', () => {
    for (const meters of [undefined, 'x', [], [null], [{ publicKey: 'short' }], [{ publicKey: '<script>'.repeat(9) }]])
      expect(judgeVendorData(told(meters))).toEqual({ status: 'Rejected', meterKeys: [] })
    expect(judgeVendorData({ ...told([]), data: '{' }).status).toBe('Rejected')
  })

  it('makes a key known of the device as a claim, each once', () => {
    const claim = { publicKey, meterSerial: 'M-1' }
    const decided = claimMeterKeys([claim, claim], unknownDevice)
    expect(decided).toEqual({ accepted: [{ type: 'MeterKeyClaimed', data: claim }] })
    const event = { type: 'MeterKeyClaimed', data: claim as EventNamed<'MeterKeyClaimed'>['data'] }
    const state = meterKeysWith(unknownDevice, {
      ...event,
      metadata: { receivedAt: '2026-01-31T12:00:00.000Z' },
    } as never)
    expect(state.meterKeys).toEqual([{ ...claim, state: 'claimed', at: '2026-01-31T12:00:00.000Z' }])
    expect(claimMeterKeys([claim], state)).toEqual({ accepted: [] })
  })
})
