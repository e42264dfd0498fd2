import { said, settled } from './reading.fixture.ts'

describe('GetCompositeSchedule', () => {
  const command = { type: 'GetCompositeSchedule', evseId: 1, durationSeconds: 3600 }

  it('asks for a duration, in a unit or in the charger’s own', () => {
    expect(said(command)).toEqual({ action: 'GetCompositeSchedule', payload: { connectorId: 1, duration: 3600 } })
    expect(said({ ...command, evseId: 0, unit: 'W' })).toHaveProperty('payload', {
      connectorId: 0,
      duration: 3600,
      chargingRateUnit: 'W',
    })
  })

  it('is answered with a schedule, whose fractions are told as text', () => {
    const chargingSchedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16.5 }] }
    expect(settled(command, { status: 'Accepted', connectorId: 1, chargingSchedule })).toEqual({
      outcome: 'result',
      status: 'Accepted',
      payload: {
        status: 'Accepted',
        connectorId: 1,
        chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: '16.5' }] },
        compositeSchedule: {
          evseId: 1,
          durationSeconds: 86_400,
          unit: 'A',
          periods: [{ startSeconds: 0, limit: '16.5' }],
        },
      },
    })
    expect(settled(command, { status: 'Rejected' })).toMatchObject({ outcome: 'result', status: 'Rejected' })
  })
})
