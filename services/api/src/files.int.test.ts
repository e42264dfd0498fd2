import { createSign } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { deviceStream } from '@voltrail/contracts/streams'
import { accept } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import { fileServiceToken } from '@voltrail/domain/device/transfer-credential'
import { TEST_CERT, TEST_KEY } from '@voltrail/event-store-dev/test-certificate'
import { openDiskStore } from '@voltrail/object-store/disk-store'
import { createObjectServer } from '@voltrail/object-store/object-server'
import type { ObjectStore } from '@voltrail/object-store/object-store'
import { listen } from '@voltrail/runtime/listen'
import { operatorKey, runApi, type RunningApi } from './fixtures/running-api.ts'

const key = Buffer.alloc(32, 9)
const tenant = TenantId.parse('default')
const chargerId = ChargerId.parse('CP 1')

/** the objects and the uses of a file service; the service itself is tested where it lives */
const openFileService = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voltrail-api-files-'))
  const store: ObjectStore = await openDiskStore(folder)
  let uses = { campaigns: [] as string[], transfers: [] as object[] }
  const server = createObjectServer({
    store,
    token: fileServiceToken(key),
    maxBytes: 1_000_000,
    onError: (error) => process.stderr.write(`${String(error)}\n`),
    beside(url, response: ServerResponse) {
      if (!url.pathname.startsWith('/uses/')) return false
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(uses))
      return true
    },
  })
  const port = await listen(server, { host: '127.0.0.1', port: 0 }, 'the test')
  return {
    url: `http://127.0.0.1:${port}`,
    store,
    usedBy: (next: typeof uses) => {
      uses = next
    },
    async objects() {
      const found: string[] = []
      for await (const { name } of store.list('')) found.push(name)
      return found
    },
    async stop() {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
      await rm(folder, { recursive: true, force: true })
    },
  }
}

let files: Awaited<ReturnType<typeof openFileService>>
let api: RunningApi
beforeAll(async () => {
  files = await openFileService()
  const env = {
    FILES_INTERNAL_URL: files.url,
    FILES_KEY: key.toString('hex'),
    FILES_URLS: 'http://files.example.com',
    FILES_MAX_BYTES: '100000',
  }
  api = await runApi({ env })
  await api.ask('PUT', '/v1/chargers/CP%201', {})
}, 60_000)
afterAll(async () => {
  await api?.stop()
  await files?.stop()
})

const told = async (event: DeviceEvent) => {
  const now = instant(Date.UTC(2026, 0, 31, 12))
  const decided = await api.loop.decide(device, deviceStream(tenant, chargerId), () => accept(event), {
    tenant,
    causation: { pod: 'test' },
    correlation: 'test',
    actor: { kind: 'service', id: 'files' },
    receivedAt: now,
    decision: { build: 'test', clock: now, lookups: [], settings: {} },
  })
  if (decided.outcome !== 'accepted') throw new Error(JSON.stringify(decided))
}

describe('files of a charger', () => {
  const list = async (query = '') => (await api.ask('GET', `/v1/chargers/CP%201/files${query}`)).json
  beforeAll(async () => {
    const at = instant(Date.UTC(2026, 0, 31, 12))
    await told({ type: 'TransferBegun', data: { requestId: 41, kind: 'SecurityLog', begunAt: at, expiresAt: at } })
    for (const name of ['first.log', 'zweites "Protokoll" ü.log']) {
      const object = `transfers/default/CP=201/41/${name.length}`
      const stored = await files.store.put(object, Readable.from([Buffer.from(`content of ${name}`)]), {
        maxBytes: 1e6,
      })
      const file = { name, object, ...stored }
      await told({ type: 'FileReceived', data: { requestId: 41, kind: 'SecurityLog', protocol: 'ftp', file } })
    }
  })

  it('are listed newest first, page by page, with what they are and which request they came by', async () => {
    const all = await list()
    expect(all).toMatchObject({
      items: [
        { name: 'zweites "Protokoll" ü.log', kind: 'SecurityLog', requestId: 41, protocol: 'ftp' },
        {
          name: 'first.log',
          bytes: 20,
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          receivedAt: expect.any(String),
        },
      ],
      next: null,
    })
    const first = await list('?limit=1')
    const second = await list(`?limit=1&cursor=${first.next}`)
    expect([...first.items, ...second.items]).toEqual(all.items)
  })
  it('are downloaded byte for byte under their name, and in a range', async () => {
    const [named, plain] = (await list()).items
    const whole = await api.ask('GET', `/v1/files/${plain.id}`)
    expect([whole.status, whole.text, whole.headers.get('content-disposition'), whole.headers.get('etag')]).toEqual([
      200,
      'content of first.log',
      'attachment; filename="first.log"',
      `"${plain.sha256}"`,
    ])
    const range = await api.ask('GET', `/v1/files/${plain.id}`, undefined, { range: 'bytes=11-15' })
    expect([range.status, range.text, range.headers.get('content-range')]).toEqual([206, 'first', 'bytes 11-15/20'])
    expect((await api.ask('GET', `/v1/files/${plain.id}`, undefined, { range: 'bytes=20-' })).status).toBe(416)
    expect((await api.ask('GET', `/v1/files/${named.id}`)).headers.get('content-disposition')).toBe(
      `attachment; filename="zweites _Protokoll_ _.log"; filename*=UTF-8''zweites%20%22Protokoll%22%20%C3%BC.log`,
    )
  })
  it.each(['CP=201.0', 'CP=201.99', 'nobody.3', '=zz.1'])('that there are not (%s) are a 404', async (id) => {
    expect((await api.ask('GET', `/v1/files/${id}`)).status).toBe(404)
  })
  it('whose time is over are shown as not stored any more, and are a 410 that says so', async () => {
    expect((await list()).items.map(({ stored }: { stored: boolean }) => stored)).toEqual([true, true])
    const [newest] = (await list()).items
    await files.store.delete(`transfers/default/CP=201/41/${newest.name.length}`)
    expect((await list()).items.map(({ stored }: { stored: boolean }) => stored)).toEqual([false, true])
    const gone = await api.ask('GET', `/v1/files/${newest.id}`)
    expect([gone.status, gone.json.detail]).toEqual([410, expect.stringMatching(/not kept any more/)])
  })
  it('need the operator key', async () => {
    expect((await fetch(`${api.url}/v1/files/CP=201.1`)).status).toBe(401)
  })
})

