import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { openDiskStore } from './disk-store.ts'
import { createObjectServer } from './object-server.ts'
import { OutOfRange, TooLarge, type ObjectStore } from './object-store.ts'
import { startTestS3 } from './fixtures/test-s3.ts'
import { openS3Store } from './s3-store.ts'
import { openRemoteStore, RemoteStoreAway } from './remote-store.ts'

const onDisk = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voltrail-objects-'))
  return { store: await openDiskStore(folder), stop: () => rm(folder, { recursive: true, force: true }) }
}

/** the disk of another process, asked over HTTP */
const remote = async () => {
  const disk = await onDisk()
  const server = createObjectServer({ store: disk.store, token: 'secret', maxBytes: 1e9, onError: () => undefined })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    store: openRemoteStore({ url, token: 'secret' }),
    url,
    async stop() {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
      await disk.stop()
    },
  }
}

const onS3 = async () => {
  const server = await startTestS3()
  const store = await openS3Store({ ...server.options, prefix: 'voltrail/' })
  return {
    store,
    async stop() {
      store.close()
      await server.stop()
    },
  }
}

const most = { maxBytes: 100 * 1024 * 1024 }
const from = (text: string) => Readable.from([Buffer.from(text)])
const names = async (store: ObjectStore, prefix: string) => {
  const found: string[] = []
  for await (const { name } of store.list(prefix)) found.push(name)
  return found
}
const textOf = async (opened: Awaited<ReturnType<ObjectStore['get']>>) =>
  opened === undefined ? undefined : (await buffer(opened.content)).toString()

describe.each([
  ['on a disk', onDisk],
  ['of another process', remote],
  ['in an S3-compatible store', onS3],
])('objects %s', (_where, open) => {
  let opened: { readonly store: ObjectStore; stop(): Promise<unknown> }
  let store: ObjectStore
  beforeAll(async () => {
    opened = await open()
    store = opened.store
  })
  afterAll(() => opened?.stop())

  it('come back as they were put, with size and SHA-256', async () => {
    const sha256 = createHash('sha256').update('hello world').digest('hex')
    expect(await store.put('a/CP=201/41/log.txt', from('hello world'), most)).toEqual({ bytes: 11, sha256 })
    expect(await store.head('a/CP=201/41/log.txt')).toMatchObject({ name: 'a/CP=201/41/log.txt', bytes: 11 })
    const whole = await store.get('a/CP=201/41/log.txt')
    expect(whole).toMatchObject({ bytes: 11, first: 0, last: 10 })
    expect(await textOf(whole)).toBe('hello world')
  })
  it('may be empty', async () => {
    expect(await store.put('empty', from(''), most)).toMatchObject({ bytes: 0 })
    expect(await textOf(await store.get('empty'))).toBe('')
  })
  it('may be larger than a part of an upload', async () => {
    const content = Buffer.alloc(17 * 1024 * 1024, 'charging station')
    const sha256 = createHash('sha256').update(content).digest('hex')
    const pieces = Array.from({ length: 17 }, (_, i) => content.subarray(i * 1024 * 1024, (i + 1) * 1024 * 1024))
    expect(await store.put('large', Readable.from(pieces), most)).toEqual({ bytes: content.length, sha256 })
    const back = await store.get('large')
    expect(
      createHash('sha256')
        .update(await buffer(back!.content))
        .digest('hex'),
    ).toBe(sha256)
  })
  it.each([
    [{ first: 6 }, 'world'],
    [{ first: 0, last: 4 }, 'hello'],
    [{ first: 6, last: 99 }, 'world'],
    [{ first: 10, last: 10 }, 'd'],
  ])('are read from %j', async (range, expected) => {
    await store.put('range', from('hello world'), most)
    expect(await textOf(await store.get('range', range))).toBe(expected)
  })
  it('have no range that begins behind their end', async () => {
    await store.put('range', from('hello world'), most)
    await expect(store.get('range', { first: 11 })).rejects.toBeInstanceOf(OutOfRange)
  })
  it('are replaced whole', async () => {
    await store.put('twice', from('the first'), most)
    await store.put('twice', from('second'), most)
    expect(await textOf(await store.get('twice'))).toBe('second')
  })
  it('that are too large are refused at the first byte too much, and what was there stays', async () => {
    await store.put('bounded', from('before'), most)
    let read = 0
    const endless = Readable.from(
      (function* () {
        for (;;) {
          read += 1_000
          yield Buffer.alloc(1_000)
        }
      })(),
    )
    await expect(store.put('bounded', endless, { maxBytes: 10_000 })).rejects.toBeInstanceOf(TooLarge)
    expect(read).toBeLessThan(1_000_000)
    expect(await textOf(await store.get('bounded'))).toBe('before')
  })
  it('whose stream breaks are not stored', async () => {
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('the begin')
        throw new Error('the line was cut')
      })(),
    )
    await expect(store.put('broken', broken, most)).rejects.toThrow('the line was cut')
    expect(await store.head('broken')).toBeUndefined()
    expect(await names(store, 'broken')).toEqual([])
  })
  it('that are not there are undefined, and deleting them does nothing', async () => {
    expect(await store.head('none')).toBeUndefined()
    expect(await store.get('none')).toBeUndefined()
    await store.delete('none')
  })
  it('are listed below a prefix, and no longer once deleted', async () => {
    for (const name of ['l/1/b', 'l/1/a', 'l/2/c', 'm']) await store.put(name, from('x'), most)
    expect(await names(store, 'l/1/')).toEqual(['l/1/a', 'l/1/b'])
    await store.delete('l/1/a')
    expect(await names(store, 'l/')).toEqual(['l/1/b', 'l/2/c'])
  })
  it.each(['', '/', '/etc/passwd', '../x', 'a/../../x', 'a//b', 'a/.', 'a\\b', 'a\u0000b', 'x'.repeat(201)])(
    'cannot be named %j',
    async (name) => {
      await expect(store.put(name, from('x'), most)).rejects.toThrow(RangeError)
      await expect(Promise.resolve().then(() => store.get(name))).rejects.toThrow(RangeError)
      await expect(Promise.resolve().then(() => store.delete(name))).rejects.toThrow(RangeError)
    },
  )
})

it('the store of another process is closed to who does not have its token, and says when it is away', async () => {
  const { url, stop } = await remote()
  await expect(openRemoteStore({ url, token: 'guess' }).head('a')).rejects.toThrow(/answered 401/)
  await stop()
  await expect(openRemoteStore({ url, token: 'secret' }).head('a')).rejects.toBeInstanceOf(RemoteStoreAway)
})

it('a bucket that is not there is named', async () => {
  const server = await startTestS3()
  await expect(openS3Store({ ...server.options, bucket: 'others' })).rejects.toThrow(/has no bucket others: make it/)
  await server.stop()
})

it('a disk store forgets what a crash left half written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voltrail-objects-'))
  await openDiskStore(folder)
  await writeFile(join(folder, 'parts', 'left-over'), 'half')
  const store = await openDiskStore(folder)
  expect(await readdir(join(folder, 'parts'))).toEqual([])
  expect(await names(store, '')).toEqual([])
  await rm(folder, { recursive: true, force: true })
})
