import { openEdgeFixture } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'
import type { RawCharger } from './fixtures/raw-charger.ts'

let fixture: EdgeFixture
let charger: RawCharger
let id: string
beforeAll(async () => {
  fixture = await openEdgeFixture()
  const edge = await fixture.startEdge()
  fixture.central.state.strict = true
  id = fixture.newId()
  charger = await fixture.connect(`${edge.url}/${id}`)
})
afterAll(async () => {
  await charger.close()
  await fixture.stop()
})

describe('a charger of a strict tenant', () => {
  it.each([
    ['StartTransaction', { connectorId: 1, idTag: 'TAG1', meterStart: 0 }, 'OccurenceConstraintViolation'],
    [
      'StopTransaction',
      { transactionId: 'x', meterStop: 1, timestamp: '2026-01-31T12:00:00Z' },
      'TypeConstraintViolation',
    ],
    ['MeterValues', { connectorId: 1, meterValue: [], more: 1 }, 'FormationViolation'],
    [
      'StatusNotification',
      { connectorId: 1, errorCode: 'noError', status: 'Available' },
      'PropertyConstraintViolation',
    ],
    ['CustomOperation', {}, 'NotImplemented'],
    ['Reset', { type: 'Soft' }, 'NotSupported'],
  ])('is told by CALLERROR what is wrong with its %s, and nothing is recorded', async (action, payload, code) => {
    expect(await charger.call(action, payload)).toMatchObject([4, expect.any(String), code, expect.any(String), {}])
    expect(fixture.central.factsOf(id).map(({ type }) => type)).toEqual(['Connect'])
  })

  it('is told that a call without its payload is incomplete', async () => {
    charger.send('[2,"short","Heartbeat"]')
    expect(await charger.next()).toMatchObject([
      4,
      'short',
      'ProtocolError',
      expect.stringContaining('Q25-payload-missing'),
      {},
    ])
  })

  it('is answered as any other when it does right', async () => {
    expect(await charger.call('Heartbeat', {})).toMatchObject([3, expect.any(String), {}])
    expect(await charger.call('Authorize', { idTag: 'A' })).toMatchObject([3, expect.any(String), {}])
  })
})
