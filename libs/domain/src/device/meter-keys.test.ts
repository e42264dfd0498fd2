import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { EvseId, MeterKeyId } from '@voltrail/contracts/ids'
import { at, given } from '../fixtures/given.ts'
import { device } from './device.ts'
import { claimMeterKeys, decideMeterKey, meterKeyId } from './meter-keys.ts'

const claim = (n: number) => ({ publicKey: `key-${n}`, meterSerial: 'M-1', evseId: 1 as EvseId })
const claimed = (n: number): DeviceEvent => ({ type: 'MeterKeyClaimed', data: claim(n) })
const decided = (n: number, decision: 'confirmed' | 'rejected', note?: string): DeviceEvent => ({
  type: 'MeterKeyDecided',
  data: { ...claim(n), decision, ...(note === undefined ? {} : { note }) },
})
const decide = (n: number, decision: 'confirmed' | 'rejected', note?: string) => ({
  keyId: meterKeyId(claim(n)),
  decision,
  note,
})

describe('a public key that a charger claims for its meter', () => {
  it('is confirmed or rejected by an operator, once, and the other word may follow', () => {
    given(device, claimed(1))
      .when((state) => decideMeterKey(decide(1, 'confirmed', 'type plate'), state))
      .then(decided(1, 'confirmed', 'type plate'))
    const confirmed = given(device, claimed(1), claimed(2), decided(1, 'confirmed'))
    expect(confirmed.state.meterKeys).toMatchObject([
      { publicKey: 'key-1', state: 'confirmed', decidedAt: at(0), decidedBy: expect.any(Object) },
      { publicKey: 'key-2', state: 'claimed' },
    ])
    confirmed.when((state) => decideMeterKey(decide(1, 'confirmed'), state)).thenNothing()
    confirmed.when((state) => decideMeterKey(decide(1, 'rejected'), state)).then(decided(1, 'rejected'))
  })

  it('that nobody claimed is refused by name', () => {
    const { state } = given(device, claimed(1))
    expect(decideMeterKey({ keyId: '0'.repeat(16) as MeterKeyId, decision: 'confirmed' }, state)).toMatchObject({
      rejected: { kind: 'unknown-meter-key', detail: expect.stringContaining('0'.repeat(16)) },
    })
    expect(meterKeyId(claim(1))).not.toBe(meterKeyId({ ...claim(1), meterSerial: 'M-2' }))
  })

  it('stays rejected when it is claimed again at the next boot', () => {
    given(device, claimed(1), decided(1, 'rejected'))
      .when((state) => claimMeterKeys([claim(1)], state))
      .thenNothing()
  })

  it('is never pushed out by other claims once it is confirmed', () => {
    const others = Array.from({ length: 60 }, (_, n) => claimed(n + 2))
    const { meterKeys = [] } = given(device, claimed(1), decided(1, 'confirmed'), ...others).state
    expect(meterKeys).toHaveLength(32)
    expect(meterKeys[0]).toMatchObject({ publicKey: 'key-1', state: 'confirmed' })
    expect(meterKeys.at(-1)).toMatchObject({ publicKey: 'key-61' })
  })
})
