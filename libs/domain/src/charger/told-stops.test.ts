import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { at, foldHistory } from '../fixtures/given.ts'
import { readRegister } from '../registers.ts'
import { charger } from './charger.ts'
import { identifiesStop, isRestampedStop } from './told-stops.ts'

const tag = 'a'.repeat(32) as TokenRef
const opened = (id: string, minutes: number, meterStart: string): ChargerEvent => ({
  type: 'TransactionOpened',
  data: {
    transactionId: id as TransactionId,
    startKey: id,
    evseId: 1,
    connectorId: 1,
    tokenRef: tag,
    meterStart: readRegister(meterStart, 'Wh'),
    startedAt: { receivedAt: at(minutes), effectiveAt: at(minutes), reason: 'charger-clock' },
    authorization: 'Accepted',
  },
})
const parked = (key: string, minutes: number, more: object = {}): ChargerEvent => ({
  type: 'FrameParked',
  data: {
    meant: 'TransactionStop',
    reason: 'unknown-transaction',
    detail: '',
    contentKey: `${key} ${minutes}`,
    restampKey: key,
    ...more,
  },
})
const closed = (id: string, key: string): ChargerEvent => ({
  type: 'TransactionClosed',
  data: { transactionId: id as TransactionId, reason: 'stopped', contentKey: 'c', restampKey: key },
})
const told = (history: readonly ChargerEvent[], key: string | undefined) =>
  isRestampedStop(foldHistory(charger, history), key)

describe('a stop that names no transaction, told again with another time', () => {
  it('is the one that was parked, or that ended a session, before', () => {
    expect(told([parked('k', 5)], 'k')).toBe(true)
    expect(told([parked('k', 5)], 'other')).toBe(false)
    expect(told([parked('k', 5)], undefined)).toBe(false)
    expect(told([opened('1', 0, '100'), closed('1', 'k')], 'k')).toBe(true)
  })
  it('is it also while sessions go on that had begun before', () => {
    expect(told([opened('1', 0, '100'), opened('2', 1, '100'), parked('k', 5)], 'k')).toBe(true)
  })
  it('is another once a start was told, or was parked: a queue is in order', () => {
    expect(told([parked('k', 5), opened('1', 6, '900')], 'k')).toBe(false)
    const start = parked('s', 6, { meant: 'TransactionStart', transactionId: '9', restampKey: undefined })
    expect(told([parked('k', 5), start], 'k')).toBe(false)
    expect(told([start, parked('k', 5)], 'k')).toBe(true)
  })
  it('is known after 15 others, and no more than 16 are', () => {
    const others = Array.from({ length: 15 }, (_, i) => parked(`o${i}`, 6))
    expect(told([parked('k', 5), ...others], 'k')).toBe(true)
    expect(told([parked('k', 5), ...others, parked('one more', 6)], 'k')).toBe(false)
  })
  it('identifies itself by a transaction, or by a register above zero', () => {
    expect(identifiesStop({ transactionId: '7' as TransactionId })).toBe(true)
    expect(identifiesStop({ meterStop: { value: '0.5' } })).toBe(true)
    for (const meterStop of [undefined, { value: '0' }, { value: '0.000' }])
      expect(identifiesStop({ meterStop })).toBe(false)
  })
})
