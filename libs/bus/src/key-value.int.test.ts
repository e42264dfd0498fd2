import { openTestNats } from '@voltrail/nats-dev/test-nats'
import type { TestNats } from '@voltrail/nats-dev/test-nats'
import type { Bus } from './bus.ts'
import { connectBus } from './bus.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (data: Uint8Array | undefined): string | undefined => data && Buffer.from(data).toString()

let nats: TestNats
let bus: Bus
let counter = 0
const fresh = (): string => `B${process.pid}_${(counter += 1)}`

/** Waits until `holds` does. */
async function until(holds: () => Promise<boolean> | boolean, patienceMs = 5_000): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come true in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

beforeAll(async () => {
  nats = await openTestNats()
  bus = await connectBus({ url: nats.url, name: 'key-value' })
})

afterAll(async () => {
  await bus?.close()
  await nats?.stop()
})

describe('a key-value bucket', () => {
  it('keeps the last value of each key', async () => {
    const bucket = await bus.keyValue(fresh())
    expect(await bucket.get('charger.A')).toBeUndefined()
    const first = await bucket.put('charger.A', bytes('one'))
    const second = await bucket.put('charger.A', bytes('two'))
    expect(second).toBeGreaterThan(first)
    const entry = await bucket.get('charger.A')
    expect([text(entry?.value), entry?.revision]).toEqual(['two', second])
  })

  it('creates only what is not there: never, deleted, or expired', async () => {
    const bucket = await bus.keyValue(fresh(), { ttlMs: 300 })
    expect(await bucket.create('lock', bytes('a'))).toMatchObject({ kind: 'stored' })
    expect(await bucket.create('lock', bytes('b'))).toEqual({ kind: 'exists' })
    await bucket.delete('lock')
    expect(await bucket.get('lock')).toBeUndefined()
    expect(await bucket.create('lock', bytes('c'))).toMatchObject({ kind: 'stored' })
    await until(async () => (await bucket.create('lock', bytes('d'))).kind === 'stored')
    expect(text((await bucket.get('lock'))?.value)).toBe('d')
  })

  it('updates and deletes only the revision that was read', async () => {
    const bucket = await bus.keyValue(fresh())
    const revision = await bucket.put('k', bytes('a'))
    const updated = await bucket.update('k', bytes('b'), revision)
    expect(updated).toMatchObject({ kind: 'stored' })
    expect(await bucket.update('k', bytes('c'), revision)).toEqual({ kind: 'conflict' })
    expect(await bucket.delete('k', revision)).toEqual({ kind: 'conflict' })
    expect(text((await bucket.get('k'))?.value)).toBe('b')
    expect(await bucket.delete('k', updated.kind === 'stored' ? updated.revision : 0)).toEqual({ kind: 'deleted' })
  })

  it('lets entries expire, and a put makes them live on', async () => {
    const bucket = await bus.keyValue(fresh(), { ttlMs: 400 })
    await bucket.put('gone', bytes('x'))
    const refreshing = setInterval(() => void bucket.put('kept', bytes('y')), 100)
    try {
      await bucket.put('kept', bytes('y'))
      await until(async () => (await bucket.get('gone')) === undefined)
      expect(text((await bucket.get('kept'))?.value)).toBe('y')
    } finally {
      clearInterval(refreshing)
    }
  })

  it('shows a watcher what is there, then each change, deletions too', async () => {
    const bucket = await bus.keyValue(fresh())
    await bucket.put('a.1', bytes('old'))
    await bucket.put('a.1', bytes('one'))
    await bucket.put('a.2', bytes('two'))
    await bucket.put('b.1', bytes('other'))
    const seen: string[] = []
    const watch = await bucket.watch(
      (change) =>
        void seen.push(change.kind === 'put' ? `${change.key}=${text(change.value)}` : `${change.key} deleted`),
      { filter: 'a.*' },
    )
    await watch.caughtUp
    expect(seen).toEqual(['a.1=one', 'a.2=two'])
    await bucket.put('a.3', bytes('three'))
    await bucket.delete('a.1')
    await bucket.put('b.2', bytes('other'))
    await bucket.put('a.2', bytes('last'))
    await until(() => seen.length === 5)
    expect(seen.slice(2)).toEqual(['a.3=three', 'a.1 deleted', 'a.2=last'])
    await watch.stop()
  })

  it('has caught up at once when it is empty', async () => {
    const watch = await (await bus.keyValue(fresh())).watch(() => {})
    await watch.caughtUp
    await watch.stop()
  })

  it('is the same bucket for everybody, and its configuration can change', async () => {
    const name = fresh()
    const one = await bus.keyValue(name)
    await one.put('k', bytes('v'))
    const two = await bus.keyValue(name, { ttlMs: 200 })
    expect(text((await two.get('k'))?.value)).toBe('v')
    await until(async () => (await one.get('k')) === undefined)
  })

  it.each(['', 'a b', 'a..b', '.a', 'ä', 'a.*', '>'])('refuses the key %j', async (key) => {
    const bucket = await bus.keyValue('keys')
    await expect(bucket.put(key, bytes(''))).rejects.toMatchObject({ fault: 'bad-subject' })
    await expect(bucket.get(key)).rejects.toMatchObject({ fault: 'bad-subject' })
  })
})
