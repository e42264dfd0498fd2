import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TransactionId } from '@voltrail/contracts/ids'
import { foldHistory } from '../fixtures/given.ts'
import { charger, unknownCharger } from './charger.ts'
import { isParkedStart } from './parked-starts.ts'

const parked = (id: number): ChargerEvent => ({
  type: 'FrameParked',
  data: {
    meant: 'TransactionStart',
    reason: 'malformed',
    detail: '',
    contentKey: `key ${id}`,
    transactionId: String(id) as TransactionId,
  },
})
const many = (count: number) =>
  foldHistory(
    charger,
    Array.from({ length: count }, (_, i) => parked(i)),
  )

describe('a parked start', () => {
  it('is known by the transaction id that it was answered, also after 63 more', () => {
    const state = many(64)
    expect(isParkedStart(state, '0' as TransactionId)).toBe(true)
    expect(isParkedStart(state, '64' as TransactionId)).toBe(false)
    expect(many(70).parkedStarts).toHaveLength(64)
  })
  it('is known from summaries that kept it among the content keys', () => {
    const old = { ...unknownCharger, contentKeys: ['parked start 5'] }
    expect(isParkedStart(old, '5' as TransactionId)).toBe(true)
  })
})
