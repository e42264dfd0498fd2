import { randomBytes } from 'node:crypto'
import { mkdtemp, chmod, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { TenantId } from '@voltrail/contracts/ids'
import { Sealed } from '@voltrail/contracts/personal'
import { startPostgres } from '@voltrail/postgres-dev/postgres'
import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import type { TestDatabase } from '@voltrail/postgres-dev/test-database'
import { openVault } from './vault.ts'
import type { Vault, VaultOptions } from './vault.ts'
import { SealBroken, VaultUnavailable } from './vault-errors.ts'

const acme = TenantId.parse('acme')
const other = TenantId.parse('other')
const masterKey = randomBytes(32)

let database: TestDatabase
const opened: Vault[] = []
const pod = async (options: Partial<VaultOptions> = {}): Promise<Vault> => {
  const vault = await openVault({ databaseUrl: database.url, masterKey, ...options })
  opened.push(vault)
  return vault
}
/** one token per test: tests share the database */
let tokens = 0
const token = (vault: Vault) => vault.tokenRef(acme, `TAG-${++tokens}`)

const query = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows
  } finally {
    await client.end()
  }
}

const sealOne = async (vault: Vault, owner: ReturnType<typeof token>, text = 'secret'): Promise<Sealed> => {
  const [sealed] = await vault.seal(acme, owner, [text])
  if (sealed === undefined) throw new Error('nothing was sealed')
  return sealed
}

/** the same base64 with one bit of one byte changed */
const flipped = (base64: string, at: number): string => {
  const bytes = Buffer.from(base64, 'base64')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes.toString('base64')
}

beforeAll(async () => {
  database = await openTestDatabase()
})
afterEach(async () => {
  for (const vault of opened.splice(0)) await vault.close()
})
afterAll(async () => {
  await database.drop()
})

describe('a token reference', () => {
  it('is the same for every spelling that means the same token, in every pod, and differs between tenants', async () => {
    const [one, two] = [await pod(), await pod()]
    const ref = one.tokenRef(acme, '04a1b2c3')
    expect(ref).toMatch(/^[0-9a-f]{32}$/)
    expect(two.tokenRef(acme, ' 04A1B2C3 ')).toBe(ref)
    expect(one.tokenRef(other, '04A1B2C3')).not.toBe(ref)
  })

  it('has nothing in common with the raw reference or the digest of the same text', async () => {
    const vault = await pod()
    const ref = vault.tokenRef(acme, 'ABC')
    expect(vault.rawRef(acme, 'ABC')).not.toBe(ref)
    expect(vault.rawRef(acme, 'ABC')).not.toBe(vault.rawRef(acme, 'abc'))
    expect(vault.rawRef(acme, 'ABC ')).not.toBe(vault.rawRef(acme, 'ABC'))
    expect(vault.secretDigest(acme, 'ABC')).toMatch(/^digest:[0-9a-f]{32}$/)
    expect(vault.secretDigest(acme, 'ABC')).not.toContain(ref)
    expect(vault.secretDigest(other, 'ABC')).not.toBe(vault.secretDigest(acme, 'ABC'))
  })
})

