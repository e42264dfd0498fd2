import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { deviceStream } from '@voltrail/contracts/streams'
import { accept } from '@voltrail/domain/decider'
import { device } from '@voltrail/domain/device/device'
import { createMemoryLog } from '@voltrail/event-store/memory-log'
import { createWriteLoop } from '@voltrail/event-store/write-loop'
import { mostLookedThrough, pageOfStream } from './log-page.ts'

const tenant = 'default' as TenantId
const stream = deviceStream(tenant, 'CP1' as ChargerId)
const now = instant(Date.UTC(2026, 0, 31, 12))
const metadata: MetadataInput = {
  tenant,
  causation: { pod: 'test' },
  correlation: 'test',
  actor: { kind: 'charger', id: 'CP1' },
  receivedAt: now,
  decision: { build: 'test', clock: now, lookups: [], settings: {} },
}
const reported = (name: string): DeviceEvent => ({
  type: 'SecurityEventReported',
  data: { event: name, severity: 'info', time: { raw: now, at: now }, contentKey: name },
})

const filled = async (names: readonly string[]) => {
  const log = createMemoryLog()
  const loop = createWriteLoop({ log, cacheSize: 10, build: 'test' })
  const append = (more: readonly string[]) =>
    loop.decide(device, stream, () => accept<DeviceEvent>(...more.map(reported)), metadata)
  await append(names)
  const page = (limit: number, cursor?: string) =>
    pageOfStream(log, stream, { limit, cursor }, (event) =>
      event.type === 'SecurityEventReported' ? (event.data as { event: string }).event : undefined,
    )
  return { log, append, page }
}

describe('a page of a stream', () => {
  it('goes on where the one before ended, whatever was appended meanwhile, until there is no more', async () => {
    const { append, page } = await filled(['a', 'b', 'c', 'd', 'e'])
    const first = await page(2)
    await append(['f', 'g'])
    const second = await page(2, first.next!)
    await append(['h'])
    const third = await page(2, second.next!)
    expect([first.items, second.items, third.items]).toEqual([['e', 'd'], ['c', 'b'], ['a']])
    expect(third.next).toBeNull()
  })
  it('costs the same however deep it lies', async () => {
    const { log, page } = await filled(Array.from({ length: 300 }, (_, i) => `event ${i}`))
    const cost = async (cursor?: string) => {
      const before = log.eventsRead()
      await page(5, cursor)
      return log.eventsRead() - before
    }
    expect([await cost('250'), await cost('50')]).toEqual([6, 6])
  })
  it('looks through so many events at most, and then has a next though it has nothing else', async () => {
    const log = {
      async *readBackward(_: string, limit = Infinity, from = mostLookedThrough + 10) {
        for (let revision = from; revision >= 0 && from - revision < limit; revision--)
          yield { revision, type: 'TransferBegun' } as never
      },
    }
    const first = await pageOfStream(log, stream, { limit: 1 }, () => undefined)
    expect(first).toEqual({ items: [], next: '11' })
    expect(await pageOfStream(log, stream, { limit: 1, cursor: first.next! }, () => undefined)).toEqual({
      items: [],
      next: null,
    })
  })
  it('of a cursor beyond the end begins at the end, and one before the beginning has nothing', async () => {
    const { page } = await filled(['a', 'b'])
    for (const cursor of ['2', '99', '99999999999999999999'])
      expect(await page(5, cursor)).toEqual({ items: ['b', 'a'], next: null })
    expect(await page(5, '0')).toEqual({ items: [], next: null })
  })
})
