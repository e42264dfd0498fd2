import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CampaignView } from '@voltrail/contracts/rest/campaigns'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openRest, type Rest } from './fixtures/rest.ts'
import { until } from './fixtures/until.ts'
import { openUpdatingCharger, type UpdatingCharger } from './fixtures/updating-charger.ts'

const fleetSize = 14
const concurrency = 3
const failing = new Set(['KILL-0', 'KILL-2', 'KILL-7'])

describe('a firmware campaign whose process is killed, again and again', () => {
  let folder: string
  let product: Product
  let rest: Rest
  let fleet: UpdatingCharger[] = []
  let most = 0
  /** chargers under way, and how each is let go on */
  const under = new Set<string>()
  const held = new Map<string, () => void>()
  const onAsked = new Set<() => void>()
  const upkeep = () => product.processes.get('upkeep')!
  const kill = () => upkeep().kill('SIGKILL')
  const release = () => {
    for (const goOn of held.values()) goOn()
    held.clear()
  }
  const get = (holds: (view: CampaignView) => boolean) =>
    rest.eventually<CampaignView>('/v1/campaigns/killed', holds, 120_000)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: join(folder, 'data'), longestRestartWaitMs: 500 })
    rest = openRest(product.apiUrl, product.operatorKey)
    fleet = Array.from({ length: fleetSize }, (_, i) => `KILL-${i}`).map((id) =>
      openUpdatingCharger(product.ocppUrl, id, {
        fails: failing.has(id),
        onUpdating: (_id, is) => {
          if (is) under.add(id)
          else under.delete(id)
          most = Math.max(most, under.size)
          if (is) for (const tell of onAsked) tell()
        },
        whenReleased: () => new Promise((resolve) => held.set(id, resolve)),
      }),
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
    release()
    for (const one of fleet) await one.close().catch(() => {})
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('keeps its limit, asks nobody twice, and counts what failed while it was dead', async () => {
    await rest.send('POST', '/v1/campaigns', {
      campaignId: 'killed',
      filter: { vendor: 'Acme', model: 'Fleet' },
      location: 'https://firmware.example.com/2.0.bin',
      version: '2.0',
      concurrency,
      stopAfterFailures: { count: 3 },
    })
    await until('the first are under way', async () => held.size === concurrency, 60_000)
    kill()
    await upkeep().ready()
    const resumed = await get(({ counts }) => counts.taken === concurrency)
    expect(resumed.counts).toMatchObject({ failed: 0, done: 0 })
    expect(held.size).toBe(concurrency)

    // it dies in the very moment in which each of the next is asked, and its chargers end while it is dead
    const killing = () => kill()
    onAsked.add(killing)
    const stopped = await until(
      'the third failure stopped it',
      async () => {
        if (held.size > 0 && held.size === under.size) {
          kill()
          release()
          await upkeep().ready()
        }
        const view = await rest.get<CampaignView>('/v1/campaigns/killed')
        return view.phase === 'stopped' && view.counts.taken === 0 && view
      },
      240_000,
    )
    onAsked.delete(killing)
    expect(stopped.counts.failed).toBe(3)
    expect(fleet.filter((one) => one.asked() > 0)).toHaveLength(fleetSize - stopped.counts.waiting)

    await rest.send('POST', '/v1/campaigns/killed/resume', {})
    const letGo = setInterval(release, 50)
    const after = await get(({ phase }) => phase === 'completed').finally(() => clearInterval(letGo))
    expect(after.counts).toEqual({ waiting: 0, taken: 0, done: fleetSize - 3, failed: 3, skipped: 0 })
    const failed = after.chargers.filter(({ outcome }) => outcome === 'Failed').map(({ chargerId }) => chargerId)
    expect(new Set<string>(failed)).toEqual(failing)
    expect(fleet.map((one) => one.asked())).toEqual(fleet.map(() => 1))
    expect(most).toBeLessThanOrEqual(concurrency)
  }, 420_000)
})
