import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { ChargerDetail } from '@voltrail/contracts/rest/chargers'
import type { Problem } from '@voltrail/contracts/rest/problem'
import type { SessionDetail, SessionHistory, SessionPage } from '@voltrail/contracts/rest/sessions'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, timestamp, type Charger } from './fixtures/charger.ts'
import { basic, openRawCharger, refusedUpgrade, type RawCharger } from './fixtures/raw-charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { until } from './fixtures/until.ts'

type Sessions = z.infer<typeof SessionPage>
type History = z.infer<typeof SessionHistory>
interface Started {
  transactionId: number
  idTagInfo: { status: string }
}

const tag = 'BAD1CAFE'
const boot = { chargePointVendor: 'Acme', chargePointModel: 'One' }

let folder: string
let product: Product
let rest: Rest
/** charges all the time; whatever the others send, it must not feel it */
let honest: { charger: Charger; transactionId: number; readings: number }
const open: { close(): Promise<void> }[] = []

const raw = async (path: string, options?: Parameters<typeof openRawCharger>[1]): Promise<RawCharger> => {
  const charger = await openRawCharger(`${product.ocppUrl}/${path}`, options)
  open.push(charger)
  return charger
}
const connected = async (id: string, options: { password?: string } = {}): Promise<Charger> => {
  const charger = openCharger(product.ocppUrl, { id, ...options })
  open.push(charger)
  await charger.connect()
  return charger
}
const refused = (path: string, options?: Parameters<typeof refusedUpgrade>[1]) =>
  refusedUpgrade(`${product.ocppUrl}/${path}`, options)
const detail = (id: string) => rest.get<ChargerDetail>(`/v1/chargers/${encodeURIComponent(id)}`)
/** When the read model has got there, the detail of the charger for which it holds. */
const detailWhen = (id: string, holds: (one: ChargerDetail) => boolean) =>
  rest.eventually<ChargerDetail>(`/v1/chargers/${encodeURIComponent(id)}`, holds)
/** The socket is still good for a message, and nothing else waits on it. */
const stillServes = async (charger: RawCharger) =>
  expect(await charger.call('Heartbeat', {})).toMatchObject([
    3,
    expect.any(String),
    { currentTime: expect.any(String) },
  ])

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
  product = await startProduct({ dataDir: folder })
  rest = openRest(product.apiUrl, product.operatorKey)
  await rest.send('POST', '/v1/id-tokens', { token: tag, type: 'ISO14443', status: 'Accepted' })
  const charger = await connected('BAD-HONEST')
  await charger.call('BootNotification', boot)
  const start = { connectorId: 1, idTag: tag, meterStart: 0, timestamp: timestamp(120) }
  honest = {
    charger,
    transactionId: (await charger.call<Started>('StartTransaction', start)).transactionId,
    readings: 0,
  }
}, 180_000)

afterEach(async () => {
  const { charger, transactionId } = honest
  honest.readings += 1
  expect(await charger.call('Authorize', { idTag: tag })).toEqual({ idTagInfo: { status: 'Accepted' } })
  const meter = { timestamp: timestamp(120 - honest.readings), sampledValue: [{ value: String(honest.readings * 10) }] }
  expect(await charger.call('MeterValues', { connectorId: 1, transactionId, meterValue: [meter] })).toEqual({})
  expect(await rest.send('POST', '/v1/chargers/BAD-HONEST/commands/ClearCache', {})).toMatchObject({
    status: 'Accepted',
  })
  expect(await detail('BAD-HONEST')).toMatchObject({ connected: true, parkedFrames: 0 })
})

