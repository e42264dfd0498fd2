import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import pg from 'pg'
import type { z } from 'zod'
import { connectBus } from '@voltrail/bus/bus'
import type { ChargerDetail } from '@voltrail/contracts/rest/chargers'
import type { SessionHistory, SessionPage } from '@voltrail/contracts/rest/sessions'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { openCharger, timestamp, type Charger } from './fixtures/charger.ts'
import { openListingCharger } from './fixtures/listing-charger.ts'
import { basic, openRawCharger, refusedUpgrade } from './fixtures/raw-charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { until } from './fixtures/until.ts'

type Sessions = z.infer<typeof SessionPage>
type History = z.infer<typeof SessionHistory>
interface Started {
  transactionId: number
}

/** What must never be found in clear, by what it is. Words that occur nowhere else. */
const secrets = {
  'the tag of a driver': 'QZ7TAGKNOWN4W',
  'the tag of a stranger': 'QZ7TAGSTRANGE',
  'a tag in a message that cannot be read': 'QZ7TAGBROKEN1',
  'a tag in an unknown action': 'QZ7TAGACTION2',
  'a tag in the data of a vendor': 'QZ7TAGVENDOR44',
  'a tag in vendor data of ours': 'QZ7TAGOURDATA7',
  'a password in vendor data of ours': 'qz7aPasswordOurs1',
  'a tag among meter values': 'QZ7TAGMETERED5',
  'a tag for a remote start': 'QZ7TAGREMOTE3',
  'a group of tags': 'QZ7GROUPTAG55',
  'the name on a tag': 'Quirinus Zwetschge',
  'the password set by REST': 'qz7-password-by-rest',
  'a wrong password': 'qz7-password-wrong',
  'the key sent by ChangeConfiguration': 'qz7aKeyByCommand99',
  'the key told by GetConfiguration': 'qz7aKeyFromCharger',
  'a password told by DataTransfer': 'qz7aPasswordInData',
  'a password in a URL': 'qz7urlPassword77',
  // 26 characters of base 32, as our own file service makes them
  'a password in the path of a location': 'qz7pathpasswordabcdefghijk',
  'a password in the location of a log': 'qz7locationPassword5',
  'a password in the signature of a location': 'qz7signature4f6a',
} as const
type Secret = keyof typeof secrets
const locations = [
  `http://files.example/d00001ft6qoxc0abcdefghijklmnop/${secrets['a password in the path of a location']}/diag.zip`,
  `ftp://user:${secrets['a password in the location of a log']}@files.example/`,
  `https://s3.example/logs/a.zip?X-Amz-Signature=${secrets['a password in the signature of a location']}`,
]

/** A secret as it is, in lower and upper case, and inside base64 or hex of a longer text. */
const spellings = (text: string): string[] => {
  const bytes = [...new Set([text, text.toLowerCase(), text.toUpperCase()])]
  const base64 = bytes.flatMap((one) =>
    // wherever it begins within three bytes; the characters that its neighbours have a part in are left out
    [0, 1, 2].map((offset) => {
      const padded = Buffer.concat([Buffer.alloc(offset), Buffer.from(one)]).toString('base64')
      return padded.slice([0, 2, 3][offset], Math.floor(((offset + one.length) * 8) / 6))
    }),
  )
  const url = base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'))
  const hex = bytes.flatMap((one) => [Buffer.from(one).toString('hex'), Buffer.from(one).toString('hex').toUpperCase()])
  return [...new Set([...bytes, ...base64, ...url, ...hex])]
}
const needles = Object.entries(secrets).flatMap(([secret, text]) =>
  spellings(text).map((spelling) => ({ secret: secret as Secret, spelling, bytes: Buffer.from(spelling) })),
)
/** What of it stands in a text or in bytes, each as `<secret>: <what stands around it>`. */
const found = (text: string | Buffer): string[] =>
  needles.flatMap(({ secret, spelling, bytes }) => {
    const at = typeof text === 'string' ? text.indexOf(spelling) : text.indexOf(bytes)
    if (at < 0) return []
    const around = text.slice(Math.max(0, at - 200), at + spelling.length + 40).toString()
    return [`${secret}: …${around}…`]
  })

