import type { SessionId, TokenRef } from '@voltrail/contracts/ids'
import type { LogEvent } from '@voltrail/event-store/event-log'
import { chargerPart } from './charger-part.ts'

const session = {
  sessionId: 'CP=201.7' as SessionId,
  evseId: 1,
  tokenRef: 'a'.repeat(32) as TokenRef,
  startedAt: Date.parse('2026-01-01T10:00:00.000Z'),
  endedAt: Date.parse('2026-01-01T11:00:00.000Z'),
}
let revision = 0
const event = (time: string, type: string, data: object): LogEvent =>
  ({
    type,
    data,
    revision: revision++,
    metadata: { receivedAt: `2026-01-01T${time}.000Z` },
  }) as unknown as LogEvent
const status = (time: string, name: string, evseId = 1) =>
  event(time, 'ConnectorStatusChanged', { evseId, connectorId: 1, status: name, errorCode: 'NoError' })
const statusesIn = (events: readonly LogEvent[]) =>
  chargerPart(session, events).map(({ data }) => (data as unknown as { status: string }).status)

describe('the statuses of a session', () => {
  const own = [status('10:00:01', 'Charging'), status('10:30:00', 'SuspendedEV'), status('11:00:01', 'Finishing')]

  it('are not those of the session before, nor of the one after', () => {
    const before = [status('09:57:00', 'Charging'), status('09:58:00', 'Finishing'), status('09:59:00', 'Available')]
    const lead = status('09:59:50', 'Preparing')
    const after = [status('11:01:00', 'Available'), status('11:01:30', 'Preparing'), status('11:01:40', 'Charging')]
    expect(statusesIn([...before, lead, ...own, ...after])).toEqual([
      'Preparing',
      'Charging',
      'SuspendedEV',
      'Finishing',
      'Available',
    ])
  })

  it('begin after the last driver was done where the connector was never free between', () => {
    expect(statusesIn([status('09:58:00', 'Finishing'), status('09:59:00', 'Preparing'), ...own])).toEqual([
      'Preparing',
      'Charging',
      'SuspendedEV',
      'Finishing',
    ])
  })

  it('are those of its EVSE, also where it is free in the middle of it', () => {
    expect(statusesIn([own[0]!, status('10:10:00', 'Available'), status('10:20:00', 'Available', 2), own[1]!])).toEqual(
      ['Charging', 'Available', 'SuspendedEV'],
    )
  })
})
