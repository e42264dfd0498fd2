import { LRUCache } from 'lru-cache'
import pg from 'pg'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import type { Sealed } from '@voltrail/contracts/personal'
import { StartError } from '@voltrail/runtime/start-error'
import { counterIv, decrypt, encrypt, freshKey, fromBase64, generationIv, generationOf, keyBytes } from './sealing.ts'
import { migrateKeys } from './schema.ts'
import { tenantKeys, wrappingKey } from './tenant-keys.ts'
import { tokenKeyStore } from './token-keys.ts'
import type { TokenKey } from './token-keys.ts'
import { SealBroken, VaultUnavailable } from './vault-errors.ts'

export type Opened = { readonly kind: 'clear'; readonly text: string } | { readonly kind: 'erased' }

export interface VaultOptions {
  readonly databaseUrl: string
  /** 32 random bytes; whoever has them and the schema `keys` can read everything */
  readonly masterKey: Buffer
  /** how many token keys are held in memory; default 50,000 (about 200 bytes each) */
  readonly cacheSize?: number
  /** how long a key is taken from memory without asking Postgres, in milliseconds; default 30,000: the bound of an erasure */
  readonly cacheTtlMs?: number
  /** how long Postgres may take for an answer, in milliseconds; default 2,000 */
  readonly timeoutMs?: number
  /** called when an idle connection to Postgres breaks; the next call makes a new one */
  readonly onConnectionLost?: (error: Error) => void
}

/** Sealing and opening of personal text, and the keyed hashes by which it is known elsewhere. */
export interface Vault {
  /** The only name of an id token outside sealed text: HMAC-SHA-256 under a key of the tenant, of the trimmed upper-case value. */
  tokenRef(tenant: TenantId, value: string): TokenRef
  /** 32 hex characters for exactly these characters, for comparing what was received: nothing is trimmed or folded. */
  rawRef(tenant: TenantId, raw: string): string
  /** `digest:<32 hex>`, to stand where a secret stood. The tenant's key is the salt: the same secret gives the same digest. */
  secretDigest(tenant: TenantId, value: string): string
  /**
   * Each text becomes ciphertext, all of one call under one fresh data key that the token's key wraps. The token's key is durable
   * before this returns. Throws VaultUnavailable when Postgres is away and the key is not in memory.
   */
  seal(tenant: TenantId, owner: TokenRef, texts: readonly string[]): Promise<Sealed[]>
  /** Throws SealBroken when the text was altered or belongs to another tenant or token, VaultUnavailable as `seal` does. */
  open(tenant: TenantId, sealed: Sealed): Promise<Opened>
  /**
   * Destroys the token's key: what was sealed under it is unreadable for ever, in this process at once and in others within
   * `cacheTtlMs`. A token that comes again gets a new key. True if there was a key to destroy; doing it twice is harmless.
   */
  erase(tenant: TenantId, owner: TokenRef): Promise<boolean>
  /** Why Postgres did not answer the last time, for a readiness check; `undefined` when it did. */
  failing(): string | undefined
  close(): Promise<void>
}

type Remembered = TokenKey & { readonly readAt: number }

/** An answer that was under way while the key was erased, or erased and made anew, must not bring the old key back. */
const outdates = (known: TokenKey | undefined, found: TokenKey): boolean =>
  known !== undefined &&
  (known.generation > found.generation || (known.generation === found.generation && known.key === undefined))