describe('sealing', () => {
  it('gives back the very text in any pod, and shows none of it before', async () => {
    const [one, two] = [await pod(), await pod()]
    const texts = ['04A1B2C3', '', '[2,"1","Authorize",{"idTag":"Grüße 🚗"}]', 'x'.repeat(100_000)]
    const sealed = await one.seal(acme, token(one), texts)
    expect(sealed.map((each) => Sealed.parse(each))).toEqual(sealed)
    expect(JSON.stringify(sealed)).not.toContain('04A1B2C3')
    for (const [index, text] of texts.entries()) {
      expect(await two.open(acme, sealed[index]!)).toEqual({ kind: 'clear', text })
    }
  })

  it('has the lengths that the contract says, and one data key per call', async () => {
    const vault = await pod()
    const owner = token(vault)
    const [first, second] = await vault.seal(acme, owner, ['abc', 'abc'])
    expect(Buffer.from(first!.key, 'base64')).toHaveLength(60)
    expect(Buffer.from(first!.text, 'base64')).toHaveLength(12 + 3 + 16)
    expect(second!.key).toBe(first!.key)
    expect(second!.text).not.toBe(first!.text)
    expect((await sealOne(vault, owner, 'abc')).key).not.toBe(first!.key)
  })

  it('makes the key of a token durable before it returns', async () => {
    const vault = await pod()
    const owner = token(vault)
    await sealOne(vault, owner)
    const rows = await query(
      'select generation, octet_length(wrapped_key) as bytes from keys.token_keys where token_ref = $1',
      [owner],
    )
    expect(rows).toEqual([{ generation: 1, bytes: 60 }])
  })

  it('agrees on one key when pods seal for a new token at the same moment', async () => {
    const pods = await Promise.all(Array.from({ length: 4 }, () => pod()))
    const owner = token(pods[0]!)
    const sealed = await Promise.all(pods.flatMap((one) => [sealOne(one, owner, 'a'), sealOne(one, owner, 'b')]))
    expect(await query('select count(*)::int as n from keys.token_keys where token_ref = $1', [owner])).toEqual([
      { n: 1 },
    ])
    const fresh = await pod()
    for (const each of sealed) expect(await fresh.open(acme, each)).toMatchObject({ kind: 'clear' })
  })

  it('does not open what was altered in any byte, never as clear text', async () => {
    const vault = await pod()
    const sealed = await sealOne(vault, token(vault))
    const length = Buffer.from(sealed.text, 'base64').length
    for (let at = 0; at < length; at++) {
      await expect(vault.open(acme, { ...sealed, text: flipped(sealed.text, at) })).rejects.toThrow(SealBroken)
    }
    for (let at = 0; at < 60; at++) {
      await expect(vault.open(acme, { ...sealed, key: flipped(sealed.key, at) })).rejects.toThrow(SealBroken)
    }
    for (const text of ['', 'AAAA', `${sealed.text} `, 'not base64!']) {
      await expect(vault.open(acme, { ...sealed, text })).rejects.toThrow(SealBroken)
    }
  })

  it('opens for its own tenant and token only', async () => {
    const vault = await pod()
    const [mine, yours] = [token(vault), token(vault)]
    const sealed = await sealOne(vault, mine)
    const foreign = await sealOne(vault, yours)
    await vault.seal(other, mine, ['theirs'])
    await expect(vault.open(other, sealed)).rejects.toThrow(SealBroken)
    await expect(vault.open(acme, { ...sealed, owner: yours })).rejects.toThrow(SealBroken)
    await expect(vault.open(acme, { ...sealed, key: foreign.key })).rejects.toThrow(SealBroken)
    const again = await sealOne(vault, mine)
    await expect(vault.open(acme, { ...sealed, text: again.text })).rejects.toThrow(SealBroken)
    await expect(vault.open(acme, { ...sealed, owner: vault.tokenRef(acme, 'never seen') })).rejects.toThrow(SealBroken)
  })

  it('does not open with a key row that was taken from another token', async () => {
    const vault = await pod()
    const [mine, yours] = [token(vault), token(vault)]
    const sealed = await sealOne(vault, mine)
    await sealOne(vault, yours)
    await query(
      'update keys.token_keys set wrapped_key = (select wrapped_key from keys.token_keys where token_ref = $2) where token_ref = $1',
      [mine, yours],
    )
    await expect((await pod()).open(acme, sealed)).rejects.toThrow(SealBroken)
  })
})

