import type { OpenTransaction } from '@voltrail/contracts/events/charger'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { at, given } from '../fixtures/given.ts'
import { readRegister } from '../registers.ts'
import { charger } from './charger.ts'
import { identifiesStart, restampedBefore } from './recent-starts.ts'
import { closeTransaction, openTransaction, openWithKey, restampable, restampTransaction } from './transactions.ts'

const open = (change: Partial<OpenTransaction> = {}): OpenTransaction => ({
  transactionId: '1' as TransactionId,
  startKey: 'first',
  evseId: 1,
  connectorId: 1,
  tokenRef: 'a'.repeat(32) as TokenRef,
  meterStart: readRegister('100', 'Wh'),
  startedAt: { charger: at(0), receivedAt: at(0), effectiveAt: at(0), reason: 'charger-clock' },
  authorization: 'Accepted',
  ...change,
})
const opened = (change: Partial<OpenTransaction> = {}): ChargerEvent => ({
  type: 'TransactionOpened',
  data: open(change),
})
const restamp = {
  transactionId: '1' as TransactionId,
  startKey: 'second',
  startedAt: { charger: at(7), receivedAt: at(2), effectiveAt: at(2), reason: 'received' as const },
}
const restamped: ChargerEvent = { type: 'TransactionRestamped', data: restamp }

describe('a start with another key', () => {
  it('may be an open one on the same connector with the same tag and raw meter start, and no other', () => {
    const { state } = given(charger, opened())
    const ids = (change: Partial<OpenTransaction>) => restampable(state, open(change)).map((one) => one.transactionId)
    expect(ids({})).toEqual(['1'])
    expect(ids({ evseId: 2 })).toEqual([])
    expect(ids({ connectorId: 2 })).toEqual([])
    expect(ids({ tokenRef: 'b'.repeat(32) as TokenRef })).toEqual([])
    expect(ids({ meterStart: readRegister('0.1', 'kWh') })).toEqual([])
    expect(ids({ meterStart: undefined })).toEqual([])
  })
  it('is none that had begun before its connector was told to be free, if it is from after that', () => {
    const status = (to: 'Available' | 'Charging', minutes: number): ChargerEvent => ({
      type: 'ConnectorStatusChanged',
      data: {
        evseId: 1,
        connectorId: 1,
        status: to,
        errorCode: 'NoError',
        time: { raw: at(minutes), at: at(minutes) },
      },
    })
    const startedAt = (minutes: number) => ({ ...open().startedAt, charger: at(minutes), effectiveAt: at(minutes) })
    const { state } = given(charger, status('Charging', 0), opened(), status('Available', 1), status('Charging', 2))
    const free = state.openTransactions[0]?.freedAt ?? at(0)
    expect(restampable(state, open({ startedAt: startedAt(30) }))).toEqual([])
    expect(restampable(state, open({ startedAt: { ...startedAt(0), effectiveAt: at(-1) } }))).toHaveLength(1)
    expect(free > at(0)).toBe(true)
  })
  it('is kept as another key of the transaction, so that it is known when it is told again', () => {
    given(charger, opened())
      .when((s) => restampTransaction(restamp, s))
      .then(restamped)
    const { state } = given(charger, opened(), restamped)
    expect(openWithKey(state, 'second')?.transactionId).toBe('1')
    given(charger, opened(), restamped)
      .when((s) => restampTransaction(restamp, s))
      .thenNothing()
    given(charger, opened(), restamped)
      .when((s) => openTransaction(open({ startKey: 'second', transactionId: '2' as TransactionId }), s))
      .thenNothing()
  })
  it('is known for what it was after its transaction was closed', () => {
    const close = { transactionId: '1' as TransactionId, reason: 'stopped' as const }
    const [closed] = given(charger, opened(), restamped).when((s) => closeTransaction(close, s)).events
    const { state } = given(charger, opened(), restamped, closed!)
    expect(openWithKey(state, 'second')).toBeUndefined()
    expect(restampedBefore(state, 'second')).toBe('1')
  })
})

describe('the time of a start', () => {
  const told = { startKey: 'first', charger: at(0), receivedAt: at(30) }
  const booted: ChargerEvent = {
    type: 'ChargerBooted',
    data: { vendor: 'V', model: 'M', registration: 'Accepted', intervalSeconds: 300 },
  }
  it('identifies it when it can be true', () => {
    const { state } = given(charger, opened())
    expect(identifiesStart(state, told)).toBe(true)
    expect(identifiesStart(state, { ...told, charger: at(32) })).toBe(false)
    expect(identifiesStart(state, { ...told, charger: undefined })).toBe(false)
    expect(identifiesStart(state, { ...told, charger: '1970-01-01T00:00:00.000Z' as never })).toBe(false)
  })
  it('does not when it is from before the last boot: some clocks begin at one date with each boot', () => {
    const { state } = given(charger, opened(), booted)
    expect(identifiesStart(state, told)).toBe(true)
    expect(identifiesStart(state, { ...told, charger: at(-2) })).toBe(false)
  })
  it('does not when another start of this charger has it too', () => {
    const { state } = given(charger, opened(), opened({ transactionId: '2' as TransactionId, startKey: 'other' }))
    expect(identifiesStart(state, told)).toBe(false)
  })
})
