import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { ChargerEvent, DeviceEvent, FirmwareImageEvent } from '@voltrail/contracts/events/registry'
import { ChargerId, ImageName, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, deviceStream, firmwareStream } from '@voltrail/contracts/streams'
import { accept, type Aggregate } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
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
const onCharger = (id: string, event: ChargerEvent) =>
  api.loop.decide(asTold<ChargerEvent>(), chargerStream(tenant, ChargerId.parse(id)), () => accept(event), meta)
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
    const { items } = (await api.ask('GET', '/v1/chargers')).json
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

describe('a campaign', () => {
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
