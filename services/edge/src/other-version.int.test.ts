import { openEdgeFixture, readMetric } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'

let fixture: EdgeFixture
beforeAll(async () => {
  fixture = await openEdgeFixture()
})
afterAll(() => fixture.stop())

const boot =
  '[2,"b","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"FoxESS","model":"A011KP1-E"}}]'
const status =
  '[2,"s","StatusNotification",{"timestamp":"2026-01-31T12:00:00Z","connectorStatus":"Available","evseId":1,"connectorId":1}]'
const updated =
  '[2,"t","TransactionEvent",{"eventType":"Updated","timestamp":"2026-01-31T12:05:00Z","triggerReason":"MeterValuePeriodic","seqNo":1,"transactionInfo":{"transactionId":"3c7e0d1a"},"meterValue":[{"timestamp":"2026-01-31T12:05:00Z","sampledValue":[{"value":1500}]}]}]'
const report = '[2,"r","NotifyReport",{"requestId":1,"generatedAt":"2026-01-31T12:00:00Z","seqNo":0}]'

describe('a charger that agrees on OCPP 1.6 and speaks 2.0.1', () => {
  it('is served by what it says: noted on every fact, counted, and logged once per connection', async () => {
    const edge = await fixture.startEdge()
    const id = fixture.newId()
    const charger = await fixture.connect(`${edge.url}/${id}`)
    charger.send(boot)
    expect(await charger.next()).toMatchObject([3, 'b', { status: 'Accepted', interval: 300 }])
    charger.send(status)
    expect(await charger.next()).toEqual([3, 's', {}])
    charger.send(updated)
    expect(await charger.next()).toEqual([3, 't', {}])
    charger.send(report)
    expect(await charger.next()).toMatchObject([4, 'r', 'NotImplemented', expect.stringContaining('OCPP 2.x'), {}])

    const requests = fixture.central.facts.filter(({ chargerId }) => chargerId === id).slice(1)
    expect(requests.map(({ fact }) => fact)).toMatchObject([
      { type: 'Boot', vendor: 'FoxESS', model: 'A011KP1-E' },
      { type: 'ConnectorStatus', evseId: 1, status: 'Available' },
      { type: 'Malformed', meant: 'MeterValues', violations: [expect.stringContaining('OCPP 2.x')] },
    ])
    expect(requests[2]?.frame).toBe(updated)
    for (const { normalisations } of requests)
      expect(normalisations.map(({ rule }) => rule)).toEqual(['Q5-other-version-spoken'])
    expect(await readMetric(edge, 'voltrail_edge_quirks_total')).toBe(4)
    const told = () =>
      fixture.lines.filter(({ charger: who, msg }) => who === id && /another version/.test(String(msg)))
    expect(told()).toMatchObject([{ level: 'warn', subprotocol: 'ocpp1.6', action: 'BootNotification' }])
    await charger.close()

    const again = await fixture.connect(`${edge.url}/${id}`)
    again.send(status)
    await again.next()
    expect(told()).toHaveLength(2)
    await again.close()
  })
})
