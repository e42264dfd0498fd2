import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CampaignView } from '@voltrail/contracts/rest/campaigns'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { timestamp } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { openUpdatingCharger, type UpdatingCharger } from './fixtures/updating-charger.ts'

const fleetSize = 50
const concurrency = 8
const failing = new Set(['CMP-3', 'CMP-17'])
const charging = 'CMP-5'

describe('a firmware campaign over 50 chargers, on the wire', () => {
  let folder: string
  let product: Product
  let rest: Rest
  let fleet: UpdatingCharger[] = []
  let most = 0
  const touched: string[] = []
  const under = new Set<string>()
  const onUpdating = (id: string, is: boolean) => {
    if (is) touched.push(id)
    if (is) under.add(id)
    else under.delete(id)
    most = Math.max(most, under.size)
  }
  const get = (id: string, holds: (view: CampaignView) => boolean) =>
    rest.eventually<CampaignView>(`/v1/campaigns/${id}`, holds, 120_000)
  const create = (id: string, version: string, stopAfterFailures: object, more: object = {}) =>
    rest.send<CampaignView>('POST', '/v1/campaigns', {
      campaignId: id,
      filter: { vendor: 'Acme', model: 'Fleet' },
      location: `https://firmware.example.com/${version}.bin`,
      version,
      concurrency,
      stopAfterFailures,
      ...more,
    })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: join(folder, 'data'), apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
    fleet = Array.from({ length: fleetSize }, (_, i) => `CMP-${i}`).map((id) =>
      openUpdatingCharger(product.ocppUrl, id, { fails: failing.has(id), onUpdating }),
    )
    for (const one of fleet) {
      await one.connect()
      await one.boot('1.0')
    }
    await rest.eventually<{ items: { model: string | null }[] }>(
      '/v1/chargers?limit=500',
      ({ items }) => items.filter(({ model }) => model === 'Fleet').length === fleetSize,
      60_000,
    )
  }, 240_000)
  afterAll(async () => {
    for (const one of fleet) await one.close().catch(() => {})
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('goes on over two that fail when three would stop it, touches a charging one only once it is idle, and completes', async () => {
    const busy = fleet.find(({ id }) => id === charging)!
    const { transactionId } = (await busy.call('StartTransaction', {
      connectorId: 1,
      idTag: 'TAG-1',
      meterStart: 0,
      timestamp: timestamp(1),
    })) as { transactionId: number }
    const made = await create('to-2', '2.0', { count: 3 })
    expect(made.chargers).toHaveLength(fleetSize)
    const before = await get('to-2', ({ counts }) => counts.waiting === 1 && counts.taken === 0)
    expect(before).toMatchObject({ phase: 'running', counts: { done: fleetSize - 3, failed: 2 } })
    expect(touched).not.toContain(charging)
    await busy.call('StopTransaction', { transactionId, meterStop: 10, timestamp: timestamp(0), idTag: 'TAG-1' })
    const after = await get('to-2', ({ phase }) => phase === 'completed')
    expect(after.counts).toEqual({ waiting: 0, taken: 0, done: fleetSize - 2, failed: 2, skipped: 0 })
    const failed = after.chargers.filter(({ outcome }) => outcome === 'Failed').map(({ chargerId }) => chargerId)
    expect(new Set<string>(failed)).toEqual(failing)
    expect(touched.toSorted()).toEqual(fleet.map(({ id }) => id).toSorted())
    expect(most).toBeLessThanOrEqual(concurrency)
  }, 180_000)

  it('stops when two fail and two may, pauses no one who is under way, and goes on when it is resumed', async () => {
    touched.length = 0
    await create('to-3', '3.0', { share: 0.04 })
    const stopped = await get('to-3', ({ phase, counts }) => phase === 'stopped' && counts.taken === 0)
    expect(stopped.counts.failed).toBe(2)
    expect(stopped.counts.waiting).toBeGreaterThan(0)
    expect(touched.length).toBe(fleetSize - stopped.counts.waiting)
    await rest.send('POST', '/v1/campaigns/to-3/resume', {})
    const after = await get('to-3', ({ phase }) => phase === 'completed')
    expect(after.counts.done + after.counts.failed).toBe(fleetSize)
    expect(new Set(touched).size).toBe(touched.length)
  }, 180_000)

  it('that nobody can carry out is refused with the reason', async () => {
    await expect(create('x', '9.0', { count: 1 }, { filter: { vendor: 'Nobody' } })).rejects.toThrow(
      /No charger matches/,
    )
    await expect(create('x', '9.0', { count: 1 }, { filter: { chargerIds: ['NOPE'] } })).rejects.toThrow(
      /There is no charger \\"NOPE\\"/,
    )
    await expect(create('x', '9.0', { count: 1 }, { location: 'https://a:b@x.example.com/f.bin' })).rejects.toThrow(
      /holds no credentials/,
    )
  })
})
