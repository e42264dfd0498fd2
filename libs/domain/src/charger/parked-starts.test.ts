import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TransactionId } from '@voltrail/contracts/ids'
import { foldHistory } from '../fixtures/given.ts'
import { charger, unknownCharger } from './charger.ts'
import { isDismissedStart, isParkedStart, settledFirst, transactionToldBy } from './parked-starts.ts'

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

  it('is settled before what names its transaction, whichever way', () => {
    const about = (...ids: (string | undefined)[]) => ids as (TransactionId | undefined)[]
    const open = many(3)
    expect(settledFirst(open, about('1'))).toEqual({ transactionId: '1', revision: 1 })
    expect(settledFirst(open, about(undefined, '2'))).toEqual({ transactionId: '2', revision: 2 })
    expect(settledFirst(open, about(undefined, '77'))).toBeUndefined()
    for (const decision of ['attributed', 'dismissed'] as const) {
      const settled: ChargerEvent = { type: 'ReviewSettled', data: { subject: 'charger-default.CP1@1', decision } }
      const state = foldHistory(charger, [parked(0), parked(1), settled])
      expect(settledFirst(state, about('1'))).toBeUndefined()
      expect(settledFirst(state, about('0'))).toEqual({ transactionId: '0', revision: 0 })
      expect(isParkedStart(state, '1' as TransactionId)).toBe(true)
      expect(isDismissedStart(state, '1' as TransactionId)).toBe(decision === 'dismissed')
      expect(isDismissedStart(state, '0' as TransactionId)).toBe(false)
    }
    const elsewhere: ChargerEvent = {
      type: 'ReviewSettled',
      data: { subject: 'session-default.CP1.9@1', decision: 'dismissed' },
    }
    expect(settledFirst(foldHistory(charger, [parked(0), parked(1), elsewhere]), about('1'))).toBeDefined()
  })

  it('was answered its transaction, another message names one', () => {
    const one = { reason: 'malformed', detail: '', contentKey: 'k', transactionId: '5' as TransactionId } as const
    expect(transactionToldBy({ ...one, meant: 'TransactionStart' })).toBe('5')
    expect(transactionToldBy({ ...one, meant: 'TransactionStop' })).toBeUndefined()
    expect(transactionToldBy({ ...one, meant: 'MeterValues', namedTransaction: '9' as TransactionId })).toBe('9')
  })
})
