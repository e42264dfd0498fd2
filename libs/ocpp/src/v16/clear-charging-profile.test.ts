import { said, settled } from './reading.fixture.ts'

describe('ClearChargingProfile', () => {
  it('clears one profile, those that fit all criteria, or without criteria all', () => {
    expect(said({ type: 'ClearChargingProfile', profileId: 5 })).toEqual({
      action: 'ClearChargingProfile',
      payload: { id: 5 },
    })
    const criteria = { evseId: 0, purpose: 'ChargingStationMaxProfile', stackLevel: 2 }
    expect(said({ type: 'ClearChargingProfile', ...criteria })).toHaveProperty('payload', {
      connectorId: 0,
      chargingProfilePurpose: 'ChargePointMaxProfile',
      stackLevel: 2,
    })
    expect(said({ type: 'ClearChargingProfile' })).toHaveProperty('payload', {})
  })

  it('is settled by the status, Unknown when nothing fits', () => {
    for (const status of ['Accepted', 'Unknown'])
      expect(settled({ type: 'ClearChargingProfile' }, { status })).toMatchObject({ outcome: 'result', status })
  })
})
