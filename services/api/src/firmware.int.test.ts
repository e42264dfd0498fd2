import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { ChargerEvent, DeviceEvent, FirmwareImageEvent } from '@voltrail/contracts/events/registry'
import { CampaignId, ChargerId, ImageName, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, deviceStream, firmwareStream } from '@voltrail/contracts/streams'
import { accept, type Aggregate } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { runApi, until, type RunningApi } from './fixtures/running-api.ts'

const tenant = TenantId.parse('default')
const now = instant(Date.UTC(2026, 0, 31, 12))
const meta: MetadataInput = {
  tenant,
  causation: { pod: 'test' },
  correlation: 'test',
  actor: { kind: 'service', id: 'test' },
  receivedAt: now,
  decision: { build: 'test', clock: now, lookups: [], settings: {} },
}
const asTold = <E>(): Aggregate<null, E> => ({ initialState: null, evolve: () => null })

let api: RunningApi
const onCharger = (id: string, event: ChargerEvent, receivedAt = now) =>
  api.loop.decide(asTold<ChargerEvent>(), chargerStream(tenant, ChargerId.parse(id)), () => accept(event), {
    ...meta,
    receivedAt,
  })
const onDevice = (id: string, event: DeviceEvent) =>
  api.loop.decide(device, deviceStream(tenant, ChargerId.parse(id)), () => accept(event), meta)

beforeAll(async () => {
  api = await runApi({
    env: { FILES_KEY: '09'.repeat(32), FILES_URLS: 'http://files.example.com,ftp://files.example.com' },
  })
  for (const [id, vendor, model] of [
    ['ACME', 'ACME ', 'One'],
    ['OTHER', 'Other Ltd', 'Two'],
  ] as const) {
    await api.ask('PUT', `/v1/chargers/${id}`, {})
    await onCharger(id, {
      type: 'ChargerBooted',
      data: { vendor, model, firmwareVersion: '1.0', registration: 'Accepted', intervalSeconds: 300 },
    })
  }
  await api.ask('PUT', '/v1/chargers/NEW', {})
  const image: FirmwareImageEvent = {
    type: 'FirmwareImageAdded',
    data: { vendor: 'Acme', model: 'One', version: '2.0', bytes: 1, sha256: 'a'.repeat(64), object: 'firmware/x' },
  }
  await api.loop.decide(
    asTold<FirmwareImageEvent>(),
    firmwareStream(tenant, ImageName.parse('one-2.bin')),
    () => accept(image),
    meta,
  )
  await until(async () => {
    const { items = [] } = (await api.ask('GET', '/v1/chargers')).json
    return items.filter(({ vendor }: { vendor: string | null }) => vendor !== null).length === 2 && items.length === 3
  })
}, 60_000)
afterAll(() => api?.stop())

const update = (id: string, body: object) => api.ask('POST', `/v1/chargers/${id}/firmware`, body)
const transfersOf = async (id: string) => (await api.ask('GET', `/v1/chargers/${id}/transfers`)).json.items

