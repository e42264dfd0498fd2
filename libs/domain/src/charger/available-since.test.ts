import type { ConnectorStatus } from '@voltrail/contracts/facts'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import { at, recorded } from '../fixtures/given.ts'
import { charger } from './charger.ts'

/** A connector's status that we were told at `minutes`; the charger's own time is that, or `said`. */
const status = (
  evseId: number,
  connectorId: number,
  to: ConnectorStatus,
  minutes: number,
  info = '',
  said = minutes,
) => {
  const data = { evseId, connectorId, status: to, errorCode: 'NoError', info, time: { raw: '', at: at(said) } }
  const event = recorded<ChargerEvent>({ type: 'ConnectorStatusChanged', data }, 0)
  return { ...event, metadata: { ...event.metadata, receivedAt: at(minutes) } }
}
const since = (...history: ReturnType<typeof status>[]) =>
  history.reduce(charger.evolve, charger.initialState).availableSince

describe('since when an EVSE is Available', () => {
  it('is kept from the status that said so, while it is told again with other details', () =>
    expect(since(status(1, 1, 'Available', -20), status(1, 1, 'Available', -10, 'cleaned'))).toEqual([
      { evseId: 1, at: at(-20) },
    ]))
  it('is forgotten by any other status, and begins anew', () => {
    const free = status(1, 1, 'Available', -20)
    expect(since(free, status(1, 1, 'Faulted', -10))).toEqual([])
    const again = since(free, status(1, 1, 'Charging', -10), status(1, 1, 'Available', -5))
    expect(again).toEqual([{ evseId: 1, at: at(-5) }])
  })
  it('holds of an EVSE only when all its connectors are', () => {
    const one = [status(1, 1, 'Occupied', -20), status(1, 2, 'Available', -15)]
    expect(since(...one)).toEqual([])
    expect(since(...one, status(1, 1, 'Available', -5))).toEqual([{ evseId: 1, at: at(-5) }])
  })
  it('is not asked of the charger as a whole', () => expect(since(status(0, 0, 'Available', -20))).toEqual([]))
  it('is the time of receipt where the clock of the charger cannot be right', () =>
    expect(since(status(1, 1, 'Available', 0, '', 90))).toEqual([{ evseId: 1, at: at(0) }]))
})
