import type { OpenTransaction } from '@voltrail/contracts/events/charger'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { at, foldHistory, given, recorded } from '../fixtures/given.ts'
import { readRegister } from '../registers.ts'
import { charger } from './charger.ts'
import { matchStop, openOnEvseAt } from './transactions.ts'

const ref = (letter: string) => letter.repeat(32) as TokenRef
const opened = (id: string, evseId: number, change: Partial<OpenTransaction> = {}): ChargerEvent => ({
  type: 'TransactionOpened',
  data: {
    transactionId: id as TransactionId,
    startKey: id,
    evseId,
    connectorId: 1,
    tokenRef: ref('a'),
    meterStart: readRegister('100', 'Wh'),
    startedAt: { receivedAt: at(0), effectiveAt: at(0), reason: 'charger-clock' },
    authorization: 'Accepted',
    ...change,
  },
})
/** The charger after what was opened at 0 and status changes of its EVSEs, at the minute in which each came. */
const after = (
  history: readonly ChargerEvent[],
  ...changes: readonly [number, 'Charging' | 'SuspendedEV' | 'Finishing', number][]
) =>
  changes.reduce(
    (state, [evseId, status, minutes], i) => {
      const data = { evseId, connectorId: 1, status, errorCode: 'NoError' }
      const event = recorded<ChargerEvent>({ type: 'ConnectorStatusChanged', data }, i)
      return charger.evolve(state, { ...event, metadata: { ...event.metadata, receivedAt: at(minutes) } })
    },
    foldHistory(charger, history),
  )
const registers = (...list: readonly [number, string][]) =>
  list.map(([minutes, wh]) => ({ at: at(minutes), reading: readRegister(wh, 'Wh') }))
const one = (id: string) => ({ kind: 'one', transactionId: id })

describe('a stop that names no transaction', () => {
  it('ends none where its tag is of none of the open ones', () => {
    const { state } = given(charger, opened('1', 1))
    expect(matchStop(state, { at: at(9), tokenRef: ref('b') })).toEqual({ kind: 'none' })
  })
  it('may come of another tag of the same group, or of the group itself', () => {
    const { state } = given(charger, opened('1', 1, { groupRef: ref('f') }), opened('2', 2))
    expect(matchStop(state, { at: at(9), tokenRef: ref('b'), groupRef: ref('f') })).toEqual(one('1'))
    expect(matchStop(state, { at: at(9), tokenRef: ref('f') })).toEqual(one('1'))
  })
  it('is of the transaction whose meter start its first register is', () => {
    const { state } = given(charger, opened('1', 1), opened('2', 2, { meterStart: readRegister('0.2', 'kWh') }))
    expect(matchStop(state, { at: at(9), registers: registers([1, '200'], [5, '900']) })).toEqual(one('2'))
  })
  it('is of the transaction in whose range its registers lie', () => {
    const { state } = given(charger, opened('1', 1), opened('2', 2, { meterStart: readRegister('500', 'Wh') }))
    expect(matchStop(state, { at: at(9), registers: registers([1, '300'], [5, '900']) })).toEqual(one('1'))
  })
  it('is of the connector that was the last to leave Charging', () => {
    const both = [opened('1', 1), opened('2', 2)]
    const left = after(both, [1, 'Charging', 1], [2, 'Charging', 1], [2, 'SuspendedEV', 3], [1, 'Finishing', 8])
    expect(matchStop(left, { at: at(9) })).toEqual(one('1'))
    expect(matchStop(left, { at: at(5) })).toEqual(one('2'))
    const again = after(both, [1, 'Charging', 1], [1, 'Finishing', 5], [1, 'Charging', 6])
    expect(matchStop(again, { at: at(9) })).toMatchObject({ kind: 'several' })
  })
})

describe('meter values that name no transaction', () => {
  it('are of the one that is open on their EVSE if it had begun', () => {
    const { state } = given(charger, opened('1', 1))
    expect(openOnEvseAt(state, 1, at(5))?.transactionId).toBe('1')
    expect(openOnEvseAt(state, 1, at(-5))).toBeUndefined()
  })
})
