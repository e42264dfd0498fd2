import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { at, foldHistory } from '../fixtures/given.ts'
import { charger } from './charger.ts'
import { placeOfWhole } from './start-place.ts'

const status = (
  evseId: number,
  word: 'Available' | 'Preparing' | 'Charging' | 'Faulted',
  connectorId = 1,
): ChargerEvent => ({
  type: 'ConnectorStatusChanged',
  data: { evseId, connectorId, status: word, errorCode: 'NoError' },
})
const opened = (evseId: number): ChargerEvent => ({
  type: 'TransactionOpened',
  data: {
    transactionId: `${evseId}` as TransactionId,
    startKey: `start ${evseId}`,
    evseId,
    connectorId: 1,
    tokenRef: 'a'.repeat(32) as TokenRef,
    startedAt: { receivedAt: at(0), effectiveAt: at(0), reason: 'charger-clock' },
    authorization: 'Accepted',
  },
})
const place = (...history: ChargerEvent[]) => placeOfWhole(foldHistory(charger, history), 'k')

describe('a start at connector 0', () => {
  it('is on the only EVSE of its charger', () => {
    expect(place(status(0, 'Available'), status(1, 'Available'))).toEqual({ evseId: 1, connectorId: 1 })
    expect(place(status(1, 'Available', 2))).toEqual({ evseId: 1, connectorId: 2 })
  })
  it('is on the only EVSE in use that has no transaction', () => {
    expect(place(status(1, 'Available'), status(2, 'Preparing'))).toMatchObject({ evseId: 2 })
    expect(place(status(1, 'Charging'), status(2, 'Charging'), opened(1))).toMatchObject({ evseId: 2 })
  })
  it('may be anywhere when several EVSEs, or none, are in use, or none is known', () => {
    expect(place(status(1, 'Preparing'), status(2, 'Preparing'))).toBeUndefined()
    expect(place(status(1, 'Available'), status(2, 'Faulted'))).toBeUndefined()
    expect(place(status(1, 'Charging'), status(2, 'Available'), opened(1))).toBeUndefined()
    expect(place()).toBeUndefined()
  })
  it('is where it was before when it is told again', () => {
    const state = foldHistory(charger, [status(1, 'Charging'), status(2, 'Preparing'), opened(1)])
    expect(placeOfWhole(state, 'start 1')).toMatchObject({ evseId: 1 })
  })
})
