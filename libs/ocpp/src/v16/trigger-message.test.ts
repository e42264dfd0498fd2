import { said, settled } from './reading.fixture.ts'

describe('TriggerMessage', () => {
  it('asks for a message of an EVSE or, without one or with 0, of the station', () => {
    expect(said({ type: 'TriggerMessage', message: 'StatusNotification', evseId: 1 })).toEqual({
      action: 'TriggerMessage',
      payload: { requestedMessage: 'StatusNotification', connectorId: 1 },
    })
    expect(said({ type: 'TriggerMessage', message: 'BootNotification', evseId: 0 })).toHaveProperty('payload', {
      requestedMessage: 'BootNotification',
    })
  })

  it('is ExtendedTriggerMessage for what the security extension alone can ask for', () => {
    expect(said({ type: 'TriggerMessage', message: 'LogStatusNotification' })).toEqual({
      action: 'ExtendedTriggerMessage',
      payload: { requestedMessage: 'LogStatusNotification' },
    })
    expect(said({ type: 'TriggerMessage', message: 'SignChargingStationCertificate' })).toEqual({
      action: 'ExtendedTriggerMessage',
      payload: { requestedMessage: 'SignChargePointCertificate' },
    })
    expect(said({ type: 'TriggerMessage', message: 'FirmwareStatusNotification' })).toHaveProperty(
      'action',
      'TriggerMessage',
    )
  })

  it('is settled by the status', () => {
    expect(settled({ type: 'TriggerMessage', message: 'Heartbeat' }, { status: 'NotImplemented' })).toMatchObject({
      status: 'NotImplemented',
    })
  })
})
