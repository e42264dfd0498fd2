import { ChargerCommand } from '@voltrail/contracts/charger-commands'
import { outbound16 } from './actions.ts'
import { protocol16 } from './protocol16.ts'
import { now, said, settled } from './reading.fixture.ts'

const profile = {
  profileId: 5,
  stackLevel: 1,
  purpose: 'TxProfile',
  kind: 'Recurring',
  recurrency: 'Daily',
  validFrom: now,
  validTo: now,
  schedule: {
    unit: 'W',
    durationSeconds: 60,
    startAt: now,
    minChargingRate: '1400.5',
    periods: [{ startSeconds: 0, limit: '4200.1', numberPhases: 1 }],
  },
}
const idToken = { value: '04A2', type: 'Unknown' }
const file = { location: 'https://user:pass@files.example/1', retries: 2, retryIntervalSeconds: 30 }
/** Each command of ours, with all that 1.6 can say of it. */
const commands: readonly object[] = [
  { type: 'RemoteStart', idToken, evseId: 1, chargingProfile: profile },
  { type: 'RemoteStop', transactionId: '77' },
  { type: 'Reset', kind: 'Hard' },
  { type: 'UnlockConnector', evseId: 2 },
  { type: 'ChangeConfiguration', key: 'HeartbeatInterval', value: '300' },
  { type: 'GetConfiguration', keys: ['HeartbeatInterval'] },
  { type: 'ChangeAvailability', evseId: 0, availability: 'Inoperative' },
  { type: 'ClearCache' },
  { type: 'TriggerMessage', message: 'MeterValues', evseId: 1 },
  { type: 'TriggerMessage', message: 'SignChargingStationCertificate' },
  { type: 'DataTransfer', vendorId: 'v', messageId: 'm', data: 'd' },
  { type: 'ReserveNow', reservationId: 7, evseId: 1, idToken, groupIdToken: idToken, expiresAt: now },
  { type: 'CancelReservation', reservationId: 7 },
  {
    type: 'SendLocalList',
    listVersion: 3,
    updateType: 'Differential',
    entries: [
      { idToken, authorization: { status: 'Accepted', expiresAt: now, groupToken: 'G' } },
      { idToken: { value: '04A3', type: 'Unknown' } },
    ],
  },
  { type: 'GetLocalListVersion' },
  { type: 'SetChargingProfile', evseId: 1, profile: { ...profile, transactionId: '77' } },
  { type: 'ClearChargingProfile', profileId: 5, evseId: 0, purpose: 'ChargingStationMaxProfile', stackLevel: 1 },
  { type: 'GetCompositeSchedule', evseId: 0, durationSeconds: 60, unit: 'A' },
  { type: 'UpdateFirmware', requestId: 9, retrieveAt: now, ...file },
  {
    type: 'UpdateFirmware',
    requestId: 9,
    retrieveAt: now,
    installAt: now,
    ...file,
    signature: 's',
    signingCertificate: 'c',
  },
  { type: 'GetLog', requestId: 9, log: 'DiagnosticsLog', from: now, until: now, ...file },
  { type: 'GetLog', requestId: 9, log: 'SecurityLog', from: now, until: now, ...file },
  { type: 'InstallCertificate', use: 'ManufacturerRootCertificate', pem: 'PEM' },
  {
    type: 'DeleteCertificate',
    certificate: { hashAlgorithm: 'SHA256', issuerNameHash: 'ab', issuerKeyHash: 'cd', serialNumber: '1' },
  },
  { type: 'GetInstalledCertificateIds', use: 'CentralSystemRootCertificate' },
  { type: 'CertificateSigned', chain: 'PEM' },
]
const meant = (action: string, payload: unknown) => {
  const call = protocol16.call(action, payload, 9)
  if (!('command' in call)) throw new Error(JSON.stringify(call))
  return call.command
}

describe('an operator’s own call', () => {
  it('has a reading for every command of ours', () => {
    const types = new Set(commands.map((command) => ChargerCommand.parse(command).type))
    expect([...types, 'RawCall'].toSorted()).toEqual(Object.keys(outbound16).toSorted())
  })

  it.each(commands)('of a known action is the command that says the same: %j', (command) => {
    const written = said(command)
    if (!('payload' in written)) throw new Error(written.unsupported)
    expect(meant(written.action, written.payload)).toEqual(ChargerCommand.parse(command))
  })

  it('means the same however its times are spelt', () => {
    const payload = { location: 'https://files.example/1', retrieveDate: '2026-01-31T13:00:00+01:00' }
    expect(meant('UpdateFirmware', payload)).toMatchObject({ type: 'UpdateFirmware', retrieveAt: now, requestId: 9 })
  })

  it('stays what it is when no command of ours says the same', () => {
    // ours asks with TriggerMessage, and for diagnostics with GetDiagnostics
    for (const [action, payload] of [
      ['ExtendedTriggerMessage', { requestedMessage: 'Heartbeat' }],
      ['GetLog', { logType: 'DiagnosticsLog', requestId: 1, log: { remoteLocation: 'https://files.example/1' } }],
      ['TriggerMessage', { requestedMessage: 'Heartbeat', connectorId: 0 }],
    ] as const) {
      expect(meant(action, payload)).toEqual({ type: 'RawCall', action, payload })
    }
  })

  it('of an action that 1.6 does not know goes out as it was given, and its answer comes back as it came', () => {
    const payload = { what: [1, null, { deep: 1.5 }] }
    const command = meant('CustomOperation', payload)
    expect(command).toEqual({ type: 'RawCall', action: 'CustomOperation', payload })
    expect(said(command)).toEqual({ action: 'CustomOperation', payload })
    expect(settled(command, { status: 'Done', more: 1.5 })).toEqual({
      outcome: 'result',
      status: 'Done',
      payload: { status: 'Done', more: '1.5' },
    })
    expect(settled(command, ['any'])).toMatchObject({ status: 'Accepted', payload: { answer: ['any'] } })
  })

  it('that the official schema refuses is refused with the field, without its value', () => {
    expect(protocol16.call('Reset', { type: 'SECRET' }, 1)).toEqual({
      violations: [expect.objectContaining({ path: '/type', message: expect.stringContaining('allowed values') })],
    })
    expect(JSON.stringify(protocol16.call('Reset', { type: 'SECRET' }, 1))).not.toContain('SECRET')
    expect(protocol16.call('Reset', [], 1)).toEqual({ violations: [{ path: '', message: 'must be an object' }] })
  })

  it('is none that only a charger makes', () => {
    expect(protocol16.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' }, 1)).toEqual({
      unsendable: expect.stringMatching(
        /^BootNotification is what a charger sends, not what it is sent; a charger can be sent CancelReservation, .*TriggerMessage, .*UpdateFirmware$/,
      ),
    })
    expect(protocol16.call('Heartbeat', {}, 1)).toHaveProperty('unsendable')
  })
})