describe('an image', () => {
  it('of another make is refused to a charger, with both makes, unless it is forced', async () => {
    const refused = await update('OTHER', { image: 'one-2.bin' })
    expect([refused.status, refused.json.detail]).toEqual([
      422,
      expect.stringMatching(/is for Acme One: OTHER \(Other Ltd Two\) is of another make.*force/),
    ])
    expect(await transfersOf('OTHER')).toEqual([])
    expect((await update('NEW', { image: 'one-2.bin' })).json.detail).toMatch(/not known yet/)
    expect((await update('OTHER', { image: 'one-2.bin', force: true })).status).toBe(202)
  })

  it('gives its version to an update that names none, and is refused as another version', async () => {
    const refused = await update('ACME', { image: 'one-2.bin', version: '2.1' })
    expect([refused.status, refused.json.detail]).toEqual([422, expect.stringMatching(/is version "2.0", not "2.1"/)])
    expect((await update('ACME', { image: 'one-2.bin' })).status).toBe(202)
    expect((await transfersOf('ACME'))[0]).toMatchObject({ targetVersion: '2.0' })
  })

  it('of another make or version is refused to a campaign', async () => {
    const create = (more: object) => api.ask('POST', '/v1/campaigns', { image: 'one-2.bin', ...more })
    const chargerIds = ['ACME', 'OTHER']
    const refused = await create({ filter: { chargerIds } })
    expect([refused.status, refused.json.detail]).toEqual([422, expect.stringMatching(/OTHER \(Other Ltd Two\)/)])
    expect(refused.json.detail).not.toMatch(/ACME \(/)
    const other = await create({ filter: { vendor: 'ACME ' }, version: '3' })
    expect([other.status, other.json.detail]).toEqual([422, expect.stringMatching(/is version "2.0", not "3"/)])
    expect((await create({ filter: { chargerIds }, force: true })).json).toMatchObject({ version: '2.0' })
    const unnamed = await api.ask('POST', '/v1/campaigns', {
      filter: { chargerIds },
      location: 'https://firmware.example.com/x.bin',
    })
    expect([unnamed.status, unnamed.json.errors[0].path]).toEqual([400, '/body/version'])
  })
})

describe('a request that goes on', () => {
  it('shows its image and its location, without what gives access', async () => {
    const [one] = await transfersOf('ACME')
    expect([one.image, one.location]).toEqual([
      'one-2.bin',
      expect.stringMatching(/^http:\/\/files\.example\.com\/.*one-2\.bin$/),
    ])
    const { command } = api.commands.findLast(({ command: { type } }) => type === 'UpdateFirmware') as never as {
      command: { location: string }
    }
    expect(command.location).toMatch(/@files/)
    await api.ask('POST', '/v1/chargers/ACME/logs', { location: 'ftp://ann:pass@logs.example.com/in/?token=abc' })
    const log = (await transfersOf('ACME')).find(({ kind }: { kind: string }) => kind === 'DiagnosticsLog')
    expect([log.image, log.location]).toEqual([null, 'ftp://logs.example.com/in/?token='])
  })

  it('shows with which version its charger booted meanwhile, while another is wanted', async () => {
    const newest = async () => (await transfersOf('ACME')).find(({ kind }: { kind: string }) => kind === 'Firmware')
    const { begunAt, detail } = await newest()
    expect(detail).toBeNull()
    const identity = { vendor: 'ACME ', model: 'One', registration: 'Accepted', intervalSeconds: 300 } as const
    const after = instant(Date.parse(begunAt) + 60_000)
    await onCharger('ACME', { type: 'ChargerBooted', data: { ...identity, firmwareVersion: '1.1' } }, after)
    expect(await newest()).toMatchObject({ outcome: null, detail: 'booted with 1.1, wanted 2.0' })
  })

  it('is given up by an operator, and nothing is sent; what the charger still says is recorded', async () => {
    const [one] = await transfersOf('OTHER')
    const before = api.commands.length
    const path = `/v1/chargers/OTHER/transfers/${one.requestId}`
    const ended = await api.ask('DELETE', path)
    expect([ended.status, ended.json]).toMatchObject([200, { outcome: 'Cancelled', detail: 'given up by an operator' }])
    expect((await api.ask('DELETE', path)).json).toEqual(ended.json)
    expect(api.commands).toHaveLength(before)
    const log = connectEventLog({ connectionString: api.environment.ESDB_URL, readOnly: true })
    const events = []
    for await (const event of log.readForward(deviceStream(tenant, ChargerId.parse('OTHER')), 0)) events.push(event)
    await log.close()
    expect(events.at(-1)).toMatchObject({
      type: 'TransferEnded',
      metadata: { actor: { kind: 'operator', id: 'operator-key' } },
    })
    await onDevice('OTHER', {
      type: 'FirmwareStatusReported',
      data: { status: 'Downloading', requestId: one.requestId },
    })
    expect((await transfersOf('OTHER'))[0]).toMatchObject({ outcome: 'Cancelled', status: 'Downloading' })
  })

  it('that there is not cannot be given up', async () => {
    expect((await api.ask('DELETE', '/v1/chargers/OTHER/transfers/1')).status).toBe(404)
    expect((await api.ask('DELETE', '/v1/chargers/NOBODY/transfers/1')).status).toBe(404)
    expect((await api.ask('DELETE', '/v1/chargers/OTHER/transfers/x')).status).toBe(400)
  })
})

describe('a charger whose configuration is not known yet', () => {
  const connected = { edge: 'e', subprotocol: 'ocpp1.6', remoteAddress: '127.0.0.1', tls: false } as const
  const ask = async (id: string) => {
    const { status, json } = await api.ask('POST', `/v1/chargers/${id}/logs`, {})
    return [status, json.protocol, json.protocolFrom]
  }
  beforeAll(async () => {
    await api.ask('PUT', '/v1/chargers/FTP', {})
  })

  it('gets what is usual while it is away, and the answer says that it is not known yet', async () =>
    expect(await ask('FTP')).toEqual([202, 'http', 'not known yet']))

  it('is asked what it speaks before it gets a location', async () => {
    await onCharger('FTP', {
      type: 'ChargerConnected',
      data: { ...connected, authenticatedBy: 'none', heartbeatSeconds: 300 },
    })
    expect(await ask('FTP')).toEqual([202, 'http', 'not known yet'])
    api.answerWith(({ commandId, command }) => ({
      outcome: 'result',
      commandId,
      status: 'Accepted',
      payload:
        command.type === 'GetConfiguration'
          ? { configurationKey: [{ key: 'SupportedFileTransferProtocols', readonly: true, value: 'FTP' }] }
          : { status: 'Accepted' },
    }))
    expect(await ask('FTP')).toEqual([202, 'ftp', 'charger'])
    expect(api.commands.slice(-2).map(({ command }) => command)).toMatchObject([
      { type: 'GetConfiguration', keys: ['SupportedFileTransferProtocols'] },
      { type: 'GetLog', location: expect.stringMatching(/^ftp:/) },
    ])
  })

  it('is not asked again once it was read in full', async () => {
    await onDevice('FTP', { type: 'ConfigurationChanged', data: { full: true, set: [], gone: [] } })
    expect(await ask('FTP')).toEqual([202, 'http', 'not told'])
  })
})

describe('a campaign', () => {
  it('says of each charger that waits why', async () => {
    const details = async () => {
      const { chargers } = (await api.ask('GET', '/v1/campaigns/why')).json
      return chargers.map(({ detail }: { detail: string }) => detail)
    }
    const body = { campaignId: 'why', filter: { chargerIds: ['ACME', 'OTHER'] }, image: 'one-2.bin', force: true }
    await api.ask('POST', '/v1/campaigns', body)
    expect(await details()).toEqual(['offline', 'offline'])
    await onCharger('ACME', {
      type: 'ChargerConnected',
      data: {
        edge: 'e',
        subprotocol: 'ocpp1.6',
        remoteAddress: '127.0.0.1',
        tls: false,
        authenticatedBy: 'none',
        heartbeatSeconds: 300,
      },
    })
    const [open] = await transfersOf('ACME').then((all) =>
      all.filter(({ kind }: { kind: string }) => kind === 'Firmware'),
    )
    expect(await details()).toEqual([`busy with request ${open.requestId}`, 'offline'])
    await api.ask('DELETE', `/v1/chargers/ACME/transfers/${open.requestId}`)
    expect(await details()).toEqual([null, 'offline'])
    await api.ask('POST', '/v1/campaigns/why/pause', {})
    expect(await details()).toEqual(['the campaign is paused', 'the campaign is paused'])
  })

  it('names no request of its own where the turn of a charger begins while it is asked after', async () => {
    const body = { campaignId: 'own', filter: { chargerIds: ['ACME'] }, image: 'one-2.bin' }
    await api.ask('POST', '/v1/campaigns', body)
    const begin = (requestId: number, campaignId: string) =>
      onDevice('ACME', {
        type: 'TransferBegun',
        data: {
          requestId,
          kind: 'Firmware',
          begunAt: now,
          expiresAt: instant(Date.parse(now) + 3_600_000),
          campaignId: CampaignId.parse(campaignId),
        },
      })
    const detail = async () => (await api.ask('GET', '/v1/campaigns/own')).json.chargers[0].detail
    await begin(71, 'own')
    expect(await detail()).toBeNull()
    await begin(72, 'another')
    expect(await detail()).toBe('busy with request 72')
    for (const requestId of [71, 72]) await api.ask('DELETE', `/v1/chargers/ACME/transfers/${requestId}`)
  })

  it('that is made again is the same; with other content its name is a conflict', async () => {
    const body = { campaignId: 'again', filter: { chargerIds: ['ACME'] }, image: 'one-2.bin' }
    expect((await api.ask('POST', '/v1/campaigns', body)).status).toBe(201)
    expect((await api.ask('POST', '/v1/campaigns', body)).status).toBe(200)
    for (const other of [
      { concurrency: 7 },
      { filter: { chargerIds: ['OTHER'] }, force: true },
      { minutesPerCharger: 9 },
    ])
      expect((await api.ask('POST', '/v1/campaigns', { ...body, ...other })).status).toBe(409)
  })
})
