import { said, settled } from './reading.fixture.ts'

describe('UnlockConnector', () => {
  it('names the connector by its EVSE', () => {
    expect(said({ type: 'UnlockConnector', evseId: 2 })).toEqual({
      action: 'UnlockConnector',
      payload: { connectorId: 2 },
    })
    expect(said({ type: 'UnlockConnector', evseId: 2, connectorId: 1 })).toHaveProperty('payload', { connectorId: 2 })
    expect(said({ type: 'UnlockConnector', evseId: 2, connectorId: 2 })).toHaveProperty('unsupported')
  })

  it('is settled by the status', () => {
    expect(settled({ type: 'UnlockConnector', evseId: 1 }, { status: 'UnlockFailed' })).toMatchObject({
      status: 'UnlockFailed',
    })
  })
})
