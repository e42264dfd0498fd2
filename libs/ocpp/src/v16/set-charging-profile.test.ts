import { said, settled } from './reading.fixture.ts'

describe('SetChargingProfile', () => {
  const profile = {
    profileId: 5,
    stackLevel: 1,
    purpose: 'TxDefaultProfile',
    kind: 'Relative',
    schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '16' }] },
  }
  const set = (change: object = {}, evseId = 1) => ({
    type: 'SetChargingProfile',
    evseId,
    profile: { ...profile, ...change },
  })

  it('sends the profile in the words of 1.6, limits as numbers', () => {
    expect(said(set())).toEqual({
      action: 'SetChargingProfile',
      payload: {
        connectorId: 1,
        csChargingProfiles: {
          chargingProfileId: 5,
          stackLevel: 1,
          chargingProfilePurpose: 'TxDefaultProfile',
          chargingProfileKind: 'Relative',
          chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] },
        },
      },
    })
  })

  it('sends all that a profile may say', () => {
    const whole = {
      purpose: 'TxProfile',
      transactionId: '77',
      kind: 'Recurring',
      recurrency: 'Daily',
      validFrom: '2026-01-31T12:00:00.000Z',
      validTo: '2026-02-28T12:00:00.000Z',
      schedule: {
        unit: 'W',
        durationSeconds: 3600,
        startAt: '2026-01-31T00:00:00.000Z',
        minChargingRate: '1400.5',
        periods: [
          { startSeconds: 0, limit: '11000', numberPhases: 3 },
          { startSeconds: 1800, limit: '4200.1', numberPhases: 1 },
        ],
      },
    }
    expect(said(set(whole))).toHaveProperty('payload.csChargingProfiles', {
      chargingProfileId: 5,
      transactionId: 77,
      stackLevel: 1,
      chargingProfilePurpose: 'TxProfile',
      chargingProfileKind: 'Recurring',
      recurrencyKind: 'Daily',
      validFrom: '2026-01-31T12:00:00.000Z',
      validTo: '2026-02-28T12:00:00.000Z',
      chargingSchedule: {
        duration: 3600,
        startSchedule: '2026-01-31T00:00:00.000Z',
        chargingRateUnit: 'W',
        chargingSchedulePeriod: [
          { startPeriod: 0, limit: 11000, numberPhases: 3 },
          { startPeriod: 1800, limit: 4200.1, numberPhases: 1 },
        ],
        minChargingRate: 1400.5,
      },
    })
  })

  it('sets the maximum of the station at connector 0 alone, the profile of a transaction never there', () => {
    expect(said(set({ purpose: 'ChargingStationMaxProfile' }, 0))).toHaveProperty(
      'payload.csChargingProfiles.chargingProfilePurpose',
      'ChargePointMaxProfile',
    )
    expect(said(set({ purpose: 'ChargingStationMaxProfile' }, 1))).toEqual({
      unsupported: 'a maximum of the whole charging station is set at EVSE 0',
    })
    expect(said(set({ purpose: 'TxProfile' }, 0))).toEqual({
      unsupported: 'the profile of a transaction is set at its EVSE, not at 0',
    })
  })

  it('refuses what 1.6 cannot say: a finer limit, a transaction id that is no number', () => {
    expect(said(set({ schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '16.25' }] } }))).toEqual({
      unsupported: 'an OCPP 1.6 limit has one digit after the point at most',
    })
    expect(said(set({ purpose: 'TxProfile', transactionId: 'a-uuid' }))).toEqual({
      unsupported: 'an OCPP 1.6 transaction id is a whole number',
    })
  })

  it('is settled by the status', () => {
    for (const status of ['Accepted', 'Rejected', 'NotSupported'])
      expect(settled(set(), { status })).toMatchObject({ outcome: 'result', status })
  })
})
