import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { CommandId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { configuration } from './configuration.ts'
import { openHouse } from './fixtures/duty-house.ts'
import { outcomes } from './outcomes.ts'

const house = () => openHouse([outcomes, configuration])

describe('the configuration of a charger', () => {
  it('is read whole after its first accepted boot and after its firmware changed, not at each boot', async () => {
    const { boot, wait, asked, answers } = house()
    answers.get = { HeartbeatInterval: '300' }
    await boot()
    expect(asked).toEqual([])
    await wait(2)
    expect(asked).toEqual([{ type: 'GetConfiguration' }])
    await boot()
    await wait(5)
    expect(asked).toHaveLength(1)
    await boot('2.0')
    await wait(2)
    expect(asked).toHaveLength(2)
  })

  it('is brought to what is desired once the boot has settled, and then left in peace', async () => {
    const { boot, wait, asked, desire, keys, sets } = house()
    await boot()
    await desire('60')
    expect(asked).toEqual([])
    await wait(3)
    expect(asked).toContainEqual({ type: 'ChangeConfiguration', key: 'HeartbeatInterval', value: '60' })
    expect(await keys()).toMatchObject([{ key: 'HeartbeatInterval', outcome: 'Accepted', attempts: 1 }])
    await wait(30)
    expect(sets()).toBe(1)
  })

  it('of a charger that refuses a key is not asked for it again', async () => {
    const { boot, wait, answers, desire, keys, sets } = house()
    answers.set = 'NotSupported'
    await boot()
    await desire('60')
    await wait(30)
    await boot()
    await wait(30)
    expect(sets()).toBe(1)
    expect(await keys()).toMatchObject([{ outcome: 'NotSupported', attempts: 1 }])
  })

  it('drives nobody into a boot loop: after two boots that a key caused it is left alone', async () => {
    const { boot, wait, answers, desire, keys, sets } = house()
    await boot()
    await desire('60')
    await wait(3)
    // the charger boots each time, and has forgotten the key
    for (let i = 0; i < 6; i++) {
      delete answers.get['HeartbeatInterval']
      await boot(`1.${i}`)
      await wait(i === 0 ? 20 : 4)
    }
    expect(await keys()).toMatchObject([{ outcome: 'Quarantined', boots: 2 }])
    const before = sets()
    await wait(60)
    expect([before, sets()]).toEqual([2, 2])
  })

  it('that needs a boot gets a soft reset where that is allowed, once', async () => {
    for (const mayReset of [false, true]) {
      const { boot, wait, answers, desire, asked } = house()
      answers.set = 'RebootRequired'
      await boot()
      await desire('60', mayReset)
      await wait(10)
      expect(asked.filter(({ type }) => type === 'Reset')).toEqual(mayReset ? [{ type: 'Reset', kind: 'Soft' }] : [])
      answers.get = { HeartbeatInterval: '60' }
      await boot()
      await wait(10)
      expect(asked).toContainEqual({ type: 'GetConfiguration', keys: ['HeartbeatInterval'] })
      expect(asked.filter(({ type }) => type === 'ChangeConfiguration')).toHaveLength(1)
    }
  })

  it('that somebody changes by hand is theirs until it is desired anew', async () => {
    const { boot, wait, desire, keys, byHand, sets } = house()
    await boot()
    await desire('60')
    await wait(3)
    await byHand('90')
    await wait(30)
    expect(sets()).toBe(2)
    expect(await keys()).toMatchObject([
      { outcome: 'Suspended', by: { kind: 'operator', id: 'test' }, at: expect.any(String) },
    ])
    await desire('60')
    await wait(3)
    expect(sets()).toBe(3)
    expect(await keys()).toMatchObject([{ outcome: 'Accepted' }])
    expect((await keys())?.[0]).not.toHaveProperty('by')
  })

  it('waits for the answer to a change by hand, and is theirs too when nobody knows whether it was taken', async () => {
    const { boot, wait, desire, keys, told, sets } = house()
    const commandId = CommandId.parse('by-hand')
    const command = { type: 'ChangeConfiguration', key: 'HeartbeatInterval', value: '90', redacted: false } as const
    await boot()
    await desire('60')
    await told({ type: 'CommandRequested', data: { commandId, command, deadline: instant(0) } })
    await wait(1.5)
    expect([sets(), await keys()]).toEqual([0, []])
    await told({ type: 'CommandOutcomeUnknown', data: { commandId, reason: 'timeout' } })
    await wait(30)
    expect(sets()).toBe(0)
    expect(await keys()).toMatchObject([{ outcome: 'Suspended', by: { kind: 'operator', id: 'test' } }])
  })

  it('is not theirs when the charger refused what they sent, or was never sent it', async () => {
    for (const end of [
      { type: 'CommandOffline', data: {} },
      {
        type: 'CommandSettled',
        data: { result: { outcome: 'result', status: 'Rejected', payload: {} }, late: false, frames: {} },
      },
    ]) {
      const { boot, wait, desire, keys, told, sets } = house()
      const commandId = CommandId.parse('by-hand')
      const command = { type: 'ChangeConfiguration', key: 'HeartbeatInterval', value: '90', redacted: false } as const
      await boot()
      await desire('60')
      await told({ type: 'CommandRequested', data: { commandId, command, deadline: instant(0) } })
      await told({ ...end, data: { commandId, ...end.data } } as unknown as ChargerEvent)
      await wait(3)
      expect(sets()).toBe(1)
      expect(await keys()).toMatchObject([{ outcome: 'Accepted' }])
    }
  })

  it('is brought to what is desired of its model, unless it was told otherwise by hand since', async () => {
    const { boot, wait, desireOfModel, asked, keys, byHand, answers } = house()
    await boot()
    await desireOfModel('60')
    await wait(3)
    expect(asked).toContainEqual({ type: 'ChangeConfiguration', key: 'HeartbeatInterval', value: '60' })
    await byHand('90')
    await wait(3)
    expect(await keys()).toMatchObject([{ outcome: 'Suspended' }])
    await desireOfModel('60')
    await wait(3)
    expect(answers.get).toEqual({ HeartbeatInterval: '60' })
  })
})
