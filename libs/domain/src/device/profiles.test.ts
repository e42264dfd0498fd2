import type { ChargingProfile, CompositeSchedule } from '@voltrail/contracts/charging-profile'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { CommandId, TransactionId } from '@voltrail/contracts/ids'
import { at, given } from '../fixtures/given.ts'
import { applyOutcome } from './command-outcome.ts'
import type { SettledCommand } from './settled-command.ts'
import { compareComposite } from './composite-schedule.ts'
import { device } from './device.ts'
import { clockProven, lowersPower, profileRefusal } from './profile-checks.ts'
import { forgetTransactionProfiles, type SetProfile } from './profiles.ts'

const profile = (limit = '16', given: Partial<ChargingProfile> = {}): ChargingProfile => ({
  profileId: 1,
  stackLevel: 0,
  purpose: 'TxDefaultProfile',
  kind: 'Absolute',
  schedule: { unit: 'A', periods: [{ startSeconds: 0, limit }] },
  ...given,
})
const known = (limit = '16', given: Partial<ChargingProfile> = {}, evseId = 1): SetProfile => ({
  evseId,
  profile: profile(limit, given),
  at: at(0),
})
const set = (limit = '16', given: Partial<ChargingProfile> = {}): DeviceEvent => ({
  type: 'ChargingProfileSet',
  data: { evseId: 1, profile: profile(limit, given) },
})
const composite = (limit: string, given: Partial<CompositeSchedule> = {}): CompositeSchedule => ({
  evseId: 1,
  durationSeconds: 3_600,
  unit: 'A',
  periods: [{ startSeconds: 0, limit }],
  ...given,
})
const askedAt = Date.parse(at(1))
const seen = (agrees: boolean): DeviceEvent => ({
  type: 'CompositeScheduleSeen',
  data: { schedule: composite('16'), agrees },
})

