import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { FactId } from '@voltrail/contracts/ids'
import { at, given } from '../fixtures/given.ts'
import { answeredBefore, charger } from './charger.ts'
import { connectCharger } from './connection.ts'

const factId = 'edge.1' as FactId
const connecting = (change: object = {}) => ({
  factId,
  edge: 'edge-1',
  subprotocol: 'ocpp1.6',
  offered: ['ocpp1.6'],
  speaks: ['ocpp1.6', 'ocpp2.0.1'],
  remoteAddress: '192.0.2.1',
  tls: false,
  credential: { kind: 'none' as const },
  adoption: 'closed' as const,
  heartbeatSeconds: 300,
  now: at(0),
  ...change,
})
const nothing = { subprotocol: undefined }
const registered: ChargerEvent = {
  type: 'ChargerRegistered',
  data: { registration: 'Accepted', by: 'operator', securityProfile: 0 },
}
const pinned: ChargerEvent = {
  type: 'ChargerSettingsChanged',
  data: { settings: { subprotocol: 'ocpp1.6', rulesOff: [], rulesOn: [] } },
}

const told = (type: ChargerEvent['type'], data: object) => ({ type, data: expect.objectContaining(data) as object })

describe('what is spoken with a charger', () => {
  it('is what its edge chose, and its offer is recorded beside it', () => {
    const offered = ['ocpp2.0.1', 'ocpp1.6']
    const decided = given(charger, registered).when((s) =>
      connectCharger(connecting({ subprotocol: 'ocpp2.0.1', offered }), s),
    )
    decided.thenMatching(told('ChargerConnected', { subprotocol: 'ocpp2.0.1', offered }))
    const { state } = given(charger, registered, { event: decided.events[0]!, factId })
    expect(answeredBefore(state, factId)).toMatchObject({ type: 'Connect', subprotocol: 'ocpp2.0.1' })
  })

  it('is what its settings say, whatever it names', () => {
    for (const named of [
      { ...nothing, offered: [] },
      { subprotocol: 'ocpp2.0.1', offered: ['ocpp2.0.1'] },
      { ...nothing, offered: ['soap'] },
    ])
      given(charger, registered, pinned)
        .when((s) => connectCharger(connecting(named), s))
        .thenMatching(told('ChargerConnected', { subprotocol: 'ocpp1.6', offered: named.offered }))
  })

  it('is what its tenant has set when it names nothing; its own settings come first, and a name that it has, too', () => {
    const spoken = (defaultSubprotocol: string, named: object, ...before: ChargerEvent[]) => {
      const decided = given(charger, registered, ...before).when((s) =>
        connectCharger(connecting({ defaultSubprotocol, ...named }), s),
      )
      const [event] = decided.events
      return event?.type === 'ChargerConnected' ? event.data.subprotocol : event?.type
    }
    const silent = { ...nothing, offered: [] }
    const edges = { subprotocol: 'ocpp2.0.1', offered: [] }
    expect(spoken('ocpp1.6', silent)).toBe('ocpp1.6')
    expect(spoken('ocpp1.6', edges)).toBe('ocpp1.6')
    expect(spoken('edge', edges)).toBe('ocpp2.0.1')
    expect(spoken('none', edges)).toBe('ChargerConnectionRefused')
    expect(spoken('none', silent, pinned)).toBe('ocpp1.6')
    expect(spoken('none', { subprotocol: 'ocpp1.6', offered: ['ocpp1.6'] })).toBe('ocpp1.6')
    expect(spoken('ocpp1.6', { ...nothing, offered: ['soap'] })).toBe('ChargerConnectionRefused')
  })

  it('is nothing when there is none in common: that is refused, and told once a minute', () => {
    const offer = { ...nothing, offered: ['ocpp1.5'] }
    const detail = 'the charger names ocpp1.5; its edge speaks ocpp1.6, ocpp2.0.1'
    const decided = given(charger, registered).when((s) => connectCharger(connecting(offer), s))
    decided.thenMatching(told('ChargerConnectionRefused', { reason: 'no-subprotocol', detail }))
    given(charger, registered, decided.events[0]!)
      .when((s) => connectCharger(connecting({ ...offer, now: at(0.5) }), s))
      .thenRejected({ kind: 'no-subprotocol', detail })
  })

  it('is asked after who it is, and makes nobody known who names nothing in common', () => {
    given(charger)
      .when((s) => connectCharger(connecting(nothing), s))
      .thenRejected({ kind: 'unknown-charger' })
    given(charger)
      .when((s) => connectCharger(connecting({ ...nothing, adoption: 'open', offered: [] }), s))
      .thenRejected({ kind: 'no-subprotocol' })
  })

  it('is refused when its settings say what its edge does not speak', () => {
    given(charger, registered, pinned)
      .when((s) => connectCharger(connecting({ subprotocol: 'ocpp2.0.1', speaks: ['ocpp2.0.1'] }), s))
      .thenMatching(told('ChargerConnectionRefused', { reason: 'no-subprotocol' }))
  })

  it('stays what an edge of an earlier build chose, which cannot be told', () => {
    given(charger, registered, pinned)
      .when((s) => connectCharger(connecting({ subprotocol: 'ocpp9', speaks: undefined, offered: undefined }), s))
      .thenMatching(told('ChargerConnected', { subprotocol: 'ocpp9' }))
  })
})