describe('what is personal or secret', () => {
  let folder: string
  let product: Product
  let rest: Rest
  let sessionId: string
  const open: { close(): Promise<unknown> }[] = []
  const id = 'SECRETS-1'

  const connected = async (
    chargerId: string,
    options: Partial<Parameters<typeof openCharger>[1]> = {},
  ): Promise<Charger> => {
    const charger = openCharger(product.ocppUrl, { id: chargerId, ...options })
    open.push(charger)
    await charger.connect()
    return charger
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    // everything that the services would say to somebody who looks for a fault
    product = await startProduct({ dataDir: folder, env: { ...process.env, LOG_LEVEL: 'trace' } })
    rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/id-tokens', {
      token: secrets['the tag of a driver'],
      status: 'Accepted',
      groupToken: secrets['a group of tags'],
      label: secrets['the name on a tag'],
    })
    const password = secrets['the password set by REST']
    await rest.send('PUT', `/v1/chargers/${id}`, { password })
    const charger = await connected(id, {
      password,
      answers: {
        GetConfiguration: {
          configurationKey: [
            { key: 'AuthorizationKey', value: secrets['the key told by GetConfiguration'], readonly: false },
            { key: 'HeartbeatInterval', value: '300', readonly: false },
          ],
        },
        // what it is told, a charger may say again
        GetDiagnostics: { fileName: locations[0] },
      },
    })
    await charger.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    for (const idTag of [secrets['the tag of a driver'], secrets['the tag of a stranger']]) {
      await charger.call('Authorize', { idTag })
      const { transactionId } = await charger.call<Started>('StartTransaction', {
        connectorId: 1,
        idTag: idTag.toLowerCase(),
        meterStart: 0,
        timestamp: timestamp(30),
      })
      const sample = { timestamp: timestamp(15), sampledValue: [{ value: '1000' }] }
      await charger.call('MeterValues', { connectorId: 1, transactionId, meterValue: [sample] })
      await charger.call('StopTransaction', { transactionId, idTag, meterStop: 2000, timestamp: timestamp(1) })
    }
    const at = `/v1/chargers/${id}/commands`
    const key = secrets['the key sent by ChangeConfiguration']
    await rest.send('POST', `${at}/ChangeConfiguration`, { key: 'AdminPassword', value: key })
    await rest.send('POST', `${at}/GetConfiguration`, {})
    await rest.send('POST', `${at}/RemoteStart`, { connectorId: 1, idToken: secrets['a tag for a remote start'] })
    for (const data of [
      JSON.stringify({ password: secrets['a password in vendor data of ours'] }),
      secrets['a tag in vendor data of ours'],
    ])
      await rest.send('POST', `${at}/DataTransfer`, { vendorId: 'acme', data })
    for (const location of locations) await rest.send('POST', `/v1/chargers/${id}/logs`, { location })
    await rest.send('POST', `/v1/chargers/${id}/calls/GetDiagnostics`, { location: locations[0] })
    expect(charger.calls).toMatchObject([
      { action: 'ChangeConfiguration', params: { value: key } },
      { action: 'GetConfiguration' },
      { action: 'RemoteStartTransaction', params: { idTag: secrets['a tag for a remote start'] } },
      {
        action: 'DataTransfer',
        params: { data: JSON.stringify({ password: secrets['a password in vendor data of ours'] }) },
      },
      { action: 'DataTransfer', params: { data: secrets['a tag in vendor data of ours'] } },
      ...[...locations, locations[0]].map((location) => ({ action: 'GetDiagnostics', params: { location } })),
    ])
    // no command for whoever is away: what it would have carried is kept no better
    await charger.close()
    await rest.eventually<ChargerDetail>(`/v1/chargers/${id}`, (one) => !one.connected)
    await rest.send('POST', `${at}/RemoteStart`, { connectorId: 1, idToken: secrets['a tag for a remote start'] })
    await rest.send('POST', `${at}/ChangeConfiguration`, { key: 'AdminPassword', value: key })
    await refusedUpgrade(`${product.ocppUrl}/${id}`, { headers: basic(id, secrets['a wrong password']) })

    const listing = openListingCharger(product.ocppUrl, 'SECRETS-3')
    open.push(listing)
    await listing.connect()
    await listing.boot()
    const listed = {
      mode: 'selected',
      groups: [secrets['a group of tags']],
      idTokens: [secrets['the tag of a driver']],
    }
    await rest.send('PUT', '/v1/chargers/SECRETS-3/local-list', listed)
    const strangers = { ...listed, idTokens: [secrets['the tag of a stranger']] }
    await rest.send('PUT', '/v1/chargers/SECRETS-3/local-list', strangers).catch(() => {})
    await until('the local list', async () => listing.list.has(secrets['the tag of a driver']), 60_000)

    const broken = secrets['a tag in a message that cannot be read']
    const raw = await openRawCharger(`${product.ocppUrl}/SECRETS-2`)
    open.push(raw)
    await raw.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    await raw.call('DataTransfer', {
      vendorId: 'acme',
      data: JSON.stringify({ wifi: { password: secrets['a password told by DataTransfer'] } }),
    })
    await raw.call('DataTransfer', {
      vendorId: 'acme',
      data: `ftp://user:${secrets['a password in a URL']}@files.example/x`,
    })
    for (const data of [
      JSON.stringify({ customer: secrets['a tag in the data of a vendor'] }),
      secrets['a tag in the data of a vendor'],
    ])
      await raw.call('DataTransfer', { vendorId: 'acme', data })
    await raw.call('BrewCoffee', { idTag: secrets['a tag in an unknown action'] })
    await raw.call('StartTransaction', { connectorId: 'one', idTag: broken, meterStart: [], timestamp: 7 })
    await raw.call('StopTransaction', { transactionId: 99, idTag: broken, meterStop: 5, timestamp: timestamp(1) })
    await raw.call('Authorize', { idTag: { value: broken } })
    await raw.call('StatusNotification', { connectorId: 1, idTag: broken, status: 7, errorCode: 'NoError' })
    raw.send(`[2,"broken","StartTransaction",{"connectorId":1,"idTag":"${broken}`)
    expect((await raw.next())[2]).toBe('FormationViolation')
    raw.send(`{"idTag":"${broken}"`)
    raw.send(`[3,"nobody",{"idTag":"${broken}"}]`)
    await raw.call('MeterValues', {
      connectorId: 3,
      idTag: secrets['a tag among meter values'],
      meterValue: [{ timestamp: timestamp(1), sampledValue: [{ value: '5' }] }],
    })
    await raw.close()
    await rest.eventually<ChargerDetail>('/v1/chargers/SECRETS-2', (one) => !one.connected && one.parkedFrames >= 2)

    const { items } = await rest.eventually<Sessions>(
      `/v1/sessions?chargerId=${id}`,
      (answer) => answer.items.length === 2 && answer.items.every(({ billing }) => billing === 'final'),
    )
    sessionId = items.find(({ authorization }) => authorization === 'Accepted')!.sessionId
  }, 180_000)
  afterAll(async () => {
    await Promise.all(open.map((one) => one.close().catch(() => {})))
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('would be found, also inside base64 and hex', () => {
    for (const before of ['', 'a', 'ab', 'abc'])
      for (const encoding of ['utf8', 'base64', 'base64url', 'hex'] as const) {
        const text = Buffer.from(`${before}${secrets['the tag of a driver'].toLowerCase()}:z`).toString(encoding)
        expect([encoding, before, found(text).length, found(Buffer.from(text)).length]).toEqual([
          encoding,
          before,
          1,
          1,
        ])
      }
  })

  it('is shown to the operator who asks for it', async () => {
    const tag = secrets['the tag of a driver']
    const history = JSON.stringify(await rest.get<History>(`/v1/sessions/${sessionId}/history`))
    expect(history).toContain(tag.toLowerCase())
    expect(await rest.get(`/v1/id-tokens/${tag}`)).toMatchObject({ token: tag, label: secrets['the name on a tag'] })
  })

  it('but no key and no password, not even there', async () => {
    const answers = [
      await rest.get(`/v1/sessions/${sessionId}/history`),
      await rest.get(`/v1/chargers/${id}`),
      await rest.get(`/v1/chargers/${id}/commands`),
      await rest.get('/v1/chargers/SECRETS-2'),
    ]
    expect(found(JSON.stringify(answers)).filter((one) => /^(the|a) (wrong |)(key|password)/.test(one))).toEqual([])
  })

  it('stands in no event of the log, neither in its data nor in its metadata', async () => {
    const log = connectEventLog({ connectionString: product.eventStoreUrl, readOnly: true })
    try {
      const streams = new Set((await log.readTail(10_000)).map(({ stream }) => stream))
      const types = new Set<string>()
      const hits: string[] = []
      for (const stream of streams) {
        hits.push(...found(stream))
        if (stream.startsWith('$')) continue
        for await (const event of log.readStored(stream)) {
          types.add(event.type)
          hits.push(
            ...found(JSON.stringify(event.data)).map((hit) => `${stream} ${event.type} data: ${hit}`),
            ...found(JSON.stringify(event.metadata)).map((hit) => `${stream} ${event.type} metadata: ${hit}`),
          )
        }
      }
      expect(hits).toEqual([])
      expect([...types]).toEqual(
        expect.arrayContaining([
          'SessionStarted',
          'SessionStopped',
          'FrameParked',
          'CommandRequested',
          'CommandSettled',
        ]),
      )
    } finally {
      await log.close()
    }
  })

  it('stands in no row of any table', async () => {
    const client = new pg.Client({ connectionString: product.databaseUrl })
    await client.connect()
    try {
      const { rows: tables } = await client.query<{ schema: string; name: string }>(
        `select table_schema as schema, table_name as name from information_schema.tables
         where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
      )
      expect(new Set(tables.map(({ schema }) => schema))).toEqual(new Set(['keys', 'load', 'reporting']))
      const hits: string[] = []
      let rows = 0
      for (const { schema, name } of tables) {
        const all = await client.query<{ text: string }>(
          `select t::text as text from ${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)} t`,
        )
        rows += all.rows.length
        for (const { text } of all.rows) hits.push(...found(text).map((hit) => `${schema}.${name}: ${hit}`))
      }
      expect(hits).toEqual([])
      expect(rows).toBeGreaterThan(20)
    } finally {
      await client.end()
    }
  })

  it('stands in no message that JetStream keeps', async () => {
    const bus = await connectBus({ url: product.natsUrl, name: 'test' })
    try {
      const ask = async <T>(operation: string, body: object = {}): Promise<T> => {
        const outcome = await bus.request(`$JS.API.${operation}`, Buffer.from(JSON.stringify(body)), {
          timeoutMs: 5_000,
        })
        if (outcome.kind !== 'reply') throw new Error(`${operation}: ${outcome.kind}`)
        return JSON.parse(Buffer.from(outcome.data).toString('utf8')) as T
      }
      const { streams } = await ask<{ streams: string[] }>('STREAM.NAMES')
      expect(streams).toEqual(expect.arrayContaining(['TELEMETRY', 'KV_presence']))
      const hits: string[] = []
      let messages = 0
      for (const stream of streams) {
        const { state } = await ask<{ state: { first_seq: number; last_seq: number } }>(`STREAM.INFO.${stream}`)
        for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
          type Kept = { message?: { subject: string; data?: string; hdrs?: string } }
          const { message } = await ask<Kept>(`STREAM.MSG.GET.${stream}`, { seq })
          if (message === undefined) continue
          messages += 1
          const { subject, data = '', hdrs = '' } = message
          const clear = [subject, Buffer.from(data, 'base64').toString(), Buffer.from(hdrs, 'base64').toString()].join(
            '\n',
          )
          hits.push(...found(clear).map((hit) => `${stream}: ${hit}`))
        }
      }
      expect(hits).toEqual([])
      expect(messages).toBeGreaterThan(0)
    } finally {
      await bus.close()
    }
  })

  it('stands in nothing that /v1/events tells', async () => {
    const abort = new AbortController()
    const response = await fetch(new URL('/v1/events?after=0', product.apiUrl), {
      headers: { authorization: `Bearer ${product.operatorKey}` },
      signal: abort.signal,
    })
    expect(response.status).toBe(200)
    let text = ''
    const decoder = new TextDecoder()
    const reading = (async () => {
      for await (const part of response.body!) text += decoder.decode(part as Uint8Array, { stream: true })
    })().catch((error: unknown) => {
      if (!abort.signal.aborted) throw error
    })
    await until('everything has come', async () => text.includes('FrameParked') && text.includes('SessionRated'))
    await until('nothing more comes', async () => {
      const { length } = text
      await rest.get('/v1/chargers')
      return text.length === length
    })
    abort.abort()
    await reading
    expect(found(text)).toEqual([])
  })

  it('stands in no file of the data directory, logs included', async () => {
    const hits: string[] = []
    const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile())
    expect(names.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['edge.log', 'central.log', 'api.log', 'billing.log']),
    )
    for (const { parentPath, name } of names) {
      const path = join(parentPath, name)
      // a file may be gone again by the time we come to it
      const content = await readFile(path).catch(() => Buffer.alloc(0))
      hits.push(...found(content).map((hit) => `${relative(folder, path)}: ${hit}`))
    }
    expect(hits).toEqual([])
    for (const name of ['edge', 'central', 'api'])
      expect((await readFile(join(folder, 'logs', `${name}.log`))).length).toBeGreaterThan(0)
  })
})
