import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { ChargingProfile } from '@voltrail/contracts/charging-profile'
import type { TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { isUrgent } from './sent-first.ts'

const profile = (limit: string): ChargingProfile => ({
  profileId: 1,
  stackLevel: 0,
  purpose: 'TxDefaultProfile',
  kind: 'Absolute',
  schedule: { unit: 'A', periods: [{ startSeconds: 0, limit }] },
})
const set = (limit: string): ChargerCommand => ({ type: 'SetChargingProfile', evseId: 1, profile: profile(limit) })
const at = (limit: string) => ({ profiles: [{ evseId: 1, profile: profile(limit), at: instant(0) }] })

describe('what never waits for the log', () => {
  it('is the end of a transaction, and less power', () => {
    expect(isUrgent({ type: 'RemoteStop', transactionId: '1' as TransactionId }, undefined)).toBe(true)
    expect(isUrgent(set('10'), at('16'))).toBe(true)
    expect(isUrgent(set('10'), {})).toBe(true)
    expect(isUrgent(set('10'), undefined)).toBe(true)
  })
  it('is never more power, nor a limit taken away', () => {
    expect(isUrgent(set('20'), at('16'))).toBe(false)
    expect(isUrgent({ type: 'ClearChargingProfile' }, undefined)).toBe(false)
    expect(isUrgent({ type: 'ChangeConfiguration', key: 'a', value: 'b' }, undefined)).toBe(false)
  })
})