afterAll(async () => {
  await Promise.all(open.map((one) => one.close().catch(() => {})))
  await product?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

describe('a frame that is no message', () => {
  it.each([
    ['broken JSON whose id can be read', '[2,"id","Heartbeat",{'],
    ['a call without action', '[2,"id"]'],
    ['an action that is a number', '[2,"id",7,{}]'],
  ])('%s gets CALLERROR FormationViolation, and the socket stays', async (_, text) => {
    const charger = await raw('BAD-FRAMES')
    charger.send(text)
    expect(await charger.next()).toEqual([4, 'id', 'FormationViolation', expect.stringMatching(/./), {}])
    await stillServes(charger)
    await charger.close()
  })

  it('without a readable id gets no answer (OCPP-J 1.6 §4.2 knows none), and the socket stays', async () => {
    const charger = await raw('BAD-FRAMES')
    for (const text of [
      '{"oops',
      '',
      '[]',
      '{"a":1}',
      '[9,"id","Heartbeat",{}]',
      '[2,{"a":1},"Heartbeat",{}]',
      '[3,"id",{',
    ])
      charger.send(text)
    await stillServes(charger)
    await charger.close()
  })

  it('of 5 MiB closes its socket with 1009, and the charger may come back', async () => {
    const charger = await raw('BAD-BIG')
    charger.send(JSON.stringify([2, 'big', 'DataTransfer', { vendorId: 'v', data: 'x'.repeat(5 * 1024 * 1024) }]))
    expect((await charger.closed).code).toBe(1009)
    await detailWhen('BAD-BIG', (one) => !one.connected && one.disconnectedAt !== null)
    const back = await raw('BAD-BIG')
    await stillServes(back)
    await back.close()
  })

  it('that is binary closes its socket with 1003', async () => {
    const charger = await raw('BAD-BINARY')
    charger.send(Buffer.from(JSON.stringify([2, 'id', 'Heartbeat', {}])))
    expect(await charger.closed).toEqual({ code: 1003, reason: 'OCPP-J frames are text' })
    await detailWhen('BAD-BINARY', (one) => !one.connected && one.disconnectReason !== null)
  })
})

describe('a message that is wrong', () => {
  it('of an unknown action gets NotImplemented; one that only a central system sends, NotSupported', async () => {
    const charger = await raw('BAD-ACTION')
    expect(await charger.call('BrewCoffee', {})).toEqual([
      4,
      'call-1',
      'NotImplemented',
      expect.stringMatching(/./),
      {},
    ])
    expect(await charger.call('Reset', { type: 'Hard' })).toEqual([4, 'call-2', 'NotSupported', expect.any(String), {}])
    await stillServes(charger)
    await charger.close()
  })

  it('in its schema gets the code that says how, and the field', async () => {
    const charger = await raw('BAD-SCHEMA')
    const errors = [
      ['Authorize', { idTag: { a: 1 } }, 'TypeConstraintViolation', 'idTag'],
      [
        'StatusNotification',
        { errorCode: 'NoError', status: 'Available' },
        'OccurenceConstraintViolation',
        'connectorId',
      ],
      ['Authorize', 'text', 'FormationViolation', 'object'],
    ] as const
    for (const [action, payload, code, named] of errors)
      expect(await charger.call(action, payload)).toEqual([
        4,
        expect.any(String),
        code,
        expect.stringContaining(named),
        {},
      ])
    await stillServes(charger)
    await charger.close()
  })

  it('but carries energy is answered with a .conf and parked, each once', async () => {
    const charger = await raw('BAD-ENERGY')
    const start = await charger.call('StartTransaction', { connectorId: 'one', idTag: tag })
    expect(start).toMatchObject([
      3,
      'call-1',
      { transactionId: expect.any(Number), idTagInfo: { status: expect.any(String) } },
    ])
    expect((start[2] as Started).transactionId).toBeGreaterThan(0)
    expect(await charger.call('StopTransaction', { transactionId: 'x'.repeat(30), transactionData: 7 })).toMatchObject([
      3,
      'call-2',
      {},
    ])
    expect(await charger.call('MeterValues', { meterValue: 7 })).toEqual([3, 'call-3', {}])
    await detailWhen('BAD-ENERGY', ({ parkedFrames }) => parkedFrames === 3)
    await stillServes(charger)
    await charger.close()
  })

  it('by NUL and lone surrogates is cleaned, and read back well-formed', async () => {
    const charger = await raw('BAD-TEXT')
    charger.send(
      String.raw`[2,"a\u0000b","BootNotification",{"chargePointVendor":"Ac\u0000me","chargePointModel":"On\ud800e"}]`,
    )
    // the id comes back as it was sent: chargers compare it
    expect(await charger.next()).toMatchObject([3, 'a\u0000b', { status: 'Accepted' }])
    expect(
      await charger.call('StatusNotification', {
        connectorId: 1,
        errorCode: 'NoError',
        status: 'Preparing',
        info: 'x\u0000\udc00y',
      }),
    ).toMatchObject([3, 'call-1', {}])
    const start = { connectorId: 1, idTag: `${tag}\u0000`, meterStart: 1, timestamp: timestamp(60) }
    const started = await charger.call('StartTransaction', start)
    expect(started).toMatchObject([3, 'call-2', { idTagInfo: { status: 'Accepted' } }])
    expect(await detailWhen('BAD-TEXT', (one) => one.openTransactions.length === 1)).toMatchObject({
      vendor: 'Acme',
      model: 'On\ufffde',
      connectors: [{ info: 'x\ufffdy' }],
    })
    const stop = { transactionId: (started[2] as Started).transactionId, meterStop: 1001, timestamp: timestamp(1) }
    await charger.call('StopTransaction', stop)
    const { items } = await rest.eventually<Sessions>(
      '/v1/sessions?chargerId=BAD-TEXT',
      ({ items: [one] }) => one?.state === 'stopped',
    )
    expect(items).toMatchObject([{ energyWh: 1000, idToken: { token: tag } }])
    const history = await rest.get<History>(`/v1/sessions/${items[0]!.sessionId}/history`)
    const begun = history.items.find(({ type }) => type === 'SessionStarted')
    expect(begun?.normalisations.map(({ rule }) => rule)).toContain('Q24-nul-stripped')
    expect(begun?.frame).toMatchObject({ text: expect.stringContaining(String.raw`\u0000`) })
    await charger.close()
  })
})

describe('a message that is well formed but names nothing that we know', () => {
  it('StopTransaction of an unknown transaction is answered, and parked once however often it comes', async () => {
    const charger = await connected('BAD-STOP')
    const stop = { transactionId: 424242, idTag: tag, meterStop: 5000, timestamp: timestamp(1) }
    expect(await charger.call('StopTransaction', stop)).toEqual({ idTagInfo: { status: 'Accepted' } })
    await charger.call('StopTransaction', stop)
    expect(await charger.call('StopTransaction', { ...stop, transactionId: -1 })).toMatchObject({
      idTagInfo: { status: 'Accepted' },
    })
    await detailWhen('BAD-STOP', ({ parkedFrames }) => parkedFrames === 2)
    expect((await rest.get<Sessions>('/v1/sessions?chargerId=BAD-STOP')).items).toEqual([])
    await charger.close()
  })

  it('an unknown tag is Invalid, and the start is recorded and says so too', async () => {
    const charger = await connected('BAD-TAG')
    expect(await charger.call('Authorize', { idTag: 'NOBODY' })).toEqual({ idTagInfo: { status: 'Invalid' } })
    const start = { connectorId: 1, idTag: 'NOBODY', meterStart: 100, timestamp: timestamp(10) }
    const started = await charger.call<Started>('StartTransaction', start)
    expect(started).toMatchObject({ transactionId: expect.any(Number), idTagInfo: { status: 'Invalid' } })
    await charger.call('StopTransaction', {
      transactionId: started.transactionId,
      meterStop: 350,
      timestamp: timestamp(1),
    })
    const { items } = await rest.eventually<Sessions>(
      '/v1/sessions?chargerId=BAD-TAG',
      ({ items: [one] }) => one?.state === 'stopped',
    )
    expect(items).toMatchObject([
      { authorization: 'Invalid', energyWh: 250, transactionId: String(started.transactionId) },
    ])
    await charger.close()
  })
})

describe('a connection that may not be', () => {
  it('of an unknown charger is 404 while adoption is closed; known ones come in as before', async () => {
    const { adoption } = await rest.get<{ adoption: string }>('/v1/settings')
    expect(adoption).toBe('open')
    await rest.send('PATCH', '/v1/settings', { adoption: 'closed' })
    try {
      const answer = await until('the setting holds', () => refused('BAD-STRANGER').catch(() => undefined))
      expect(answer).toMatchObject({ status: 404, body: expect.stringContaining('BAD-STRANGER') })
      await rest.send('PUT', '/v1/chargers/BAD-INVITED', {})
      for (const id of ['BAD-INVITED', 'BAD-TAG']) {
        const known = await raw(id)
        await stillServes(known)
        await known.close()
      }
    } finally {
      await rest.send('PATCH', '/v1/settings', { adoption })
    }
    const adopted = await until('the setting holds again', () => raw('BAD-STRANGER-2'))
    await stillServes(adopted)
    await adopted.close()
  })

  it('without the right key is 401, and does not disturb the one that has it', async () => {
    await rest.send('PUT', '/v1/chargers/BAD-KEYED', { password: 'correct horse batter' })
    const id = 'BAD-KEYED'
    const keyed = await connected(id, { password: 'correct horse batter' })
    for (const headers of [
      undefined,
      basic(id, 'wrong'),
      basic(id, ''),
      basic('BAD-HONEST', 'wrong'),
      { Authorization: 'Bearer x' },
    ]) {
      const answer = await refused(id, headers && { headers })
      expect(answer).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': expect.stringMatching(/^Basic realm=/) },
      })
      expect(answer.body).not.toContain('horse')
    }
    expect(await keyed.call('Heartbeat', {})).toMatchObject({ currentTime: expect.any(String) })
    await detailWhen(id, (one) => one.connected && one.lastRefusedAt !== null && one.lastRefusal !== null)
    await keyed.close()
  })

  it('without a subprotocol in common is 400 and names ours', async () => {
    expect(await refused('BAD-PROTOCOL', { protocols: ['ocpp1.2'] })).toMatchObject({
      status: 400,
      body: expect.stringContaining('ocpp1.6'),
    })
  })

  it.each([
    ['nobody/CP1', 404, 'no tenant "nobody"'],
    ['a/b/c', 404, '/ocpp/<chargerId>'],
    ['x'.repeat(49), 400, '1 to 48 characters'],
    ['%00', 400, '1 to 48 characters'],
    ['%ED%A0%80', 400, 'percent-encoding'],
  ])('at /ocpp/%s is %i', async (path, status, text) => {
    expect(await refused(path)).toMatchObject({ status, body: expect.stringContaining(text) })
  })

  it('twice at a time leaves the newer one, with the transaction that was begun on the older', async () => {
    const older = await raw('BAD-TWICE')
    const [, , started] = await older.call('StartTransaction', {
      connectorId: 1,
      idTag: tag,
      meterStart: 0,
      timestamp: timestamp(30),
    })
    const newer = await raw('BAD-TWICE')
    expect(await older.closed).toEqual({ code: 1000, reason: 'a newer connection of this charger took over' })
    const { transactionId } = started as Started
    const stop = { transactionId, meterStop: 700, timestamp: timestamp(1) }
    expect(await newer.call('StopTransaction', stop)).toMatchObject([3, 'call-1', {}])
    const { items } = await rest.eventually<Sessions>(
      '/v1/sessions?chargerId=BAD-TWICE',
      ({ items: [one] }) => one?.state === 'stopped',
    )
    expect(items).toMatchObject([{ energyWh: 700 }])
    expect((await detail('BAD-TWICE')).connected).toBe(true)
    await newer.close()
  })
})

