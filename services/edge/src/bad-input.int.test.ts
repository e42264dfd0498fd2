import { openEdgeFixture, readMetric, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'
import type { RawCharger } from './fixtures/raw-charger.ts'

const stop = { transactionId: 4711, meterStop: 2000, timestamp: '2026-03-01T10:10:00Z' }
const start = { connectorId: 1, idTag: 'TAG1', meterStart: 1000, timestamp: '2026-03-01T10:00:00Z' }

let fixture: EdgeFixture
let edge: Awaited<ReturnType<EdgeFixture['startEdge']>>
let honest: RawCharger
beforeAll(async () => {
  fixture = await openEdgeFixture()
  edge = await fixture.startEdge()
  honest = await fixture.connect(`${edge.url}/honest`)
})
afterAll(async () => {
  await honest.close()
  await fixture.stop()
})
afterEach(async () => {
  // whatever one charger sends, nobody else is affected
  expect(await honest.call('Authorize', { idTag: 'A' })).toMatchObject([3, expect.any(String), {}])
})

const connect = async () => {
  const id = fixture.newId()
  return { id, charger: await fixture.connect(`${edge.url}/${id}`) }
}
/** The socket still serves, and nothing else was sent on it. */
const stillServes = async (charger: RawCharger): Promise<void> => {
  expect(await charger.call('Heartbeat', {}, 'after')).toMatchObject([3, 'after', {}])
  expect(charger.received).toEqual([])
}

describe('bad input on an open socket', () => {
  it.each([
    ['broken JSON without a readable id', '{"oops'],
    ['no array', '{"a":1}'],
    ['an empty array', '[]'],
    ['an unknown message type', '[9,"id","Heartbeat",{}]'],
    ['an unreadable message id', '[2,{"a":1},"Heartbeat",{}]'],
    ['an empty frame', ''],
    ['a broken answer', '[3,"id",{'],
  ])('%s gets no answer, a metric, and the socket stays', async (_what, text) => {
    const { charger } = await connect()
    const before = await readMetric(edge, 'voltrail_edge_unreadable_frames_total')
    charger.send(text)
    await stillServes(charger)
    expect(await readMetric(edge, 'voltrail_edge_unreadable_frames_total')).toBe(before + 1)
    await charger.close()
  })

  it.each([
    ['broken JSON', '[2,"id","Heartbeat",{'],
    ['an action that is no text', '[2,"id",7,{}]'],
    ['no action', '[2,"id"]'],
  ])('%s with a readable id gets FormationViolation', async (_what, text) => {
    const { charger } = await connect()
    charger.send(text)
    expect(await charger.next()).toEqual([4, 'id', 'FormationViolation', expect.any(String), {}])
    await stillServes(charger)
    await charger.close()
  })

  it('an unknown action gets NotImplemented, one that only we may call NotSupported', async () => {
    const { charger } = await connect()
    expect(await charger.call('CustomOperation', {})).toEqual([4, 'id1', 'NotImplemented', expect.any(String), {}])
    expect(await charger.call('Reset', { type: 'Hard' })).toEqual([4, 'id2', 'NotSupported', expect.any(String), {}])
    await stillServes(charger)
    await charger.close()
  })

  it('a schema violation gets the code of what is wrong', async () => {
    const { charger } = await connect()
    expect(await charger.call('Authorize', { idTag: { a: 1 } })).toEqual([
      4,
      'id1',
      'TypeConstraintViolation',
      expect.stringContaining('idTag'),
      {},
    ])
    expect(await charger.call('Authorize', 'text')).toEqual([
      4,
      'id2',
      'FormationViolation',
      'the payload must be an object',
      {},
    ])
    await stillServes(charger)
    await charger.close()
  })

  it('a start, stop or meter message that the schema refuses is recorded and answered', async () => {
    const { id, charger } = await connect()
    expect(await charger.call('StartTransaction', { connectorId: 'one' })).toMatchObject([
      3,
      'id1',
      { transactionId: 4712 },
    ])
    expect(await charger.call('StopTransaction', { ...stop, transactionData: 7 })).toMatchObject([3, 'id2', {}])
    expect(await charger.call('MeterValues', { meterValue: 7 })).toMatchObject([3, 'id3', {}])
    expect(fixture.central.factsOf(id).filter(({ type }) => type === 'Malformed')).toHaveLength(3)
    await charger.close()
  })

  it('broken JSON of a kind that is known of chargers is read, kept as it came, answered and counted', async () => {
    const { id, charger } = await connect()
    // https://github.com/lbbrhzn/ocpp/issues/1078
    const text =
      '[2,"9lmha8x27f","MeterValues",{"connectorId":1,"transactionId":1707206943,"meterValue":[{"timestamp":"2024-02-06T08:09:37Z","sampledValue":[,{"value":"139955","unit":"Wh"}]}]}]'
    charger.send(text)
    expect(await charger.next()).toEqual([3, '9lmha8x27f', {}])
    const request = fixture.central.facts.findLast(({ chargerId }) => chargerId === id)
    expect(request).toMatchObject({ frame: text, fact: { type: 'MeterValues', transactionId: '1707206943' } })
    expect(request?.normalisations).toEqual([{ rule: 'Q24-stray-comma', path: '', raw: 'character 140' }])
    const metrics = await (await fetch(`http://127.0.0.1:${edge.healthPort}/metrics`)).text()
    expect(metrics).toMatch(/^voltrail_edge_quirks_total\{.*rule="Q24-stray-comma".*\} 1$/m)
    await charger.close()
  })

  it('NUL and lone surrogates are left out, recorded and answered', async () => {
    const { id, charger } = await connect()
    charger.send(
      '[2,"n\\u0000ul","StartTransaction",{"connectorId":1,"idTag":"T\\u0000\\ud800AG","meterStart":1,"timestamp":"2026-03-01T10:00:00Z"}]',
    )
    // the id comes back as it was sent: chargers compare it
    expect(await charger.next()).toMatchObject([3, 'n\u0000ul', { transactionId: 4711 }])
    const request = fixture.central.facts.findLast(({ chargerId }) => chargerId === id)
    expect(request?.messageId).toBe('nul')
    expect(request?.normalisations.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['Q24-nul-stripped', 'Q24-lone-surrogate-replaced']),
    )
    await charger.close()
  })

  it('a frame of 5 MiB closes its socket with 1009', async () => {
    const { id, charger } = await connect()
    charger.send(JSON.stringify([2, 'big', 'DataTransfer', { vendorId: 'v', data: 'x'.repeat(5 * 1024 * 1024) }]))
    expect((await charger.closed).code).toBe(1009)
    await until('it is recorded', () =>
      fixture.central.factsOf(id).some((fact) => fact.type === 'Disconnect' && fact.code === 1009),
    )
  })

  it('a binary frame closes its socket with 1003', async () => {
    const { charger } = await connect()
    charger.send(Buffer.from(JSON.stringify([2, '1', 'Heartbeat', {}])))
    expect(await charger.closed).toEqual({ code: 1003, reason: 'OCPP-J frames are text' })
  })

  it('text that is not UTF-8 closes its socket with 1007', async () => {
    const { charger } = await connect()
    charger.socket.send(Buffer.from([0x5b, 0xff, 0x5d]), { binary: false })
    expect((await charger.closed).code).toBe(1007)
  })

  it('an answer to a call that nobody made is ignored', async () => {
    const { charger } = await connect()
    const before = await readMetric(edge, 'voltrail_edge_stray_answers_total')
    charger.send('[3,"nobody",{}]')
    charger.send('[4,"nobody","GenericError","",{}]')
    await stillServes(charger)
    expect(await readMetric(edge, 'voltrail_edge_stray_answers_total')).toBe(before + 2)
    await charger.close()
  })

  it('an action of the charger never becomes a label of ours', async () => {
    const { charger } = await connect()
    await charger.call('Invented-by-a-charger', {})
    const metrics = await (await fetch(`http://127.0.0.1:${edge.healthPort}/metrics`)).text()
    expect(metrics).not.toContain('Invented-by-a-charger')
    await charger.close()
  })

  it('a flood is read at its rate while others are served at theirs', async () => {
    const slow = await fixture.startEdge({ framesPerSecond: 100, framesBurst: 10 })
    const flooding = await fixture.connect(`${slow.url}/${fixture.newId()}`)
    const calm = await fixture.connect(`${slow.url}/${fixture.newId()}`)
    const begun = Date.now()
    for (let i = 0; i < 60; i++) flooding.sendFrame([2, `h${i}`, 'Authorize', { idTag: `${i}` }])
    expect(await calm.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
    for (let i = 0; i < 60; i++) expect((await flooding.next())[1]).toBe(`h${i}`)
    // 60 frames in one piece are taken at once, but the next waits for the debt
    flooding.sendFrame([2, 'next', 'Heartbeat', {}])
    expect((await flooding.next())[1]).toBe('next')
    expect(Date.now() - begun).toBeGreaterThan(300)
    await flooding.close()
    await calm.close()
  })

  it('a message for which central has a wrong answer closes only its own socket', async () => {
    const { charger } = await connect()
    fixture.central.state.treat = ({ fact }) =>
      fact.type === 'TransactionStart'
        ? { outcome: 'answered', pod: 'central-0', answer: { type: 'MeterValues' } }
        : undefined
    charger.sendFrame([2, '1', 'StartTransaction', start])
    expect(await charger.closed).toEqual({ code: 1011, reason: 'internal error' })
    fixture.central.state.treat = () => undefined
  })
})
