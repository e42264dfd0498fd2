import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { ChargerEvent, DeviceEvent, TenantEvent } from '@voltrail/contracts/events/registry'
import { ChargerId, TenantId, type EvseId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream, deviceStream, tenantStream } from '@voltrail/contracts/streams'
import { accept, type Aggregate } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import { tenant as tenantAggregate } from '@voltrail/domain/tenant'
import { meterKeyId } from '@voltrail/domain/device/meter-keys'
import { runApi, until } from './fixtures/running-api.ts'
import type { RunningApi } from './fixtures/running-api.ts'

const tenant = TenantId.parse('default')
const began = Date.parse('2026-01-31T12:00:00Z')
const at = (minutes: number) => instant(began + minutes * 60_000)
const claim = { publicKey: 'A'.repeat(40), meterSerial: 'M-1', evseId: 1 as EvseId }

let api: RunningApi
beforeAll(async () => {
  api = await runApi()
  for (const id of ['CP-1', 'CP-2']) await api.ask('PUT', `/v1/chargers/${id}`, {})
  await told('CP-1', 1, { type: 'MeterKeyClaimed', data: claim })
  await told('CP-1', 2, security('TamperDetectionActivated', 'critical', 2))
  await told('CP-2', 3, security('StartupOfTheDevice', 'info', 3))
  await told('CP-1', 4, security('StartupOfTheDevice', 'info', 4))
}, 60_000)
afterAll(() => api?.stop())

const security = (event: string, severity: 'critical' | 'info', minutes: number): DeviceEvent => ({
  type: 'SecurityEventReported',
  data: { event, severity, time: { raw: at(minutes), at: at(minutes) }, contentKey: `${event}-${minutes}` },
})
const meta = (charger: string, minutes: number): MetadataInput => ({
  tenant,
  causation: { pod: 'test' },
  correlation: 'test',
  actor: { kind: 'charger', id: charger },
  receivedAt: at(minutes),
  decision: { build: 'test', clock: at(minutes), lookups: [], settings: {} },
})
const told = async (charger: string, minutes: number, event: DeviceEvent): Promise<void> => {
  const chargerId = ChargerId.parse(charger)
  const decided = await api.loop.decide(
    device,
    deviceStream(tenant, chargerId),
    () => accept(event),
    meta(charger, minutes),
  )
  if (decided.outcome !== 'accepted') throw new Error(JSON.stringify(decided))
}
const get = async (path: string) => (await api.ask('GET', path)).json

describe('the security events of all chargers', () => {
  it('are listed newest first, by severity, charger and time, a page at a time', async () => {
    const all = await until(async () => {
      const { status, json } = await api.ask('GET', '/v1/security-events')
      return status === 200 && json.items.length === 3 && json.items
    })
    expect(all.map(({ chargerId, event }: Record<string, string>) => [chargerId, event])).toEqual([
      ['CP-1', 'StartupOfTheDevice'],
      ['CP-2', 'StartupOfTheDevice'],
      ['CP-1', 'TamperDetectionActivated'],
    ])
    expect(all[2]).toMatchObject({ severity: 'critical', at: at(2), receivedAt: at(2), techInfo: null })
    expect(await get('/v1/security-events?severity=critical')).toEqual({ items: [all[2]], next: null })
    expect((await get('/v1/security-events?chargerId=CP-2')).items).toEqual([all[1]])
    expect((await get(`/v1/security-events?from=${at(3)}&to=${at(4)}`)).items).toEqual([all[1]])
    const first = await get('/v1/security-events?limit=2')
    expect(await get(`/v1/security-events?limit=2&cursor=${first.next}`)).toEqual({ items: [all[2]], next: null })
  })

  it.each(['severity=grave', 'from=yesterday', 'cursor=xyz', 'colour=red'])('with ?%s are a 400', async (query) => {
    expect((await api.ask('GET', `/v1/security-events?${query}`)).status).toBe(400)
  })
})

