import { TransactionId } from '@voltrail/contracts/ids'
import { openEdgeFixture, readMetric, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'
import type { Frame } from './fixtures/raw-charger.ts'
import { openRpcCharger } from './fixtures/rpc-charger.ts'

let fixture: EdgeFixture
beforeAll(async () => {
  fixture = await openEdgeFixture()
})
afterAll(() => fixture.stop())
beforeEach(() => {
  Object.assign(fixture.central.state, { treat: () => undefined, known: true, registration: 'Accepted' })
})

const clearCache = { type: 'ClearCache' } as const
const accept = ([, id]: Frame) => [3, id, { status: 'Accepted' }]
const boot = { chargePointVendor: 'Vendor', chargePointModel: 'Model' }
const send = (id: string, command: Parameters<typeof fixture.central.command>[2], timeoutMs?: number) =>
  fixture.central.command(id, fixture.central.epochOf(id), command, timeoutMs)

describe('commands to a charger', () => {
  it('become calls, and the answers come back with both frames', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const client = openRpcCharger(url, id)
    const heard: unknown[] = []
    client.handle(({ method, params }) => {
      heard.push([method, params])
      const configurationKey = [{ key: 'HeartbeatInterval', readonly: false, value: '300' }]
      return Promise.resolve(method === 'GetConfiguration' ? { configurationKey } : { status: 'Accepted' })
    })
    await client.connect()
    const started = await send(id, { type: 'RemoteStart', evseId: 1, idToken: { value: 'TAG1', type: 'ISO14443' } })
    expect(started).toEqual({
      result: { outcome: 'result', status: 'Accepted', payload: { status: 'Accepted' } },
      frames: {
        sent: expect.stringMatching(/^\[2,"[0-9a-f-]{36}","RemoteStartTransaction",/),
        received: expect.stringMatching(/^\[3,"[0-9a-f-]{36}",/),
      },
    })
    expect(await send(id, { type: 'RemoteStop', transactionId: TransactionId.parse('4711') })).toMatchObject({
      result: { outcome: 'result', status: 'Accepted' },
    })
    expect(await send(id, { type: 'GetConfiguration' })).toMatchObject({ result: { outcome: 'result' } })
    expect(heard).toEqual([
      ['RemoteStartTransaction', { connectorId: 1, idTag: 'TAG1' }],
      ['RemoteStopTransaction', { transactionId: 4711 }],
      ['GetConfiguration', {}],
    ])
    await client.close()
  })

  it('say what the charger refused, misunderstood or could not be sent', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const answers = [
      [4, 'NotSupported', '', {}],
      [3, { status: 'Perhaps' }],
    ]
    const charger = await fixture.connect(`${url}/${id}`, {
      onCall: ([, messageId]) => {
        const [type, ...rest] = answers.shift() ?? []
        return [type, messageId, ...rest]
      },
    })
    expect(await send(id, clearCache)).toMatchObject({ result: { outcome: 'callError', code: 'NotSupported' } })
    expect(await send(id, clearCache)).toMatchObject({ result: { outcome: 'invalidAnswer' } })
    expect(await send(id, { type: 'RemoteStop', transactionId: TransactionId.parse('not-a-number') })).toMatchObject({
      result: { outcome: 'unsupported' },
      frames: {},
    })
    await charger.close()
    await until('nobody takes commands any more', async () => (await send(id, clearCache)) === 'no-responders')
  })

  it('that wait are never sent to a charger that turns out to be rejected, whose heartbeats are no more answered', async () => {
    Object.assign(fixture.central.state, { known: false, registration: 'Pending' })
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const heard: Frame[] = []
    const charger = await fixture.connect(`${url}/${id}`, { onCall: (frame) => void heard.push(frame) })
    expect(await charger.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
    const waiting = send(id, clearCache)
    fixture.central.state.registration = 'Rejected'
    expect(await charger.call('BootNotification', boot)).toMatchObject([3, 'id2', { status: 'Rejected' }])
    expect(await waiting).toEqual({ result: { outcome: 'notSent', reason: 'the charger is rejected' }, frames: {} })
    expect(await charger.call('Heartbeat', {})).toEqual([4, 'id3', 'SecurityError', expect.any(String), {}])
    fixture.central.state.registration = 'Accepted'
    expect(await charger.call('BootNotification', boot)).toMatchObject([3, 'id4', { status: 'Accepted' }])
    expect(await charger.call('Heartbeat', {})).toMatchObject([3, 'id5', {}])
    expect(heard).toEqual([])
    await charger.close()
  })

  it('never show a secret in their frames', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const sent: Frame[] = []
    const charger = await fixture.connect(`${url}/${id}`, {
      onCall: (frame) => {
        sent.push(frame)
        return accept(frame)
      },
    })
    const reply = await send(id, { type: 'ChangeConfiguration', key: 'AuthorizationKey', value: 'hunter2hunter2' })
    expect(sent[0]?.[3]).toEqual({ key: 'AuthorizationKey', value: 'hunter2hunter2' })
    expect(JSON.stringify(reply)).not.toContain('hunter2')
    await charger.close()
  })

  it('never show a secret in their frames, also where the charger repeats it in its error', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const key = '00aa'.repeat(10)
    const charger = await fixture.connect(`${url}/${id}`, {
      onCall: ([, messageId]) => [4, messageId, 'InternalError', `${key.toUpperCase()} is too long`, {}],
    })
    await charger.call('BootNotification', boot)
    const reply = await send(id, { type: 'ChangeConfiguration', key: 'AuthorizationKey', value: key })
    expect(reply).toMatchObject({ result: { outcome: 'callError' } })
    expect(JSON.stringify((reply as { frames: object }).frames).toLowerCase()).not.toContain(key)
    await charger.close()
  })

  it('time out, and a late answer becomes a fact that settles its command', async () => {
    const edge = await fixture.startEdge()
    const id = fixture.newId()
    const calls: Frame[] = []
    const charger = await fixture.connect(`${edge.url}/${id}`, { onCall: (frame) => void calls.push(frame) })
    expect(await send(id, clearCache, 1_000)).toMatchObject({ result: { outcome: 'timeout' } })
    charger.sendFrame([3, calls[0]?.[1], { status: 'Accepted' }])
    await until('the late answer is recorded', () =>
      fixture.central.factsOf(id).some(({ type }) => type === 'LateAnswer'),
    )
    const request = fixture.central.facts.findLast(({ chargerId }) => chargerId === id)
    expect(request).toMatchObject({
      frame: JSON.stringify([3, calls[0]?.[1], { status: 'Accepted' }]),
      fact: { commandId: expect.any(String), result: { outcome: 'result', status: 'Accepted' } },
    })
    // once
    charger.sendFrame([3, calls[0]?.[1], { status: 'Accepted' }])
    await until('it is ignored', async () => (await readMetric(edge, 'voltrail_edge_stray_answers_total')) === 1)
    await charger.close()
  })

  it('go one at a time', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const calls: Frame[] = []
    const charger = await fixture.connect(`${url}/${id}`, { onCall: (frame) => void calls.push(frame) })
    const replies = [send(id, clearCache), send(id, { type: 'Reset', kind: 'Hard' })]
    await until('the first is there', () => calls.length === 1)
    expect(await charger.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
    expect(calls).toHaveLength(1)
    charger.sendFrame([3, calls[0]?.[1], { status: 'Accepted' }])
    await until('the second is there', () => calls.length === 2)
    charger.sendFrame([3, calls[1]?.[1], { status: 'Rejected' }])
    expect((await Promise.all(replies)).map((reply) => typeof reply === 'object' && reply.result)).toMatchObject([
      { status: 'Accepted' },
      { status: 'Rejected' },
    ])
    await charger.close()
  })

  it('do not wait for an inbound call that is pending', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`, { onCall: accept })
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    fixture.central.state.treat = async ({ fact }) => {
      if (fact.type === 'Authorize') await held
      return undefined
    }
    const authorized = charger.call('Authorize', { idTag: 'A' })
    await until('central was asked', () => fixture.central.asks.at(-1)?.fact.type === 'Authorize')
    expect(await send(id, clearCache)).toMatchObject({ result: { outcome: 'result', status: 'Accepted' } })
    release()
    expect(await authorized).toMatchObject([3, 'id1', {}])
    await charger.close()
  })

  it('wait until the boot of a charger that was never accepted before is answered', async () => {
    const { url } = await fixture.startEdge()
    fixture.central.state.known = false
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`)
    const pending = send(id, clearCache)
    expect(await charger.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
    expect(charger.received).toEqual([])
    charger.sendFrame([2, 'boot', 'BootNotification', boot])
    expect((await charger.next())[1]).toBe('boot')
    const call = await charger.next()
    expect(call).toMatchObject([2, expect.any(String), 'ClearCache', {}])
    charger.sendFrame([3, call[1], { status: 'Accepted' }])
    expect(await pending).toMatchObject({ result: { outcome: 'result' } })
    await charger.close()
  })

  it('wait for a new charger that never boots only so long, and are not sent after their deadline', async () => {
    const { url } = await fixture.startEdge({ bootHoldMs: 1_500 })
    fixture.central.state.known = false
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`, { onCall: accept })
    const [short, long] = [send(id, clearCache, 1_000), send(id, { type: 'Reset', kind: 'Soft' }, 3_000)]
    expect(await short).toMatchObject({ result: { outcome: 'notSent', reason: expect.stringContaining('boot') } })
    expect(await long).toMatchObject({ result: { outcome: 'result' } })
    await charger.close()
  })

  it('end with the connection', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const calls: Frame[] = []
    const charger = await fixture.connect(`${url}/${id}`, { onCall: (frame) => void calls.push(frame) })
    const replies = [send(id, clearCache), send(id, clearCache)]
    await until('the first is there', () => calls.length === 1)
    charger.socket.terminate()
    expect((await Promise.all(replies)).map((reply) => typeof reply === 'object' && reply.result.outcome)).toEqual([
      'timeout',
      'notSent',
    ])
  })

  it('that the edge cannot read are answered so', async () => {
    const { url } = await fixture.startEdge()
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`)
    const bad = { type: 'Nonsense' } as unknown as typeof clearCache
    expect(await send(id, bad)).toMatchObject({
      result: { outcome: 'notSent', reason: expect.stringContaining('cannot read') },
    })
    await charger.close()
  })
})
