import { openRpcCharger } from './fixtures/rpc-charger.ts'
import { openEdgeFixture, readMetric, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'

const boot = { chargePointVendor: 'Vendor', chargePointModel: 'Model' }
const start = { connectorId: 1, idTag: 'TAG1', meterStart: 1000, timestamp: '2026-03-01T10:00:00Z' }
const meter = {
  connectorId: 1,
  transactionId: 4711,
  meterValue: [{ timestamp: '2026-03-01T10:05:00Z', sampledValue: [{ value: '1500' }] }],
}
const stop = { transactionId: 4711, idTag: 'TAG1', meterStop: 2000, timestamp: '2026-03-01T10:10:00Z' }

let fixture: EdgeFixture
beforeAll(async () => {
  fixture = await openEdgeFixture()
})
afterAll(() => fixture.stop())
beforeEach(() => {
  Object.assign(fixture.central.state, { treat: () => undefined, registration: 'Accepted', known: true })
})

describe('calls of a charger', () => {
  it('go through a session with the npm client ocpp-rpc', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const client = openRpcCharger(url, id)
    await client.connect()
    const booted = (await client.call('BootNotification', boot)) as { status: string; currentTime: string }
    expect(booted).toMatchObject({ status: 'Accepted', interval: 300 })
    expect(Math.abs(Date.now() - Date.parse(booted.currentTime))).toBeLessThan(5_000)
    expect(await client.call('Heartbeat', {})).toEqual({ currentTime: expect.stringMatching(/Z$/) })
    expect(
      await client.call('StatusNotification', { connectorId: 1, status: 'Preparing', errorCode: 'NoError' }),
    ).toEqual({})
    expect(await client.call('Authorize', { idTag: 'TAG1' })).toEqual({ idTagInfo: { status: 'Accepted' } })
    expect(await client.call('StartTransaction', start)).toEqual({
      transactionId: 4711,
      idTagInfo: { status: 'Accepted' },
    })
    expect(await client.call('MeterValues', meter)).toEqual({})
    expect(await client.call('StopTransaction', stop)).toEqual({ idTagInfo: { status: 'Accepted' } })
    await client.close()
    await until('the end is recorded', () => fixture.central.factsOf(id).at(-1)?.type === 'Disconnect')

    const facts = fixture.central.factsOf(id)
    // the heartbeat is no fact
    expect(facts.map(({ type }) => type)).toEqual([
      'Connect',
      'Boot',
      'ConnectorStatus',
      'Authorize',
      'TransactionStart',
      'MeterValues',
      'TransactionStop',
      'Disconnect',
    ])
    const epoch = fixture.central.epochOf(id)
    const requests = fixture.central.facts.filter(({ chargerId }) => chargerId === id)
    expect(requests.slice(1).map(({ factId }) => factId)).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `${epoch}.${n}`))
    expect(JSON.parse(requests[4]?.frame ?? '')).toEqual([2, requests[4]?.messageId, 'StartTransaction', start])
  })

  it('before a boot are answered and recorded, and so is a boot that comes late', async () => {
    const { url } = await fixture.startEdge()
    for (const known of [true, false]) {
      fixture.central.state.known = known
      const id = fixture.newId()
      const charger = await fixture.connect(`${url}/${id}`)
      charger.send('[2,"s","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging"}]')
      expect(await charger.next()).toEqual([3, 's', {}])
      charger.send(
        '[2,"m","MeterValues",{"connectorId":1,"transactionId":4711,"meterValue":[{"timestamp":"2026-03-01T10:05:00Z","sampledValue":[{"value":"1500"}]}]}]',
      )
      expect(await charger.next()).toEqual([3, 'm', {}])
      charger.send('[2,"b","BootNotification",{"chargePointVendor":"Vendor","chargePointModel":"Model"}]')
      expect(await charger.next()).toMatchObject([3, 'b', { status: 'Accepted' }])
      expect(fixture.central.factsOf(id).map(({ type }) => type)).toEqual([
        'Connect',
        'ConnectorStatus',
        'MeterValues',
        'Boot',
      ])
      await charger.close()
    }
  })

  it('go to the pod that answered last, and to the queue group when that is gone', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`)
    fixture.central.subjects.length = 0
    await charger.call('Authorize', { idTag: 'A' })
    fixture.central.state.treat = (request) =>
      request.fact.type === 'Authorize'
        ? { outcome: 'answered', pod: 'gone-7', answer: { type: 'Authorize', authorization: { status: 'Blocked' } } }
        : undefined
    await charger.call('Authorize', { idTag: 'A' })
    await charger.call('Authorize', { idTag: 'A' })
    expect(fixture.central.subjects).toEqual([
      `voltrail.default.pod.central-0.fact.${id}.Authorize`,
      `voltrail.default.pod.central-0.fact.${id}.Authorize`,
      `voltrail.default.fact.${id}.Authorize`,
    ])
    await charger.close()
  })

  it('that are repeated get the stored answer and are one fact', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`)
    const first = await charger.call('StartTransaction', start, 'same')
    const again = await charger.call('StartTransaction', start, 'same')
    expect(again).toEqual(first)
    // the same message id with another payload is a new message
    await charger.call('StartTransaction', { ...start, meterStart: 7 }, 'same')
    expect(fixture.central.factsOf(id).filter(({ type }) => type === 'TransactionStart')).toHaveLength(2)
    await charger.close()
  })

  it('that are repeated while the first is still in progress are one fact too', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`)
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    fixture.central.state.treat = async () => {
      await held
      return undefined
    }
    for (let i = 0; i < 3; i++) charger.sendFrame([2, 'same', 'StartTransaction', start])
    await until('central was asked', () => fixture.central.asks.at(-1)?.fact.type === 'TransactionStart')
    release()
    const answers = [await charger.next(), await charger.next(), await charger.next()]
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(fixture.central.factsOf(id).filter(({ type }) => type === 'TransactionStart')).toHaveLength(1)
    await charger.close()
  })

  it('are answered in their order, however many are sent at once', async () => {
    const edge = await fixture.startEdge({ inboundQueue: 4, framesPerSecond: 5_000, framesBurst: 50 })
    const id = fixture.newId()
    const charger = await fixture.connect(`${edge.url}/${id}`)
    const tags = Array.from({ length: 200 }, (_, i) => `TAG${i}`)
    tags.forEach((idTag, i) => charger.sendFrame([2, `m${i}`, 'Authorize', { idTag }]))
    for (let i = 0; i < tags.length; i++) expect((await charger.next())[1]).toBe(`m${i}`)
    const facts = fixture.central.factsOf(id).flatMap((fact) => (fact.type === 'Authorize' ? [fact.idToken.value] : []))
    expect(facts).toEqual(tags)
    expect(charger.socket.readyState).toBe(charger.socket.OPEN)
    await charger.close()
  })

  it('are asked again with the same fact id when central is silent', async () => {
    const edge = await fixture.startEdge({ reaskMs: 50 })
    const id = fixture.newId()
    const charger = await fixture.connect(`${edge.url}/${id}`)
    let silences = 3
    fixture.central.asks.length = 0
    fixture.central.state.treat = () => (silences-- > 0 ? 'silent' : undefined)
    expect(await charger.call('Authorize', { idTag: 'A' })).toMatchObject([3, 'id1', {}])
    expect(fixture.central.asks).toHaveLength(4)
    expect(new Set(fixture.central.asks.map(({ factId }) => factId)).size).toBe(1)
    expect(await readMetric(edge, 'voltrail_edge_fact_reasks_total')).toBe(3)
    await charger.close()
  })

  it('wait while the log is away, and are answered when it is back', async () => {
    const { url } = await fixture.startEdge({ retryMs: 10 })
    const charger = await fixture.connect(`${url}/${fixture.newId()}`)
    let away = 5
    fixture.central.state.treat = () => (away-- > 0 ? { outcome: 'unavailable', reason: 'the log is away' } : undefined)
    expect(await charger.call('Authorize', { idTag: 'A' })).toMatchObject([3, 'id1', {}])
    await charger.close()
  })

  it('are held as long as the log is away, then the socket closes without an answer; an idle socket stays', async () => {
    const { url } = await fixture.startEdge({ holdMs: 300, retryMs: 10 })
    const charger = await fixture.connect(`${url}/${fixture.newId()}`)
    const idle = await fixture.connect(`${url}/${fixture.newId()}`)
    fixture.central.state.treat = () => ({ outcome: 'unavailable', reason: 'the log is away' })
    const begun = Date.now()
    charger.sendFrame([2, '1', 'StartTransaction', start])
    expect(await charger.closed).toEqual({ code: 1013, reason: 'not stored, connect again later' })
    expect(Date.now() - begun).toBeGreaterThanOrEqual(290)
    expect(charger.received).toEqual([])
    // presence, not durable: still answered
    expect(await idle.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
    fixture.central.state.treat = () => undefined
    await idle.close()
  })

  it('that waited behind another are held no longer for it: the charger counts from when it sent', async () => {
    const { url } = await fixture.startEdge({ holdMs: 2_000, reaskMs: 20, retryMs: 10, maxRetryMs: 20 })
    const charger = await fixture.connect(`${url}/${fixture.newId()}`)
    const begun = Date.now()
    fixture.central.state.treat = ({ fact }) =>
      Date.now() - begun > 1_500 && fact.type === 'Authorize' && fact.idToken.value === 'FIRST'
        ? undefined
        : { outcome: 'unavailable', reason: 'the log is away' }
    charger.sendFrame([2, '1', 'Authorize', { idTag: 'FIRST' }])
    charger.sendFrame([2, '2', 'Authorize', { idTag: 'SECOND' }])
    expect(await charger.next()).toMatchObject([3, '1', {}])
    expect(await charger.closed).toEqual({ code: 1013, reason: 'not stored, connect again later' })
    expect(Date.now() - begun).toBeLessThan(3_400)
    fixture.central.state.treat = () => undefined
  })

  it('that our rules refuse get a CALLERROR', async () => {
    const { url } = await fixture.startEdge()
    const charger = await fixture.connect(`${url}/${fixture.newId()}`)
    fixture.central.state.treat = () => ({ outcome: 'refused', reason: 'not-registered', detail: 'not accepted yet' })
    expect(await charger.call('Authorize', { idTag: 'A' })).toEqual([4, 'id1', 'SecurityError', 'not accepted yet', {}])
    fixture.central.state.treat = () => ({ outcome: 'refused', reason: 'invalid-request', detail: 'no' })
    expect(await charger.call('Authorize', { idTag: 'A' })).toEqual([4, 'id2', 'InternalError', 'no', {}])
    await charger.close()
  })

  it('tell central no secrets', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`)
    const data = '{"password":"hunter2","url":"ftp://user:hunter2@host/x"}'
    await charger.call('DataTransfer', { vendorId: 'v', data })
    const request = fixture.central.facts.findLast(({ chargerId }) => chargerId === id)
    expect(request?.fact.type).toBe('VendorData')
    expect(JSON.stringify(request)).not.toContain('hunter2')
    expect(request?.normalisations).toContainEqual({ rule: 'secret-redacted', path: '', raw: '' })
    await charger.close()
  })

  it('of 3 MiB are taken whole', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`)
    const sample = (i: number) => ({
      timestamp: new Date(1_772_000_000_000 + i * 60_000).toISOString(),
      sampledValue: [
        { value: String(1000 + i), context: 'Sample.Periodic', measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
      ],
    })
    const transactionData = Array.from({ length: 21_000 }, (_, i) => sample(i))
    const text = JSON.stringify([2, 'big', 'StopTransaction', { ...stop, transactionData }])
    expect(text.length).toBeGreaterThan(3 * 1024 * 1024)
    charger.send(text)
    expect(await charger.next()).toMatchObject([3, 'big', {}])
    const request = fixture.central.facts.findLast(({ chargerId }) => chargerId === id)
    expect(request?.fact).toMatchObject({ type: 'TransactionStop', transactionId: '4711' })
    expect(request?.fact.type === 'TransactionStop' && request.fact.samples).toHaveLength(21_000)
    await charger.close()
  })
})