describe('the local list of a charger', () => {
  it('does not stand as it was assessed by an earlier word of the tenant', async () => {
    const path = '/v1/chargers/CP-1/local-list'
    await told('CP-1', 6, {
      type: 'LocalListAssessed',
      data: { standing: 'InSync', version: 7, entries: 2, leftOut: 0, full: false, added: 0, changed: 0, removed: 0 },
    })
    const desired: TenantEvent = {
      type: 'LocalListDefaultDesired',
      data: { policy: { mode: 'all', groups: [], tokens: [], whenTooLong: 'refuse' } },
    }
    const desire = (minutes: number) =>
      api.loop.decide(tenantAggregate, tenantStream(tenant), () => accept(desired), meta('CP-1', minutes))
    await desire(5)
    expect(await get(path)).toMatchObject({ inherited: true, state: 'in-sync', desiredVersion: 7 })
    await desire(7)
    expect(await get(path)).toMatchObject({ inherited: true, state: 'waiting', desiredVersion: null, assessedAt: null })
  })
})

describe('what is desired of a charger', () => {
  it('is what is desired of it, then of its model, each with how far it has come', async () => {
    const chargerId = ChargerId.parse('CP-2')
    const booted: ChargerEvent = {
      type: 'ChargerBooted',
      data: { vendor: 'Acme', model: 'One', registration: 'Accepted', intervalSeconds: 300 },
    }
    const asTold: Aggregate<null, ChargerEvent> = { initialState: null, evolve: () => null }
    await api.loop.decide(asTold, chargerStream(tenant, chargerId), () => accept(booted), meta('CP-2', 5))
    const keys = (value: string, ...names: string[]) => ({ keys: names.map((key) => ({ key, value })) })
    await api.ask(
      'PUT',
      '/v1/models/acme/one/desired-configuration',
      keys('60', 'HeartbeatInterval', 'ConnectionTimeOut'),
    )
    await api.ask('PUT', '/v1/chargers/CP-2/desired-configuration', keys('90', 'ConnectionTimeOut'))
    await told('CP-2', Math.round((Date.now() - began) / 60_000) + 1, {
      type: 'ConfigurationKeyTried',
      data: {
        key: 'HeartbeatInterval',
        outcome: 'Suspended',
        attempts: 0,
        at: instant(Date.now() + 60_000),
        by: { kind: 'operator', id: 'ann' },
      },
    })
    expect((await get('/v1/chargers/CP-2/desired-configuration')).keys).toMatchObject([
      { key: 'ConnectionTimeOut', value: '90', of: 'charger', outcome: null, by: null },
      { key: 'HeartbeatInterval', value: '60', of: 'model', outcome: 'Suspended', by: { kind: 'operator', id: 'ann' } },
    ])
    expect((await get('/v1/chargers/CP-1/desired-configuration')).keys).toEqual([])
  })

  it('says what it waits for: a connection, a boot, the first reading', async () => {
    const path = '/v1/chargers/CP-9/desired-configuration'
    const waitsFor = async () => (await get(path)).waitsFor
    const chargerId = ChargerId.parse('CP-9')
    const asTold: Aggregate<null, ChargerEvent> = { initialState: null, evolve: () => null }
    const tell = (minutes: number, event: ChargerEvent) =>
      api.loop.decide(asTold, chargerStream(tenant, chargerId), () => accept(event), meta('CP-9', minutes))
    await api.ask('PUT', '/v1/chargers/CP-9', {})
    expect(await waitsFor()).toBeNull()
    await api.ask('PUT', path, { keys: [{ key: 'HeartbeatInterval', value: '60' }] })
    expect(await waitsFor()).toBe('its connection')
    await tell(1, {
      type: 'ChargerConnected',
      data: {
        edge: 'e',
        subprotocol: 'ocpp1.6',
        remoteAddress: '::1',
        tls: false,
        authenticatedBy: 'none',
        heartbeatSeconds: 300,
      },
    })
    expect(await waitsFor()).toMatch(/^its boot/)
    await tell(2, {
      type: 'ChargerBooted',
      data: { vendor: 'Acme', model: 'Nine', registration: 'Accepted', intervalSeconds: 300 },
    })
    expect(await waitsFor()).toMatch(/^the first reading/)
    const set = [{ key: 'HeartbeatInterval', value: '300', readonly: false }]
    await told('CP-9', 3, { type: 'ConfigurationChanged', data: { full: true, set, gone: [] } })
    expect(await waitsFor()).toBeNull()
  })
})