describe('firmware images', () => {
  const upload = async (fields: Record<string, string>, content = 'the image', fileName = 'one-2.0.bin') => {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', new Blob([content]), fileName)
    const headers = { authorization: `Bearer ${operatorKey}` }
    const response = await fetch(`${api.url}/v1/firmware`, { method: 'POST', headers, body: form })
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  const signed = (content: string) => ({
    signature: createSign('sha256').update(content).sign(TEST_KEY).toString('base64'),
    signingCertificate: TEST_CERT,
  })

  it('are uploaded once: the same again is the same, another under its name is refused', async () => {
    const fields = { version: '2.0', vendor: 'Acme', model: 'One' }
    const before = await files.objects()
    const added = await upload(fields)
    expect(added).toMatchObject({
      status: 201,
      json: {
        id: 'one-2.0.bin',
        ...fields,
        bytes: 9,
        signed: false,
        addedBy: { kind: 'operator', id: 'operator-key' },
      },
    })
    expect(await upload(fields)).toEqual({ status: 200, json: added.json })
    expect(await upload(fields, 'another')).toMatchObject({
      status: 422,
      json: { reason: 'name-taken' },
    })
    expect(await files.objects()).toHaveLength(before.length + 1)
    expect((await api.ask('GET', '/v1/firmware')).json.items).toEqual([added.json])
  })
  it('that are signed are taken if the signature is of this very image', async () => {
    expect(await upload({ version: '3.0', ...signed('the image') }, 'the image', 'signed.bin')).toMatchObject({
      status: 201,
      json: { signed: true },
    })
  })
  it('with a signature of something else are refused clearly, and nothing is kept', async () => {
    const before = await files.objects()
    const refused = await upload({ version: '3.0', ...signed('something else') }, 'the image', 'forged.bin')
    expect(refused).toMatchObject({
      status: 422,
      json: { detail: expect.stringMatching(/signature is not of this image/) },
    })
    expect(await files.objects()).toEqual(before)
    const unread = await upload({ version: '3', signature: 'aaaa', signingCertificate: 'no PEM' })
    expect(unread).toMatchObject({
      status: 422,
      json: { detail: expect.stringMatching(/cannot be read: send it as PEM/) },
    })
  })
  it('over the size limit are refused, and nothing is kept', async () => {
    const before = await files.objects()
    expect((await upload({ version: '3.0' }, 'x'.repeat(300_000), 'large.bin')).status).toBe(413)
    expect(await files.objects()).toEqual(before)
  })
  it.each([
    [{}, 'x.bin', /version is missing/],
    [{ version: '1', signature: 'eA==' }, 'x.bin', /come together/],
    [{ version: '1', name: '../x' }, 'x.bin', /must be of letters/],
    [{ version: '1' }, 'with blank.bin', /must be of letters/],
    [{ version: '1', colour: 'red' }, 'x.bin', /no field "colour"/],
  ])('of the form %j as %s are refused with the field', async (fields, name, why) => {
    const refused = await upload(fields, 'the image', name)
    expect([refused.status, refused.json['detail']]).toEqual([400, expect.stringMatching(why)])
  })
  it('that are no form are refused with what to send', async () => {
    const refused = await api.ask('POST', '/v1/firmware', { version: '1' })
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(refused.text).toMatch(/multipart\/form-data|file/)
  })
  it('are not deleted while something has still to fetch them', async () => {
    await upload({ version: '9' }, 'nine', 'nine.bin')
    files.usedBy({ campaigns: ['c-1'], transfers: [{ chargerId: 'CP 1', requestId: 7 }] })
    const refused = await api.ask('DELETE', '/v1/firmware/nine.bin')
    expect([refused.status, refused.json.detail]).toEqual([
      409,
      expect.stringMatching(/campaign c-1, request 7 of charger CP 1/),
    ])
    files.usedBy({ campaigns: [], transfers: [] })
    expect((await api.ask('DELETE', '/v1/firmware/nine.bin')).json).toMatchObject({ id: 'nine.bin' })
    expect((await api.ask('DELETE', '/v1/firmware/nine.bin')).status).toBe(404)
    expect((await files.objects()).filter((name) => name.includes('nine'))).toEqual([])
  })
  it('that there are not are refused to an update that names them', async () => {
    const refused = await api.ask('POST', '/v1/chargers/CP%201/firmware', { image: 'none.bin' })
    expect([refused.status, refused.json.detail]).toEqual([422, expect.stringMatching(/upload it first/)])
  })
})
