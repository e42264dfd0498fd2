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

  it('is settled by the status', () => {
    expect(settled({ type: 'TriggerMessage', message: 'Heartbeat' }, { status: 'NotImplemented' })).toMatchObject({
      status: 'NotImplemented',
    })
  })
})
