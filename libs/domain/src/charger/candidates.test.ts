import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { FactId } from '@voltrail/contracts/ids'
import { at, foldHistory, given } from '../fixtures/given.ts'
import { readRegister } from '../registers.ts'
import { claimedBy, holdRegisters, mayBeInUse } from './candidates.ts'
import { charger } from './charger.ts'

const holding = (wh: string, minutes: number, evseId = 1) => ({
  factId: `1.${minutes}` as FactId,
  evseId,
  contentKey: `${evseId} ${wh}@${minutes}`,
  registers: [{ at: at(minutes), reading: readRegister(wh, 'Wh') }],
})
const held = (...list: ReturnType<typeof holding>[]): ChargerEvent[] =>
  list.map(({ evseId, contentKey, registers }) => ({
    type: 'RegistersHeld',
    data: { candidates: registers.map((one) => ({ ...one, evseId, contentKey })) },
  }))
const status = (to: 'Available' | 'Preparing', evseId = 1, connectorId = 1): ChargerEvent => ({
  type: 'ConnectorStatusChanged',
  data: { evseId, connectorId, status: to, errorCode: 'NoError' },
})

describe('registers without a session', () => {
  it('are held once', () => {
    given(charger)
      .when((s) => holdRegisters(holding('100', 1), s))
      .then(...held(holding('100', 1)))
    given(charger, ...held(holding('100', 1)))
      .when((s) => holdRegisters(holding('100', 1), s))
      .thenNothing()
  })
  it('may belong to a session of an EVSE that is not known to be free', () => {
    expect(mayBeInUse(foldHistory(charger, []), 1)).toBe(true)
    expect(mayBeInUse(foldHistory(charger, [status('Available')]), 1)).toBe(false)
    expect(mayBeInUse(foldHistory(charger, [status('Available'), status('Preparing', 1, 2)]), 1)).toBe(true)
    expect(mayBeInUse(foldHistory(charger, []), 0)).toBe(false)
  })
  it('are claimed by a start on their EVSE, from its time on', () => {
    const { state } = given(
      charger,
      ...held(holding('100', 1), holding('300', 5), holding('200', 3), holding('7', 4, 2)),
    )
    const claimed = claimedBy(state, { evseId: 1, at: at(2), receivedAt: at(10) })
    expect(claimed.map((one) => [one.contentKey, one.measuredAt])).toEqual([
      ['1 200@3', at(3)],
      ['1 300@5', at(5)],
    ])
  })
  it('are claimed for seven days', () => {
    const { state } = given(charger, ...held(holding('100', 1)))
    const start = { evseId: 1, at: at(0) }
    expect(claimedBy(state, { ...start, receivedAt: at(7 * 1440) })).toHaveLength(1)
    expect(claimedBy(state, { ...start, receivedAt: at(7 * 1440 + 2) })).toHaveLength(0)
    const later = given(charger, ...held(holding('100', 1), holding('200', 7 * 1440 + 2))).state
    expect(later.candidates).toHaveLength(1)
  })
})
