import { createConnection } from 'node:net'
import { passwordDigests } from '@voltrail/key-store/password-digest'
import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { openEdgeFixture, testPepper, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'
import { basic, refusedUpgrade } from './fixtures/raw-charger.ts'
import { openRpcCharger } from './fixtures/rpc-charger.ts'

let fixture: EdgeFixture
let url: string
let port: number
beforeAll(async () => {
  fixture = await openEdgeFixture()
  ;({ url, port } = await fixture.startEdge({ connectHoldMs: 300, retryMs: 10 }, { TENANTS: 'default,acme' }))
})
afterAll(() => fixture.stop())
beforeEach(() => {
  fixture.central.state.treat = () => undefined
})

describe('an upgrade', () => {
  it('completes after central has recorded the connection', async () => {
    const id = fixture.newId()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    fixture.central.state.treat = async () => {
      await held
      return undefined
    }
    let open = false
    const connecting = fixture.connect(`${url}/acme/${id}`).then((charger) => {
      open = true
      return charger
    })
    await until('central was asked', () => fixture.central.asks.some(({ chargerId }) => chargerId === id))
    expect(open).toBe(false)
    release()
    const charger = await connecting
    expect(charger.socket.protocol).toBe('ocpp1.6')
    const request = fixture.central.facts.find(({ chargerId }) => chargerId === id)
    expect(request).toMatchObject({
      tenant: 'acme',
      edge: 'edge-0',
      fact: {
        type: 'Connect',
        edge: 'edge-0',
        subprotocol: 'ocpp1.6',
        offered: ['ocpp1.6'],
        speaks: ['ocpp1.6'],
        remoteAddress: '127.0.0.1',
        tls: false,
        credential: { kind: 'none' },
      },
    })
    expect(request).not.toHaveProperty('epoch')
    await charger.close()
  })

  it('carries proofs of the password and never the password', async () => {
    const id = fixture.newId()
    const key = 'a1b2c3d4e5f60718293a4b5c6d7e8f9001020304'
    const client = openRpcCharger(url, id, { password: Buffer.from(key, 'hex') as unknown as string })
    await client.connect()
    await client.close()
    const fact = fixture.central.facts.find(({ chargerId }) => chargerId === id)?.fact
    if (fact?.type !== 'Connect' || fact.credential.kind !== 'basic') throw new Error('no Basic credential arrived')
    const stored = passwordDigests(
      Buffer.from(testPepper, 'hex'),
      TenantId.parse('default'),
      ChargerId.parse(id),
      Buffer.from(key.toUpperCase()),
    )
    expect(fact.credential.proofs.some((proof) => stored.includes(proof))).toBe(true)
  })

  const key = 'a1b2c3d4e5f60718293a4b5c6d7e8f9001023a04'
  const bytes = Buffer.from(key, 'hex')
  it.each([
    ['as hex text in lower case', key, (id: string) => Buffer.from(`${id}:${key}`)],
    ['as hex text in upper case', key, (id: string) => Buffer.from(`${id}:${key.toUpperCase()}`)],
    ['as the decoded bytes, one of them a colon', key, (id: string) => Buffer.concat([Buffer.from(`${id}:`), bytes])],
    ['as hex text, stored as the bytes', bytes, (id: string) => Buffer.from(`${id}:${key}`)],
    ['with colons', 'se:cr:et', (id: string) => Buffer.from(`${id}:se:cr:et`)],
    ['behind another user than the id', 'secret', () => Buffer.from('admin:secret')],
    ['behind no user', 'secret', () => Buffer.from(':secret')],
    ['behind the id percent-encoded', 'secret', (id: string) => Buffer.from(`${encodeURIComponent(id)}:secret`)],
  ])('proves its password %s', async (_how, password, pair) => {
    const id = `${fixture.newId()}:1`
    const charger = await fixture.connect(`${url}/${encodeURIComponent(id)}`, { headers: basic(pair(id)) })
    await charger.close()
    const [fact] = fixture.central.factsOf(id)
    if (fact?.type !== 'Connect' || fact.credential.kind !== 'basic') throw new Error('no Basic credential arrived')
    const pepper = Buffer.from(testPepper, 'hex')
    const stored = passwordDigests(
      pepper,
      TenantId.parse('default'),
      ChargerId.parse(id),
      Buffer.from(password as string),
    )
    expect(fact.credential.proofs.some((proof) => stored.includes(proof))).toBe(true)
  })

  it('ignores the id entered twice and trailing slashes', async () => {
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}/${id}/`)
    expect(fixture.central.facts.find(({ chargerId }) => chargerId === id)?.tenant).toBe('default')
    await charger.close()
  })

  it.each([
    ['/steve/CP1', 404, 'connect to /ocpp/<chargerId> or /ocpp/<tenant>/<chargerId>'],
    ['/ocpp', 404, 'connect to /ocpp/<chargerId>'],
    ['/ocpp/nobody/CP1', 404, 'no tenant "nobody"'],
    ['/ocpp/%', 400, 'percent-encoding'],
    [`/ocpp/${'x'.repeat(49)}`, 400, '1 to 48 characters'],
  ])('of %s gets %i and a text that helps', async (path, status, text) => {
    const refused = await refusedUpgrade(`ws://127.0.0.1:${port}${path}`)
    expect(refused.status).toBe(status)
    expect(refused.body).toContain(text)
  })

  it('with a wrong key gets 401 and how to authenticate', async () => {
    fixture.central.state.treat = ({ fact }) =>
      fact.type === 'Connect' && fact.credential.kind === 'basic'
        ? { outcome: 'refused', reason: 'bad-credential', detail: 'no' }
        : undefined
    const refused = await refusedUpgrade(`${url}/CPX`, { headers: basic('CPX:wrong') })
    expect(refused).toMatchObject({ status: 401, body: expect.stringContaining('charger CPX') })
    expect(refused.headers['www-authenticate']).toMatch(/^Basic realm=/)
  })

  it('with an Authorization header that cannot be read gets 401 without asking central', async () => {
    const asked = fixture.central.asks.length
    const refused = await refusedUpgrade(`${url}/CPX`, { headers: { Authorization: 'Bearer abc' } })
    expect(refused).toMatchObject({ status: 401, body: expect.stringContaining('Basic') })
    expect(fixture.central.asks).toHaveLength(asked)
  })

  it('of an unknown charger under closed adoption gets 404', async () => {
    fixture.central.state.treat = () => ({ outcome: 'refused', reason: 'unknown-charger', detail: 'closed' })
    const refused = await refusedUpgrade(`${url}/CPX`)
    expect(refused).toMatchObject({ status: 404, body: expect.stringContaining('no charger CPX is known here') })
  })

  it('without a subprotocol in common gets 400 and the list', async () => {
    const refused = await refusedUpgrade(`${url}/CPX`, { protocols: ['ocpp2.0.1', 'ocpp1.5'] })
    expect(refused).toMatchObject({ status: 400, body: expect.stringContaining('this server speaks: ocpp1.6') })
    const none = await refusedUpgrade(`${url}/CPX`, { protocols: [] })
    expect(none).toMatchObject({ status: 400, body: expect.stringContaining('no Sec-WebSocket-Protocol header') })
  })

  it('without a subprotocol is taken where a default is configured, and none is echoed', async () => {
    const lenient = await fixture.startEdge({}, { DEFAULT_SUBPROTOCOL: 'ocpp1.6' })
    const charger = await fixture.connect(`${lenient.url}/${fixture.newId()}`, { protocols: [] })
    expect(charger.socket.protocol).toBe('')
    expect(await charger.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
    await charger.close()
  })

  it('without a subprotocol is taken where one is set for the charger, and none is echoed', async () => {
    const id = fixture.newId()
    fixture.central.state.pinned.set(id, 'ocpp1.6')
    for (const protocols of [[], ['']] as const) {
      const headers = protocols.length === 0 ? {} : { 'Sec-WebSocket-Protocol': '' }
      const charger = await fixture.connect(`${url}/${id}`, { protocols: [], headers })
      expect(charger.socket.protocol).toBe('')
      expect(await charger.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
      await charger.close()
    }
    const request = fixture.central.facts.find(({ chargerId }) => chargerId === id)
    expect(request?.fact).toMatchObject({ offered: [], speaks: ['ocpp1.6'] })
    expect(request?.fact).not.toHaveProperty('subprotocol')
    expect(request?.normalisations).toMatchObject([{ rule: 'Q4-no-subprotocol' }])
  })

  it('of a charger that names another version than is set for it hears its own name, and is spoken to in the one that is set', async () => {
    const id = fixture.newId()
    fixture.central.state.pinned.set(id, 'ocpp1.6')
    const charger = await fixture.connect(`${url}/${id}`, { protocols: ['ocpp2.0.1'] })
    expect(charger.socket.protocol).toBe('ocpp2.0.1')
    expect(await charger.call('Authorize', { idTag: 'A' })).toEqual([3, 'id1', { idTagInfo: { status: 'Accepted' } }])
    await charger.close()
  })

  it('takes the first of the names that both speak, in any case, and echoes it as the charger wrote it', async () => {
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`, { protocols: ['ocpp1.5', 'OCPP1.6'] })
    expect(charger.socket.protocol).toBe('OCPP1.6')
    await charger.close()
    const fact = fixture.central.factsOf(id)[0]
    expect(fact).toMatchObject({ subprotocol: 'ocpp1.6', offered: ['ocpp1.5', 'OCPP1.6'] })
  })

  it('gets no compression even if it is offered', async () => {
    const charger = await fixture.connect(`${url}/${fixture.newId()}`, { perMessageDeflate: true })
    expect(charger.socket.extensions).toBe('')
    await charger.close()
  })

  it('while the log is away gets 503, and the pod is not ready', async () => {
    fixture.central.state.treat = () => ({ outcome: 'unavailable', reason: 'the log is away' })
    const edge = await fixture.startEdge({ connectHoldMs: 100, retryMs: 10 })
    const ready = () => fetch(`http://127.0.0.1:${edge.healthPort}/readyz`)
    expect((await ready()).status).toBe(200)
    expect((await refusedUpgrade(`${edge.url}/CPX`)).status).toBe(503)
    const readiness = await ready()
    expect(readiness.status).toBe(503)
    expect(await readiness.json()).toMatchObject({ failing: { central: 'the log is away' } })
    fixture.central.state.treat = () => undefined
    await (await fixture.connect(`${edge.url}/${fixture.newId()}`)).close()
    expect((await ready()).status).toBe(200)
  })

  it('beyond the rate, the room or the waiting room gets 503', async () => {
    const fast = await fixture.startEdge({ upgradesPerSecond: 1, upgradesBurst: 1 })
    const charger = await fixture.connect(`${fast.url}/${fixture.newId()}`)
    expect(await refusedUpgrade(`${fast.url}/CPX`)).toMatchObject({
      status: 503,
      body: expect.stringContaining('too many chargers'),
    })
    await charger.close()
    const small = await fixture.startEdge({ maxConnections: 1 })
    const only = await fixture.connect(`${small.url}/${fixture.newId()}`)
    expect(await refusedUpgrade(`${small.url}/CPX`)).toMatchObject({
      status: 503,
      body: expect.stringContaining('full'),
    })
    await only.close()
  })

  it('waits for its turn while central is asked about others, for so long', async () => {
    const edge = await fixture.startEdge({ askedUpgrades: 1, upgradeTurnMs: 300 })
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    fixture.central.state.treat = async () => {
      await held
      return undefined
    }
    const [first, second, late] = [fixture.newId(), fixture.newId(), fixture.newId()]
    const asked = (id: string) => fixture.central.asks.some(({ chargerId }) => chargerId === id)
    const connecting = fixture.connect(`${edge.url}/${first}`)
    await until('central was asked about the first', () => asked(first))
    expect(await refusedUpgrade(`${edge.url}/${late}`)).toMatchObject({
      status: 503,
      body: expect.stringContaining('too many chargers'),
    })
    const next = fixture.connect(`${edge.url}/${second}`)
    release()
    for (const charger of [await connecting, await next]) await charger.close()
    expect(asked(late)).toBe(false)
  })

  it('from an address that tried too many keys gets 429, whatever id it names; a credential that was good from there is not concerned', async () => {
    const edge = await fixture.startEdge({}, { REFUSALS_PER_MINUTE: '5' })
    const [good, guessed, other] = [fixture.newId(), fixture.newId(), fixture.newId()]
    await (await fixture.connect(`${edge.url}/${good}`, { localAddress: '127.0.0.9' })).close()
    fixture.central.state.treat = ({ chargerId, fact }) =>
      fact.type === 'Connect' && chargerId !== other && fact.credential.kind === 'basic'
        ? { outcome: 'refused', reason: 'bad-credential', detail: 'no' }
        : undefined
    const guess = (i: number) =>
      refusedUpgrade(`${edge.url}/${guessed}`, { localAddress: '127.0.0.9', headers: basic(`${guessed}:${i}`) })
    // in the name of the charger that is welcome, too
    const stranger = { localAddress: '127.0.0.9', headers: basic(`${good}:guess`) }
    const answers = [(await refusedUpgrade(`${edge.url}/${good}`, stranger)).status]
    for (let i = 0; i < 6; i++) answers.push((await guess(i)).status)
    expect(answers).toEqual([401, 401, 401, 401, 401, 429, 429])
    const turnedAway = await refusedUpgrade(`${edge.url}/${other}`, { localAddress: '127.0.0.9' })
    expect(turnedAway).toMatchObject({ status: 429, body: expect.stringContaining('from your address') })
    expect(turnedAway.headers['retry-after']).toBe('30')
    expect(fixture.central.factsOf(other)).toEqual([])
    expect((await refusedUpgrade(`${edge.url}/${good}`, stranger)).status).toBe(429)
    // the address is slowed down, never the id
    await (await fixture.connect(`${edge.url}/${good}`, { localAddress: '127.0.0.9' })).close()
    await (await fixture.connect(`${edge.url}/${guessed}`, { localAddress: '127.0.0.8' })).close()
  })

  it('with an Authorization header that cannot be read counts against its address too', async () => {
    const edge = await fixture.startEdge({}, { REFUSALS_PER_MINUTE: '2' })
    const statuses = []
    for (let i = 0; i < 3; i++)
      statuses.push((await refusedUpgrade(`${edge.url}/CPX`, { headers: { Authorization: 'Bearer abc' } })).status)
    expect(statuses).toEqual([401, 401, 401])
    expect((await refusedUpgrade(`${edge.url}/CPX`)).status).toBe(429)
  })

  it('that is malformed gets 400, and a plain request 426', async () => {
    const raw = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = createConnection(port, '127.0.0.1', () => socket.write(text))
        let answer = ''
        socket.on('data', (data) => (answer += data.toString()))
        socket.on('close', () => resolve(answer))
        socket.on('error', reject)
      })
    const head = 'GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n'
    expect(await raw(`${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 400 Bad Request[^]*Sec-WebSocket-Key/,
    )
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400/)
    // https://github.com/lbbrhzn/ocpp/pull/1984: the Connection header is missing
    expect(await raw(`${head}Upgrade: websocket\r\n\r\n`)).toMatch(/^HTTP\/1.1 426 [^]*Connection: Upgrade/)
  })

  it('of a charger that goes away meanwhile leaves a connection that ends', async () => {
    const id = fixture.newId()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    fixture.central.state.treat = async () => {
      await held
      return undefined
    }
    const socket = createConnection(port, '127.0.0.1', () =>
      socket.write(
        `GET /ocpp/${id} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          'Sec-WebSocket-Protocol: ocpp1.6\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      ),
    )
    await until('central was asked', () => fixture.central.asks.some(({ chargerId }) => chargerId === id))
    socket.destroy()
    await new Promise((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => setTimeout(resolve, 20))
    release()
    await until('the end is recorded', () => fixture.central.factsOf(id).some(({ type }) => type === 'Disconnect'))
  })
})
