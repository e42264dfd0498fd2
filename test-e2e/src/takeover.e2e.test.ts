import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { ChargerDetail } from '@voltrail/contracts/rest/chargers'
import type { ReviewPage, SettledReview } from '@voltrail/contracts/rest/reviews'
import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { chargerStream } from '@voltrail/contracts/streams'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { connectEventLog, type EsdbLog } from '@voltrail/event-store/esdb-log'
import { openBlackHole } from './fixtures/black-hole.ts'
import { basic, openRawCharger, refusedUpgrade, type RawCharger, type RawOptions } from './fixtures/raw-charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { until } from './fixtures/until.ts'

type Reviews = z.infer<typeof ReviewPage>
type Settled = z.infer<typeof SettledReview>

const pingMs = 500
const tenant = TenantId.parse('default')

let folder: string
let product: Product
let rest: Rest
let log: EsdbLog
const opened: { close(): unknown }[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
  product = await startProduct({ dataDir: folder, edges: 2, env: { ...process.env, PING_INTERVAL: `${pingMs}ms` } })
  rest = openRest(product.apiUrl, product.operatorKey)
  log = connectEventLog({ connectionString: product.eventStoreUrl, readOnly: true })
}, 240_000)
afterAll(async () => {
  for (const one of opened) void one.close()
  await log.close()
  await product.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

const urlOf = (edge: number, id: string): string => `${product.ocppUrls[edge]}/${id}`
const connect = async (url: string, options: RawOptions = {}): Promise<RawCharger> => {
  const charger = await openRawCharger(url, options)
  opened.push(charger)
  return charger
}
/** A charger whose way to its edge can be swallowed. */
const connectThroughHole = async (edge: number, id: string, options: RawOptions = {}) => {
  const hole = await openBlackHole(Number(new URL(product.ocppUrls[edge]!).port))
  opened.push(hole)
  return { hole, charger: await connect(`ws://127.0.0.1:${hole.port}/ocpp/${id}`, options) }
}
const told = async (id: string, ...types: string[]) => {
  const found = []
  for await (const event of log.readForward(chargerStream(tenant, ChargerId.parse(id)), 0))
    if (types.includes(event.type)) found.push(event)
  return found
}
const shown = (id: string, holds: (charger: ChargerDetail) => boolean) =>
  rest.eventually<ChargerDetail>(`/v1/chargers/${id}`, holds)
const boot = (serial: string) => ({
  chargePointVendor: 'Acme',
  chargePointModel: 'One',
  chargePointSerialNumber: serial,
})

describe('a charger that vanishes without a word', () => {
  it('is found by the pings within three of their intervals; its end is recorded once', async () => {
    const { hole, charger } = await connectThroughHole(0, 'GONE')
    // a pong shows that this one answers
    await until('it was pinged', async () => charger.pings > 1)
    const from = Date.now()
    hole.swallow()
    const [end] = await until('its end is recorded', async () => {
      const ends = await told('GONE', 'ChargerDisconnected')
      return ends.length > 0 && ends
    })
    expect(end!.data).toMatchObject({ epoch: '1', edge: 'edge-1', code: 1006, reason: 'silent for too long' })
    const after = Date.parse(end!.metadata.receivedAt) - from
    // its last pong may be one interval old; the rest is for a busy machine
    expect(after).toBeGreaterThan(2 * pingMs - 100)
    expect(after).toBeLessThan(3 * pingMs + 5_000)
    expect(await shown('GONE', ({ connected }) => !connected)).toMatchObject({
      disconnectReason: 'silent for too long',
    })
    // its own late end of the socket is news to nobody
    hole.close()
    const back = await connect(urlOf(0, 'GONE'))
    expect(await back.call('Heartbeat', {})).toMatchObject([3, 'call-1', {}])
    await shown('GONE', ({ connected }) => connected)
    expect(await told('GONE', 'ChargerConnected', 'ChargerDisconnected')).toMatchObject([
      { type: 'ChargerConnected' },
      { type: 'ChargerDisconnected' },
      { type: 'ChargerConnected' },
    ])
  }, 30_000)

  it.each([
    ['the same edge', 0],
    ['another edge', 1],
  ])(
    'and comes back to %s before that takes its connection over',
    async (_, edge) => {
      const id = `BACK-${edge}`
      const { hole, charger } = await connectThroughHole(0, id)
      await charger.call('BootNotification', boot('B1'))
      hole.swallow()
      const back = await connect(urlOf(edge, id))
      expect(await back.call('Heartbeat', {})).toMatchObject([3, 'call-1', {}])
      // the close handshake with the dead one comes to nothing, and the edge cuts it
      await until('the dead socket is cut', async () => hole.held === 0)
      expect(await told(id, 'ChargerDisconnected')).toEqual([])
      const command = rest.send<{ outcome: string }>('POST', `/v1/chargers/${id}/commands/ClearCache`, {})
      const [, messageId, action] = await back.next()
      expect(action).toBe('ClearCache')
      back.send(JSON.stringify([3, messageId, { status: 'Accepted' }]))
      expect(await command).toMatchObject({ outcome: 'result' })
      const detail = await shown(id, ({ remoteAddress }) => remoteAddress !== null)
      expect(detail).toMatchObject({ connected: true, disconnectedAt: null })
      const connections = await told(id, 'ChargerConnected')
      expect(connections.map(({ data }) => (data as { edge: string }).edge)).toEqual(['edge-1', `edge-${edge + 1}`])
      expect(detail.epoch).toBe(String(connections[1]!.revision))
    },
    30_000,
  )

  it('is not one that never answers pings but sends frames', async () => {
    const mute = await connect(urlOf(0, 'MUTE'), { autoPong: false })
    await until('it has missed many pings', async () => {
      expect(await mute.call('Heartbeat', {})).toMatchObject([3, expect.any(String), {}])
      return mute.pings > 8
    })
    expect(await told('MUTE', 'ChargerDisconnected')).toEqual([])
    await mute.close()
  }, 30_000)
})

describe('two boxes with one identity', () => {
  const from = (localAddress: string, id: string, options: RawOptions = {}) =>
    connect(urlOf(0, id), { localAddress, ...options })
  const alarms = (id: string, state: string) =>
    rest.eventually<Reviews>(`/v1/reviews?kind=contested-identity&chargerId=${id}`, ({ items }) =>
      items.some((one) => one.state === state),
    )
  const lives = async (charger: RawCharger) =>
    expect(await charger.call('Heartbeat', {})).toMatchObject([
      3,
      expect.any(String),
      { currentTime: expect.any(String) },
    ])
  const dismiss = (id: string) =>
    rest.send<Settled>('POST', `/v1/reviews/${id}/settle`, { decision: { kind: 'dismiss' }, note: 'renamed' })

  it('at two addresses: the incumbent stays, the alarm is shown, and dismissed a single box is served again', async () => {
    const id = 'TWINS'
    let incumbent = await from('127.0.0.2', id)
    for (const address of [3, 2, 3, 2, 3]) {
      const older = incumbent
      incumbent = await from(`127.0.0.${address}`, id)
      expect((await older.closed).code).toBe(1000)
    }
    for (let i = 0; i < 3; i++) {
      const refusal = await refusedUpgrade(urlOf(i % 2, id), { localAddress: '127.0.0.2' })
      expect(refusal).toMatchObject({ status: 409, body: expect.stringContaining('give each its own') })
      await lives(incumbent)
    }
    const { items } = await alarms(id, 'open')
    expect(items).toHaveLength(1)
    expect(items[0]!.detail).toContain('127.0.0.2 took the connection over from 127.0.0.3 and back, 6 times')
    expect(await told(id, 'ChargerIdentityContested')).toHaveLength(1)
    // the incumbent itself may come anew at any time
    incumbent = await from('127.0.0.3', id)
    await lives(incumbent)

    expect(await dismiss(items[0]!.id)).toMatchObject({ decision: 'dismissed', changed: true })
    expect((await alarms(id, 'settled')).items).toHaveLength(1)
    const single = await from('127.0.0.2', id)
    expect((await incumbent.closed).code).toBe(1000)
    await lives(single)
  }, 30_000)

  it('behind one address: told apart by their serial numbers, and one is served when the other is gone', async () => {
    const id = 'CLONES'
    let incumbent = await connect(urlOf(0, id))
    for (let i = 0; i < 6; i++) {
      if (i > 0) incumbent = await connect(urlOf(i % 2, id))
      expect(await incumbent.call('BootNotification', boot(`S${i % 2}`))).toMatchObject([3, 'call-1', {}])
    }
    expect(await refusedUpgrade(urlOf(0, id))).toMatchObject({ status: 409 })
    await lives(incumbent)
    const { items } = await alarms(id, 'open')
    expect(items).toMatchObject([{ detail: expect.stringContaining('they booted as S0, S1') }])
    await incumbent.close()
    await shown(id, ({ connected }) => !connected)
    await lives(await connect(urlOf(1, id)))
  }, 30_000)

  it('of which one has a wrong password: it never displaces the other, however often it tries', async () => {
    const id = 'LOCKED'
    const password = '0123456789abcdef0123'
    await rest.send('PUT', `/v1/chargers/${id}`, { password, securityProfile: 1 })
    const incumbent = await from('127.0.0.2', id, { headers: basic(id, password) })
    for (let i = 0; i < 8; i++)
      expect(
        await refusedUpgrade(urlOf(i % 2, id), {
          localAddress: '127.0.0.3',
          headers: basic(id, 'fedcba98765432100000'),
        }),
      ).toMatchObject({ status: 401 })
    await lives(incumbent)
    expect(await told(id, 'ChargerConnected')).toHaveLength(1)
    expect(await told(id, 'ChargerDisconnected', 'ChargerIdentityContested')).toEqual([])
    // told once a minute
    expect(await told(id, 'ChargerConnectionRefused')).toMatchObject([{ data: { reason: 'bad-credential' } }])
    const moved = await from('127.0.0.3', id, { headers: basic(id, password) })
    expect((await incumbent.closed).code).toBe(1000)
    await lives(moved)
  }, 30_000)
})
