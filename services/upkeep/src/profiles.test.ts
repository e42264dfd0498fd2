import type { ChargingProfile } from '@voltrail/contracts/charging-profile'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { ChargerId, CommandId, EvseId, type TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { openHouse } from './fixtures/duty-house.ts'
import { outcomes } from './outcomes.ts'
import { profiles } from './profiles.ts'

const at = instant(Date.UTC(2026, 0, 31, 12))
const profile: ChargingProfile = {
  profileId: 1,
  stackLevel: 0,
  purpose: 'TxDefaultProfile',
  kind: 'Absolute',
  schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '16' }] },
}
const composite = (limit: string) => ({
  compositeSchedule: { evseId: 1, durationSeconds: 3_600, unit: 'A', periods: [{ startSeconds: 0, limit }] },
})

const house = () => {
  const one = openHouse([outcomes, profiles])
  one.answers.composite = composite('16')
  return {
    ...one,
    set: (given: Partial<ChargingProfile> = {}) =>
      one.command({
        commandId: CommandId.parse(`set-${one.asked.length}`),
        chargerId: ChargerId.parse('CP1'),
        actor: { kind: 'operator', id: 'test' },
        requestedAt: at,
        timeoutMs: 30_000,
        command: { type: 'SetChargingProfile', evseId: EvseId.parse(1), profile: { ...profile, ...given } },
      }),
    composites: () => one.asked.filter(({ type }) => type === 'GetCompositeSchedule').length,
  }
}
const opened = (transactionId: string): ChargerEvent =>
  ({
    type: 'TransactionOpened',
    data: {
      transactionId,
      evseId: 1,
      connectorId: 1,
      startKey: 'k',
      tokenRef: 'a'.repeat(32),
      authorization: 'Accepted',
      startedAt: { effectiveAt: at, reason: 'received', receivedAt: at, charger: at },
    },
  }) as never

describe('the charging profiles of a charger', () => {
  it('are verified also where the schedule could not be asked for at first', async () => {
    const { boot, wait, set, composites, setAway, state } = house()
    await boot()
    await wait(1)
    await set()
    setAway(true)
    await wait(3)
    expect(composites()).toBe(0)
    setAway(false)
    await wait(3)
    expect([composites(), (await state()).profiles?.length]).toEqual([1, 1])
  })

  it('are verified after each that it took, and again after every boot and start', async () => {
    const { boot, wait, set, told, composites, state, answers } = house()
    await boot()
    await wait(1)
    expect(composites()).toBe(0)
    await set()
    await wait(1)
    expect(composites()).toBe(1)
    expect((await state()).composites).toMatchObject([{ evseId: 1, agrees: true }])
    answers.composite = composite('32')
    await boot()
    await wait(1)
    expect(composites()).toBe(2)
    expect((await state()).composites).toMatchObject([{ evseId: 1, agrees: false }])
    await told(opened('7'))
    await wait(1)
    expect(composites()).toBe(3)
    await wait(30)
    expect(composites()).toBe(3)
  })

  it('of a transaction are forgotten when it ends', async () => {
    const { boot, wait, set, told, state } = house()
    await boot()
    await told(opened('7'))
    await set({ purpose: 'TxProfile', transactionId: '7' as TransactionId })
    await wait(1)
    expect((await state()).profiles).toHaveLength(1)
    await told({ type: 'TransactionClosed', data: { transactionId: '7' as TransactionId, reason: 'stopped' } } as never)
    expect((await state()).profiles).toEqual([])
  })
})