describe('a charger with an unusual name', () => {
  it.each(['DE*ABC*E1', 'CP 7', 'a.b>c*', '100%', 'Säule "7"', 'x'.repeat(48)])(
    '%s works from end to end',
    async (id) => {
      const charger = await connected(id)
      expect(await charger.call('BootNotification', boot)).toMatchObject({ status: 'Accepted' })
      const start = { connectorId: 1, idTag: tag, meterStart: 1000, timestamp: timestamp(30) }
      const { transactionId } = await charger.call<Started>('StartTransaction', start)
      const at = `/v1/chargers/${encodeURIComponent(id)}`
      expect(await rest.send('POST', `${at}/commands/ClearCache`, {})).toMatchObject({ outcome: 'result' })
      expect(charger.calls).toEqual([{ action: 'ClearCache', params: {} }])
      await charger.call('StopTransaction', { transactionId, meterStop: 3500, timestamp: timestamp(1) })
      expect(
        await detailWhen(id, (one) => one.vendor !== null && one.connected && one.openTransactions.length === 0),
      ).toMatchObject({
        chargerId: id,
        vendor: 'Acme',
      })
      const { items } = await rest.eventually<Sessions>(
        `/v1/sessions?chargerId=${encodeURIComponent(id)}`,
        ({ items: [one] }) => one?.state === 'stopped',
      )
      expect(items).toMatchObject([{ chargerId: id, transactionId: String(transactionId), energyWh: 2500 }])
      const history = await rest.get<History>(`/v1/sessions/${items[0]!.sessionId}/history`)
      expect(history.items.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['SessionStarted', 'SessionStopped']),
      )
      await charger.close()
    },
  )

  it.each(['default/BAD-FORM', 'BAD-FORM/', 'BAD-FORM/BAD-FORM', 'BAD-FORM?station=7', 'BAD%2DFORM'])(
    'at /ocpp/%s it is the same charger of the default tenant',
    async (path) => {
      const charger = await raw(path)
      const model = path.slice(0, 20)
      expect(await charger.call('BootNotification', { ...boot, chargePointModel: model })).toMatchObject([
        3,
        'call-1',
        { status: 'Accepted' },
      ])
      await detailWhen('BAD-FORM', (one) => one.connected && one.model === model)
      await charger.close()
    },
  )
})

