import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectBus } from '@voltrail/bus/bus'
import type { KeyValue } from '@voltrail/bus/key-value'
import { instant } from '@voltrail/contracts/quantities'
import { TrustBundle, trustKey } from '@voltrail/contracts/trust'
import { openTestNats } from '@voltrail/nats-dev/test-nats'
import { Waits } from './duty.ts'
import { publishTrust } from './publish-trust.ts'

describe('whom to trust', () => {
  let nats: Awaited<ReturnType<typeof openTestNats>>
  let bus: Awaited<ReturnType<typeof connectBus>>
  let bucket: KeyValue
  let folder: string
  let warned: unknown[]
  let end = 1_000n
  beforeAll(async () => {
    nats = await openTestNats()
    bus = await connectBus({ url: nats.url, name: 'test' })
    bucket = await bus.keyValue('pki')
    folder = await mkdtemp(join(tmpdir(), 'trust-'))
  }, 60_000)
  afterAll(async () => {
    await bus.close()
    await nats.stop()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    await bucket.delete(trustKey)
    warned = []
    end = 1_000n
  })

  const bundle = (logPosition: number, ...revoked: string[]) =>
    TrustBundle.parse({
      authority: 'test',
      at: instant(0),
      logPosition: String(logPosition),
      roots: ['root\n'],
      intermediates: ['between\n'],
      crl: `list ${revoked.join()}`,
      revoked,
    })
  const publisher = (of: Parameters<typeof publishTrust>[0]['bucket'] = bucket) =>
    publishTrust({
      bucket: of,
      folder,
      logEnd: () => Promise.resolve(end),
      log: { warn: (...given: unknown[]) => void warned.push(given) },
    })
  const revokedThere = async () => {
    const entry = await bucket.get(trustKey)
    return entry && TrustBundle.parse(JSON.parse(new TextDecoder().decode(entry.value))).revoked
  }
  const listThere = () => readFile(join(folder, 'crl.pem'), 'utf8')

  it('stands in the bucket and in files, the newer in place of the older', async () => {
    await publisher()(bundle(10, 'a'))
    await publisher()(bundle(20, 'a', 'b'))
    expect(await revokedThere()).toEqual(['a', 'b'])
    expect(await listThere()).toBe('list a,b')
    expect(await readFile(join(folder, 'ca.pem'), 'utf8')).toBe('root\nbetween\n')
  })

  it('is not replaced by what was made of less of the log, in the bucket nor in files', async () => {
    await publisher()(bundle(20, 'a', 'b'))
    await expect(publisher()(bundle(10, 'a'))).rejects.toThrow(Waits)
    expect(await revokedThere()).toEqual(['a', 'b'])
    expect(await listThere()).toBe('list a,b')
  })

  it('is not replaced so either where the newer one comes in the very moment of writing', async () => {
    await publisher()(bundle(5))
    let overtaken = false
    const slow: typeof bucket = {
      ...bucket,
      async update(...given) {
        if (!overtaken) {
          overtaken = true
          await publisher()(bundle(20, 'a', 'b'))
        }
        return bucket.update(...given)
      },
    }
    await expect(publisher(slow)(bundle(10, 'a'))).rejects.toThrow(/heard more of the log \(20, not 10\)/)
    expect(await revokedThere()).toEqual(['a', 'b'])
  })

  it('of another log, which went further than this one does, gives way and is told of', async () => {
    await publisher()(bundle(900, 'old'))
    end = 50n
    await publisher()(bundle(40, 'new'))
    expect(await revokedThere()).toEqual(['new'])
    expect(warned).toHaveLength(1)
  })

  it('of a build that said no position, or that nobody can read, gives way', async () => {
    for (const before of [
      JSON.stringify({ authority: 'x', at: instant(0), roots: [], intermediates: [], revoked: [] }),
      '{',
    ]) {
      await bucket.put(trustKey, Buffer.from(before))
      await publisher()(bundle(1, 'a'))
      expect(await revokedThere()).toEqual(['a'])
    }
  })
})