describe('a meter key that a charger claims', () => {
  it('is shown until an operator confirms or rejects it, with who did', async () => {
    const [waiting] = await until(async () => {
      const { items } = await get('/v1/meter-keys?state=claimed')
      return items.length > 0 && items
    })
    const id = meterKeyId(claim)
    expect(waiting).toEqual({
      id,
      chargerId: 'CP-1',
      publicKey: claim.publicKey,
      meterSerial: 'M-1',
      evseId: 1,
      state: 'claimed',
      claimedAt: at(1),
      decidedAt: null,
      decidedBy: null,
    })
    const path = `/v1/chargers/CP-1/meter-keys/${id}`
    const confirmed = await api.ask('POST', path, { decision: 'confirmed', note: 'type plate' })
    expect([confirmed.status, confirmed.json]).toEqual([
      200,
      {
        ...waiting,
        state: 'confirmed',
        decidedAt: expect.any(String),
        decidedBy: { kind: 'operator', id: expect.any(String) },
      },
    ])
    expect((await api.ask('POST', path, { decision: 'confirmed' })).json).toEqual(confirmed.json)
    expect((await get('/v1/chargers/CP-1/meter-keys')).items).toEqual([confirmed.json])
    await until(async () => (await get('/v1/meter-keys?state=confirmed')).items.length === 1)
    expect((await api.ask('POST', path, { decision: 'rejected' })).json).toMatchObject({ state: 'rejected' })
  })

  it('of nobody is a 404, and a decision that is none a 400', async () => {
    const none = await api.ask('POST', `/v1/chargers/CP-2/meter-keys/${meterKeyId(claim)}`, { decision: 'confirmed' })
    expect([none.status, none.json.reason]).toEqual([404, 'unknown-meter-key'])
    const path = `/v1/chargers/CP-1/meter-keys/${meterKeyId(claim)}`
    expect((await api.ask('POST', path, { decision: 'claimed' })).status).toBe(400)
    expect((await api.ask('POST', '/v1/chargers/CP-1/meter-keys/xyz', { decision: 'confirmed' })).status).toBe(400)
    expect((await api.ask('GET', '/v1/chargers/NOBODY/meter-keys')).status).toBe(404)
  })
})

describe('firmware campaigns', () => {
  it('are listed newest first, by phase', async () => {
    await until(async () => (await get('/v1/chargers')).items.length === 3)
    for (const version of ['2.0', '3.0'])
      expect(
        (
          await api.ask('POST', '/v1/campaigns', {
            campaignId: `to-${version[0]}`,
            filter: { chargerIds: ['CP-1', 'CP-2'] },
            location: `https://firmware.example.com/${version}.bin`,
            version,
          })
        ).status,
      ).toBe(201)
    await api.ask('POST', '/v1/campaigns/to-2/pause', {})
    const paused = await until(async () => {
      const { items } = await get('/v1/campaigns?phase=paused')
      return items.length > 0 && items
    })
    expect(paused).toMatchObject([
      { campaignId: 'to-2', version: '2.0', counts: { waiting: 2, taken: 0, done: 0, failed: 0, skipped: 0 } },
    ])
    expect((await get('/v1/campaigns')).items.map(({ campaignId }: { campaignId: string }) => campaignId)).toEqual([
      'to-3',
      'to-2',
    ])
    expect((await api.ask('GET', '/v1/campaigns?phase=asleep')).status).toBe(400)
  })
})