describe('a REST request that is wrong', () => {
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, product.apiUrl), {
      method,
      headers: {
        authorization: `Bearer ${product.operatorKey}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, problem: (await response.json()) as Problem }
  }
  const tariff = {
    id: 'bad',
    name: 'Bad',
    currency: 'EUR',
    elements: [{ price_components: [{ type: 'ENERGY', price: '0.39', vat: '19' }] }],
  }

  it.each<[string, string, string, unknown, number, string, string | undefined]>([
    ['JSON that is broken', 'POST', '/v1/id-tokens', '{"token":', 400, 'not-json', undefined],
    ['a list for an object', 'POST', '/v1/id-tokens', [], 400, 'invalid-request', '/body'],
    ['a number for a text', 'POST', '/v1/id-tokens', { token: 7 }, 400, 'invalid-request', '/body/token'],
    [
      'a field that there is not',
      'POST',
      '/v1/id-tokens',
      { token: 'X', colour: 'red' },
      400,
      'invalid-request',
      '/body',
    ],
    [
      'a status that there is not',
      'POST',
      '/v1/id-tokens',
      { token: 'X', status: 'Maybe' },
      400,
      'invalid-request',
      '/body/status',
    ],
    ['a token of nothing', 'POST', '/v1/id-tokens', { token: '' }, 400, 'invalid-request', '/body/token'],
    [
      'a tariff without elements',
      'POST',
      '/v1/tariffs',
      { ...tariff, elements: [] },
      400,
      'invalid-request',
      '/body/elements',
    ],
    [
      'a tariff without currency',
      'POST',
      '/v1/tariffs',
      { ...tariff, currency: undefined },
      400,
      'invalid-request',
      '/body/currency',
    ],
    [
      'a setting out of range',
      'PATCH',
      '/v1/settings',
      { heartbeatSeconds: 0 },
      400,
      'invalid-request',
      '/body/heartbeatSeconds',
    ],
    [
      'a setting that there is not',
      'PATCH',
      '/v1/settings',
      { adoption: 'maybe' },
      400,
      'invalid-request',
      '/body/adoption',
    ],
    ['a charger id that cannot be', 'PUT', `/v1/chargers/${'x'.repeat(49)}`, {}, 400, 'invalid-request', '/path/id'],
    [
      'a password that is none',
      'PUT',
      '/v1/chargers/BAD-REST',
      { password: '' },
      400,
      'invalid-request',
      '/body/password',
    ],
    [
      'a command that there is not',
      'POST',
      '/v1/chargers/BAD-HONEST/commands/explode',
      {},
      404,
      'not-found',
      undefined,
    ],
    [
      'a command with a wrong field',
      'POST',
      '/v1/chargers/BAD-HONEST/commands/reset',
      { kind: 'Soggy' },
      400,
      'invalid-request',
      '/body/kind',
    ],
    ['a command for nobody', 'POST', '/v1/chargers/BAD-NOBODY/commands/ClearCache', {}, 404, 'not-found', undefined],
    ['a page size of none', 'GET', '/v1/sessions?limit=0', undefined, 400, 'invalid-request', '/query/limit'],
    ['a cursor of nobody', 'GET', '/v1/sessions?cursor=xyz', undefined, 400, 'invalid-request', '/query/cursor'],
    ['a session that there is not', 'GET', '/v1/sessions/BAD.1', undefined, 404, 'not-found', undefined],
    ['a charger that there is not', 'GET', '/v1/chargers/BAD-NOBODY', undefined, 404, 'not-found', undefined],
    ['a position that is none', 'GET', '/v1/events?after=soon', undefined, 400, 'invalid-request', '/query/after'],
    ['a route that there is not', 'GET', '/v1/coffee', undefined, 404, 'not-found', undefined],
    ['a method that there is not', 'DELETE', '/v1/chargers', undefined, 405, 'method-not-allowed', undefined],
    ['a body of 2 MiB', 'POST', '/v1/id-tokens', { token: 'x'.repeat(2 * 1024 * 1024) }, 413, 'too-large', undefined],
  ])('%s is answered with its problem', async (_, method, path, body, status, kind, at) => {
    const answer = await ask(method, path, body)
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect([answer.status, answer.problem.type]).toEqual([status, `urn:voltrail:problem:${kind}`])
    expect(answer.problem).toMatchObject({
      status,
      instance: path.split('?')[0],
      detail: expect.stringMatching(/.{10}/),
    })
    expect(answer.problem.errors?.[0]?.path).toBe(at)
  })

  it.each([
    ['POST', '/v1/id-tokens', { token: 'A\u0000B' }, '/body/token'],
    ['POST', '/v1/id-tokens', { token: 'A', label: 'B\ud800' }, '/body/label'],
    ['POST', '/v1/tariffs', { ...tariff, name: '\u0000' }, '/body/name'],
    ['POST', '/v1/chargers/BAD-HONEST/commands/ChangeConfiguration', { key: 'A', value: '\u0000' }, '/body/value'],
    ['GET', '/v1/id-tokens/A%00B', undefined, '/path/token'],
    ['GET', '/v1/sessions?cursor=%00', undefined, '/query/cursor'],
  ])(
    'text with NUL or half a surrogate pair is a 400 that names the field: %s %s %j',
    async (method, path, body, at) => {
      const { problem } = await ask(method, path, body)
      expect([problem.status, problem.errors?.[0]?.path]).toEqual([400, at])
    },
  )

  it('a form in place of JSON is 415', async () => {
    const answer = await ask('POST', '/v1/id-tokens', 'token=X', {
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect(answer.problem).toMatchObject({ status: 415, type: 'urn:voltrail:problem:unsupported-media-type' })
  })

  it.each(['', 'Bearer', 'Bearer wrong', 'Basic dXNlcjpwYXNz'])(
    'the authorization "%s" is 401, for what there is and what there is not',
    async (authorization) => {
      for (const path of ['/v1/chargers', '/v1/coffee', '/v1/events']) {
        const answer = await ask('GET', path, undefined, { authorization })
        expect(answer.problem).toMatchObject({ status: 401, type: 'urn:voltrail:problem:unauthorized' })
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
      }
    },
  )
})

describe('after all of it', () => {
  it('the session of the honest charger is whole, and nothing has been started again', async () => {
    const { charger, transactionId, readings } = honest
    await charger.call('StopTransaction', { transactionId, meterStop: 5000, timestamp: timestamp(1) })
    const { items } = await rest.eventually<Sessions>(
      '/v1/sessions?chargerId=BAD-HONEST',
      ({ items: [one] }) => one?.billing === 'final',
    )
    expect(items).toMatchObject([{ energyWh: 5000, transactionId: String(transactionId) }])
    const { energy } = await rest.get<SessionDetail>(`/v1/sessions/${items[0]!.sessionId}`)
    const registers = energy.map(({ registerWh }) => registerWh)
    expect(registers.filter((wh) => wh > 0 && wh < 5000)).toEqual(
      Array.from({ length: readings }, (_, i) => (i + 1) * 10),
    )
    expect(pids()).toEqual(pidsAtStart)
  })
})

const pids = () => [...product.processes].map(([name, { pid }]) => [name, pid])
let pidsAtStart: ReturnType<typeof pids>
beforeAll(() => {
  pidsAtStart = pids()
})