describe('a charging profile', () => {
  const keys = (values: Record<string, string>) => ({
    keys: Object.entries(values).map(([key, value]) => ({ key, value, readonly: true })),
    profiles: [],
    clockOffsetsMs: [] as number[],
  })
  const asked = (given: Partial<ChargingProfile> = {}) => ({ evseId: 1, profile: profile('16', given) })

  it.each([
    [{ stackLevel: 9 }, { ChargeProfileMaxStackLevel: '8' }, /stack levels up to 8/],
    [{ stackLevel: 9 }, { chargeProfileMaxStacklevel: '8' }, /stack levels up to 8/],
    [{}, { ChargingScheduleAllowedChargingRateUnit: 'Power' }, /limits in W only/],
    [
      { schedule: { unit: 'A', periods: [0, 1].map((startSeconds) => ({ startSeconds, limit: '6' })) } },
      { ChargingScheduleMaxPeriods: '1' },
      /1 periods at most/,
    ],
    [{}, { MaxChargingProfilesInstalled: '0' }, /holds 0 profiles at most/],
    [{ validTo: at(60) }, {}, /validTo: the charger's clock/],
    [{ schedule: { ...profile().schedule, startAt: at(1) } }, {}, /schedule.startAt/],
    [{ kind: 'Recurring', recurrency: 'Daily' }, {}, /kind Recurring.*use kind Relative/],
  ] as const)('%j is refused by %j', (given, limits, reason) =>
    expect(profileRefusal(asked(given as Partial<ChargingProfile>), keys(limits))).toMatch(reason),
  )
  it('is not refused by what a charger never showed, nor by limits that it keeps', () => {
    expect(profileRefusal(asked({ stackLevel: 99 }), keys({}))).toBeUndefined()
    const limits = { ChargeProfileMaxStackLevel: '8', ChargingScheduleAllowedChargingRateUnit: 'Current,Power' }
    expect(profileRefusal(asked(), keys(limits))).toBeUndefined()
    const full = { ...keys({ MaxChargingProfilesInstalled: '1' }), profiles: [known()] }
    expect(profileRefusal(asked(), full)).toBeUndefined()
  })
  it('may name times once the clock is seen to be right', () => {
    const timed = (clockOffsetsMs: number[], force?: true) =>
      profileRefusal(asked({ validTo: at(60) }), { ...keys({}), clockOffsetsMs, force })
    expect(timed([1_000, -60_000])).toBeUndefined()
    expect(timed([])).toMatch(/told no status with a time yet.*or set "force"/)
    expect(timed([0, -7_200_000])).toMatch(/seen 7200 s behind/)
    expect([timed([], true), timed([7_200_000], true)]).toEqual([undefined, undefined])
    expect([clockProven([]), clockProven([1_000, -60_000]), clockProven([0, 61_000])]).toEqual([false, true, false])
  })
  it('of a transaction is forgotten with it', () => {
    const transactionId = '7' as TransactionId
    given(device, set('6', { purpose: 'TxProfile', transactionId }), set('16', { profileId: 2 }))
      .when((state) => forgetTransactionProfiles(transactionId, state))
      .then({ type: 'ChargingProfilesCleared', data: { profileId: 1 } })
  })
})

describe('a profile lowers power', () => {
  const placed = (limit: string, given: Partial<ChargingProfile> = {}) => ({
    evseId: 1,
    profile: profile(limit, given),
  })
  it('when it allows no more than those that it stands in for', () => {
    expect(lowersPower(placed('10'), [known('16')])).toBe(true)
    expect(lowersPower(placed('16'), [known('16')])).toBe(true)
    expect(lowersPower(placed('20'), [known('16')])).toBe(false)
    expect(lowersPower(placed('20', { stackLevel: 1, profileId: 2 }), [known('16')])).toBe(false)
  })
  it('when nothing is known to compete with it, or nobody can say: it is a cap', () => {
    expect(lowersPower(placed('32'), undefined)).toBe(true)
    expect(
      lowersPower(placed('32'), [
        known('16', { profileId: 2 }, 2),
        known('6', { profileId: 3, purpose: 'ChargingStationMaxProfile' }, 0),
      ]),
    ).toBe(true)
  })
  it('not when it ends, and nothing is left of the one that it replaced', () => {
    const schedule = { ...profile('10').schedule, durationSeconds: 60 }
    expect(lowersPower(placed('10', { schedule }), [known('16')])).toBe(false)
    expect(lowersPower(placed('10', { schedule, profileId: 2, stackLevel: 1 }), [known('16')])).toBe(true)
  })
  it('in another unit only if the phases are known', () => {
    const inWatts = (numberPhases?: number) =>
      placed('10', {
        schedule: {
          unit: 'W',
          periods: [{ startSeconds: 0, limit: '2300', ...(numberPhases === undefined ? {} : { numberPhases }) }],
        },
      })
    expect([lowersPower(inWatts(3), [known('16')]), lowersPower(inWatts(), [known('16')])]).toEqual([true, false])
  })
})

describe('a composite schedule', () => {
  const compare = (schedule: CompositeSchedule, ...profiles: SetProfile[]) =>
    compareComposite(schedule, profiles, askedAt)
  it('agrees when it stays at or below what the profiles say', () => {
    expect(compare(composite('16'), known('16'))).toEqual({ agrees: true })
    expect(compare(composite('6'), known('16'))).toEqual({ agrees: true })
    expect(compare(composite('32'))).toEqual({ agrees: true })
  })
  it('disagrees when it means to allow more, and says when and how much', () => {
    expect(compare(composite('32'), known('16'))).toEqual({
      agrees: false,
      detail: 'after 0 s it means to allow 32 A, its profiles 16 A',
    })
    const later = composite('10', {
      periods: [
        { startSeconds: 0, limit: '10' },
        { startSeconds: 600, limit: '20' },
      ],
    })
    expect(compare(later, known('16'))).toMatchObject({ detail: expect.stringMatching(/^after 600 s/) })
  })
  it('is bound by the highest profile of a stack, by that of the transaction, and by the maximum of the station', () => {
    expect(compare(composite('16'), known('16'), known('10', { profileId: 2, stackLevel: 1 })).agrees).toBe(false)
    expect(compare(composite('20'), known('16'), known('20', { profileId: 2, purpose: 'TxProfile' })).agrees).toBe(true)
    const maximum = known('10', { profileId: 3, purpose: 'ChargingStationMaxProfile' }, 0)
    expect(compare(composite('16'), known('16'), maximum).agrees).toBe(false)
    expect(compare(composite('11', { evseId: 0 }), known('6'), maximum).agrees).toBe(false)
    expect(compare(composite('10', { evseId: 0 }), known('6'), maximum).agrees).toBe(true)
  })
  it('disagrees when the charger knows of no limit, or speaks in a unit that cannot be compared', () => {
    expect(compare(composite('0', { periods: [] }), known('16'))).toMatchObject({ agrees: false })
    expect(compare(composite('3680', { unit: 'W' }), known('16'))).toMatchObject({
      detail: expect.stringMatching(/phases/),
    })
  })
  it('is recorded with what is made of it, and vouches for limits again', () => {
    const command = { type: 'GetCompositeSchedule', evseId: 1, durationSeconds: 3_600 } as const
    const settled = (payload: object): SettledCommand => ({
      commandId: 'c1' as CommandId,
      command,
      result: { outcome: 'result', status: 'Accepted', payload: payload as never },
      revision: 4,
      settledAt: at(1),
    })
    given(device, set('16'))
      .when((state) => applyOutcome(settled({ compositeSchedule: composite('16') }), state))
      .then({
        type: 'CompositeScheduleSeen',
        data: { schedule: composite('16'), agrees: true, commandId: 'c1' },
      })
    given(device, set('16'))
      .when((state) => applyOutcome(settled({}), state))
      .thenNothing()
    const unverified: DeviceEvent = {
      type: 'LimitsUnverified',
      data: { commandId: 'c1' as CommandId, action: 'SetChargingProfile' },
    }
    expect(given(device, unverified, seen(false)).state.limitsUnverifiedSince).toBe(at(0))
    expect(given(device, unverified, seen(true)).state).not.toHaveProperty('limitsUnverifiedSince')
    expect(given(device, seen(true)).state.composites).toEqual([{ evseId: 1, agrees: true, at: at(0) }])
  })
})