/** Connects, brings the schema `keys` up to date and checks the master key (StartError when it is another one). */
export const openVault = async (options: VaultOptions): Promise<Vault> => {
  const { masterKey, cacheSize = 50_000, cacheTtlMs = 30_000, timeoutMs = 2_000 } = options
  if (masterKey.length !== keyBytes) {
    throw new StartError(
      `the master key has ${masterKey.length} bytes instead of ${keyBytes}`,
      'make one with: openssl rand -hex 32',
    )
  }
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: 4,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    keepAlive: true,
    application_name: 'voltrail key-store',
  })
  // without a listener a broken idle connection would end the process
  pool.on('error', (error) => options.onConnectionLost?.(error))

  const wrapping = wrappingKey(masterKey)
  const hashes = tenantKeys(masterKey)
  const store = tokenKeyStore(pool, wrapping)
  const memory = new LRUCache<string, Remembered>({ max: cacheSize })
  const underWay = new Map<string, Promise<Remembered | undefined>>()
  /** until then a key in memory is used however old it is, so that one silent Postgres does not make every seal wait */
  let awayUntil = 0
  let failure: string | undefined

  const nameOf = (tenant: TenantId, owner: TokenRef) => `${tenant} ${owner}`
  const isFresh = (known: Remembered | undefined): known is Remembered =>
    known !== undefined && performance.now() - known.readAt < cacheTtlMs

  /** One query at a time per token and kind of question; others wait for the same answer. */
  const fetchKey = (tenant: TenantId, owner: TokenRef, make: boolean): Promise<Remembered | undefined> => {
    const name = nameOf(tenant, owner)
    const question = `${make ? 'make' : 'read'} ${name}`
    const started = underWay.get(question)
    if (started !== undefined) return started
    const fetching = (async () => {
      // the moment of asking, not of the answer: an erasure in between must not be outlived by more than the bound
      const readAt = performance.now()
      try {
        const found = await (make ? store.readOrMake(tenant, owner) : store.read(tenant, owner))
        failure = undefined
        awayUntil = 0
        if (found === undefined) return undefined
        const remembered = { ...found, readAt }
        if (!outdates(memory.peek(name), found)) memory.set(name, remembered)
        return remembered
      } catch (error) {
        if (error instanceof VaultUnavailable) {
          failure = error.message
          awayUntil = performance.now() + timeoutMs
        }
        throw error
      } finally {
        underWay.delete(question)
      }
    })()
    underWay.set(question, fetching)
    return fetching
  }

  const keyForSealing = async (tenant: TenantId, owner: TokenRef): Promise<Required<TokenKey>> => {
    const known = memory.get(nameOf(tenant, owner))
    const usable = known?.key !== undefined ? { generation: known.generation, key: known.key } : undefined
    if (usable !== undefined && (isFresh(known) || performance.now() < awayUntil)) return usable
    try {
      const fetched = await fetchKey(tenant, owner, true)
      if (fetched?.key === undefined) throw new VaultUnavailable('make a token key', new Error('none came back'))
      return { generation: fetched.generation, key: fetched.key }
    } catch (error) {
      // facts go on while Postgres is away; should the key have been erased meanwhile, this text is born erased
      if (usable !== undefined && error instanceof VaultUnavailable) return usable
      throw error
    }
  }

  const keyForOpening = async (
    tenant: TenantId,
    owner: TokenRef,
    generation: number,
  ): Promise<TokenKey | undefined> => {
    const known = memory.get(nameOf(tenant, owner))
    if (isFresh(known) && known.generation >= generation) return known
    return fetchKey(tenant, owner, false)
  }

  const vault: Vault = {
    ...hashes,

    async seal(tenant, owner, texts) {
      if (texts.length === 0) return []
      const tokenKey = await keyForSealing(tenant, owner)
      const dataKey = freshKey()
      const wrapped = encrypt(tokenKey.key, generationIv(tokenKey.generation), dataKey, ['data-key', tenant, owner])
      const key = wrapped.toString('base64')
      return texts.map((text, index) => ({
        owner,
        key,
        // bound to its data key's envelope: a text cannot be put under another one, not even of the same token
        text: encrypt(dataKey, counterIv(index), Buffer.from(text, 'utf8'), ['text', tenant, owner, key]).toString(
          'base64',
        ),
      }))
    },

    async open(tenant, sealed) {
      const broken = (why: string) => new SealBroken(tenant, sealed.owner, why)
      const wrapped = fromBase64(sealed.key)
      const envelope = fromBase64(sealed.text)
      const generation = wrapped && generationOf(wrapped)
      if (wrapped === undefined || envelope === undefined || generation === undefined)
        throw broken('it is not in the form of a sealed text')
      const tokenKey = await keyForOpening(tenant, sealed.owner, generation)
      if (tokenKey === undefined || tokenKey.generation < generation)
        throw broken('no key of this token is known, nor that it was erased')
      // one generation lives at a time: the next is made only after this one was erased
      if (tokenKey.generation > generation || tokenKey.key === undefined) return { kind: 'erased' }
      const dataKey = decrypt(tokenKey.key, wrapped, ['data-key', tenant, sealed.owner])
      if (dataKey === undefined) throw broken('its key was altered or belongs elsewhere')
      const text = decrypt(dataKey, envelope, ['text', tenant, sealed.owner, sealed.key])
      if (text === undefined) throw broken('it was altered or belongs elsewhere')
      return { kind: 'clear', text: text.toString('utf8') }
    },

    async erase(tenant, owner) {
      const name = nameOf(tenant, owner)
      try {
        const generation = await store.erase(tenant, owner)
        if (generation === undefined) return false
        memory.set(name, { generation, readAt: performance.now() })
        return true
      } catch (error) {
        // it may be erased or not: ask before the next use
        memory.delete(name)
        throw error
      }
    },

    failing: () => failure,
    close: () => pool.end(),
  }

  try {
    const client = await pool.connect()
    try {
      await migrateKeys(client, wrapping)
    } finally {
      client.release()
    }
  } catch (error) {
    await pool.end()
    throw error instanceof StartError ? error : new VaultUnavailable('open it', error)
  }
  return vault
}
