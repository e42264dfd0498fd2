import type { StoredChargerCommand } from '@voltrail/contracts/charger-commands'
import type { CommandId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { profileOutcome } from './profiles.ts'
import { limitsTouchedBy } from './touches-limits.ts'
import { unknownDevice } from './device.ts'
import type { SettledCommand } from './settled-command.ts'

const profile = {
  profileId: 1,
  stackLevel: 0,
  purpose: 'TxDefaultProfile',
  kind: 'Relative',
  schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '16' }] },
}
const settled = (command: object, change: Partial<SettledCommand> = {}) =>
  profileOutcome(
    {
      commandId: 'c1' as CommandId,
      command: command as StoredChargerCommand,
      result: { outcome: 'result', status: 'Accepted', payload: {} },
      revision: 1,
      settledAt: instant(0),
      ...change,
    },
    unknownDevice,
  ).map(({ type }) => type)

describe('an operator’s own call that touches limits', () => {
  const set = { type: 'SetChargingProfile', evseId: 1, profile }

  it('is remembered as a profile like the typed command, and leaves the limits unvouched for', () => {
    expect(settled(set)).toEqual(['ChargingProfileSet'])
    expect(settled(set, { asCall: true })).toEqual(['ChargingProfileSet', 'LimitsUnverified'])
    expect(settled({ type: 'ClearChargingProfile' }, { asCall: true })).toEqual([
      'ChargingProfilesCleared',
      'LimitsUnverified',
    ])
  })

  it('leaves them unvouched for when it is refused or answered unreadably, not when it was refused as a message', () => {
    const rejected = { outcome: 'result', status: 'Rejected', payload: {} } as const
    expect(settled(set, { asCall: true, result: rejected })).toEqual(['LimitsUnverified'])
    const unreadable: SettledCommand['result'] = { outcome: 'invalidAnswer', violations: [], payload: null }
    expect(settled(set, { asCall: true, result: unreadable })).toEqual(['LimitsUnverified'])
    const error = { outcome: 'callError', code: 'NotSupported', description: '' } as const
    expect(settled(set, { asCall: true, result: error })).toEqual([])
  })

  it('is one of profiles, configuration, vendor data, or a remote start with a profile', () => {
    expect(limitsTouchedBy({ type: 'RawCall', action: 'DataTransfer' })).toBe('DataTransfer')
    expect(limitsTouchedBy({ type: 'ChangeConfiguration' })).toBe('ChangeConfiguration')
    expect(limitsTouchedBy({ type: 'RemoteStart', chargingProfile: profile })).toBe('RemoteStart')
    for (const harmless of [{ type: 'RemoteStart' }, { type: 'Reset' }, { type: 'RawCall', action: 'GetLog' }])
      expect(limitsTouchedBy(harmless)).toBeUndefined()
  })
})
