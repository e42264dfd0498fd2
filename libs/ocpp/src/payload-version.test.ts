import fc from 'fast-check'
import { payloadVersion } from './payload-version.ts'

describe('the version that a payload is written in', () => {
  it.each([
    ['BootNotification', { chargePointVendor: 'FoxESS', chargePointModel: 'A011KP1' }, '1.6'],
    ['BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'FoxESS', model: 'A011KP1' } }, '2.x'],
    ['BootNotification', { reason: 'PowerUp' }, '2.x'],
    ['StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' }, '1.6'],
    [
      'StatusNotification',
      { timestamp: '2026-01-31T12:00:00Z', connectorStatus: 'Occupied', evseId: 1, connectorId: 1 },
      '2.x',
    ],
    ['Authorize', { idTag: '04A2' }, '1.6'],
    ['Authorize', { idToken: { idToken: '04A2', type: 'ISO14443' } }, '2.x'],
    ['MeterValues', { connectorId: 1, meterValue: [] }, '1.6'],
    ['MeterValues', { evseId: 1, meterValue: [] }, '2.x'],
    ['StartTransaction', {}, '1.6'],
    ['StopTransaction', null, '1.6'],
    ['TransactionEvent', {}, '2.x'],
    ['NotifyReport', { requestId: 1, generatedAt: '2026-01-31T12:00:00Z', seqNo: 0 }, '2.x'],
    ['NotifyEvent', {}, '2.x'],
  ])('is told from a %s with %j: %s', (action, payload, version) => {
    expect(payloadVersion(action, payload)).toBe(version)
  })

  it.each([
    ['Heartbeat', {}],
    ['DataTransfer', { vendorId: 'v' }],
    ['SecurityEventNotification', { type: 'FirmwareUpdated', timestamp: '2026-01-31T12:00:00Z' }],
    ['BootNotification', {}],
    // a 1.6 charger with fields of its own, or in its own case
    ['BootNotification', { chargepointvendor: 'V', reason: 'PowerUp' }],
    ['StatusNotification', { connectorId: 1, status: 'Available', evseId: 1 }],
    ['MeterValues', { connectorID: 1, evseId: 1, meterValue: [] }],
  ])('cannot be told from a %s with %j', (action, payload) => {
    expect(payloadVersion(action, payload)).toBeUndefined()
  })

  it('is asked of anything without an exception', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('Authorize', '__proto__')),
        fc.anything(),
        (action, payload) => {
          payloadVersion(action, payload)
        },
      ),
    )
  })
})
