import { setTimeout as wait } from 'node:timers/promises'
import { openTestNats, type TestNats } from '@voltrail/nats-dev/test-nats'
import { connectBus, type Bus } from './bus.ts'
import { holdLease, type Lease } from './lease.ts'

const ttlMs = 1_000

describe('a lease', () => {
  let nats: TestNats
  let bus: Bus
  const leases: Lease[] = []
  const hold = async (key: string, holder: string): Promise<Lease> => {
    const lease = holdLease({ bucket: await bus.keyValue('leases', { ttlMs }), key, holder, ttlMs })
    leases.push(lease)
    return lease
  }
  const within = async (ms: number, holds: () => boolean): Promise<boolean> => {
    const end = performance.now() + ms
    while (performance.now() < end && !holds()) await wait(10)
    return holds()
  }
  /** What a process that was killed leaves behind: the entry, and nobody who renews it. */
  const leftBehind = async (key: string, holder: string): Promise<void> => {
    const bucket = await bus.keyValue('leases', { ttlMs })
    await bucket.create(key, Buffer.from(JSON.stringify({ holder })))
  }

  beforeAll(async () => {
    nats = await openTestNats()
    bus = await connectBus({ url: nats.url, name: 'lease-test' })
  }, 60_000)
  afterAll(async () => {
    for (const lease of leases) await lease.stop()
    await bus?.close()
    await nats?.stop()
  })

  it('is held by one; a standby has it as soon as it is given back', async () => {
    const first = await hold('one', 'a')
    expect(await within(5_000, first.held)).toBe(true)
    const second = await hold('one', 'b')
    expect(await within(3 * ttlMs, second.held)).toBe(false)
    expect(first.held()).toBe(true)
    await first.stop()
    expect(await within(5_000, second.held)).toBe(true)
  })

  it('is taken over at once by the process that starts again under the name that held it', async () => {
    await leftBehind('killed', 'a')
    const again = await hold('killed', 'a')
    expect(await within(ttlMs / 2, again.held)).toBe(true)
  })

  it('is left to its time by anybody else', async () => {
    await leftBehind('others', 'a')
    const other = await hold('others', 'b')
    expect(await within(ttlMs / 2, other.held)).toBe(false)
    expect(await within(5 * ttlMs, other.held)).toBe(true)
  })

  it('does not go to and fro between two of one name', async () => {
    const first = await hold('twins', 'a')
    expect(await within(5_000, first.held)).toBe(true)
    const twin = await hold('twins', 'a')
    expect(await within(5_000, twin.held)).toBe(true)
    // the first notices at its next renewal, and stands by
    expect(await within(5_000, () => !first.held())).toBe(true)
    expect(await within(2 * ttlMs, first.held)).toBe(false)
    expect(twin.held()).toBe(true)
  })
})