describe('erasing', () => {
  it('makes what was sealed unreadable for ever, at once where it was asked', async () => {
    const vault = await pod()
    const owner = token(vault)
    const sealed = await sealOne(vault, owner)
    expect(await vault.erase(acme, owner)).toBe(true)
    expect(await vault.erase(acme, owner)).toBe(false)
    expect(await vault.open(acme, sealed)).toEqual({ kind: 'erased' })
    expect(await (await pod()).open(acme, sealed)).toEqual({ kind: 'erased' })
    expect(await query('select wrapped_key from keys.token_keys where token_ref = $1', [owner])).toEqual([
      { wrapped_key: null },
    ])
  })

  it('gives a token that comes again a new key, and leaves the old texts erased', async () => {
    const [one, two] = [await pod(), await pod()]
    const owner = token(one)
    const before = await sealOne(one, owner, 'before')
    await one.erase(acme, owner)
    const after = await sealOne(one, owner, 'after')
    for (const vault of [one, two]) {
      expect(await vault.open(acme, before)).toEqual({ kind: 'erased' })
      expect(await vault.open(acme, after)).toEqual({ kind: 'clear', text: 'after' })
    }
  })

  it('reaches the other pods within the time that a key may stay in memory', async () => {
    const [one, slow, quick] = [await pod(), await pod({ cacheTtlMs: 60_000 }), await pod({ cacheTtlMs: 0 })]
    const owner = token(one)
    const sealed = await sealOne(one, owner)
    for (const vault of [slow, quick]) await vault.open(acme, sealed)
    await one.erase(acme, owner)
    expect(await quick.open(acme, sealed)).toEqual({ kind: 'erased' })
    // the other side of the bound: it may still read
    expect(await slow.open(acme, sealed)).toEqual({ kind: 'clear', text: 'secret' })
    // and what it seals under the destroyed key nobody else can read
    expect(await quick.open(acme, await sealOne(slow, owner))).toEqual({ kind: 'erased' })
  })

  it('never lets a reading that was under way bring the key back', async () => {
    const vault = await pod()
    const owner = token(vault)
    const sealed = await sealOne(await pod(), owner)
    const [, read] = await Promise.all([vault.erase(acme, owner), vault.open(acme, sealed)])
    expect(['clear', 'erased']).toContain(read.kind)
    expect(await vault.open(acme, sealed)).toEqual({ kind: 'erased' })
  })
})

describe('opening the vault', () => {
  it('may happen in many pods at once on an empty database', async () => {
    const empty = await openTestDatabase()
    const vaults = await Promise.all(Array.from({ length: 5 }, () => openVault({ databaseUrl: empty.url, masterKey })))
    await Promise.all(vaults.map((vault) => vault.close()))
    await empty.drop()
  })

  it('refuses another master key than the one that the keys are wrapped with', async () => {
    await pod()
    await expect(pod({ masterKey: randomBytes(32) })).rejects.toMatchObject({
      name: 'StartError',
      message: expect.stringMatching(/master key is not the one/),
    })
    await expect(pod({ masterKey: randomBytes(16) })).rejects.toMatchObject({
      name: 'StartError',
      message: expect.stringMatching(/has 16 bytes instead of 32/),
    })
  })

  it('says that Postgres is away', async () => {
    await expect(pod({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toThrow(VaultUnavailable)
  })
})

describe('while Postgres is away', () => {
  it('goes on with the keys it has, fails by name for others, and recovers', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'voltrail-vault-'))
    await chmod(folder, 0o711)
    const dataDir = join(folder, 'data')
    let server = await startPostgres({ dataDir, durable: false })
    const port = server.port
    const lost: Error[] = []
    const vault = await openVault({
      databaseUrl: server.url,
      masterKey,
      cacheTtlMs: 0,
      onConnectionLost: (error) => lost.push(error),
    })
    try {
      const [known, unknown] = [vault.tokenRef(acme, 'KNOWN'), vault.tokenRef(acme, 'UNKNOWN')]
      const before = await sealOne(vault, known, 'before')
      await server.stop()
      expect(lost).not.toEqual([])

      const during = await sealOne(vault, known, 'during')
      await expect(sealOne(vault, unknown)).rejects.toThrow(VaultUnavailable)
      // opening is bound to ask: the key may have been erased meanwhile
      await expect(vault.open(acme, before)).rejects.toThrow(VaultUnavailable)
      expect(vault.failing()).toMatch(/not available/)

      server = await startPostgres({ dataDir, port, durable: false })
      expect(await vault.open(acme, before)).toEqual({ kind: 'clear', text: 'before' })
      expect(await vault.open(acme, during)).toEqual({ kind: 'clear', text: 'during' })
      await sealOne(vault, unknown)
      expect(vault.failing()).toBeUndefined()
    } finally {
      await vault.close()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
