import type { Pool, PoolClient } from 'pg'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import { decrypt, encrypt, freshKey, randomIv } from './sealing.ts'
import type { Place } from './sealing.ts'
import { SealBroken, VaultUnavailable } from './vault-errors.ts'

/** The newest generation of a token's key; `key` is absent once it was erased. */
export type TokenKey = { readonly generation: number; readonly key?: Buffer }

/** Token keys in Postgres, unwrapped on the way out. Every failure of Postgres is a VaultUnavailable. */
export interface TokenKeyStore {
  read(tenant: TenantId, owner: TokenRef): Promise<TokenKey | undefined>
  /** The living key; made, durably, when there is none. Two pods that ask at once get the same. */
  readOrMake(tenant: TenantId, owner: TokenRef): Promise<Required<TokenKey>>
  /** Destroys the key for ever; a row without a key stays. The generation that was erased, if one was alive. */
  erase(tenant: TenantId, owner: TokenRef): Promise<number | undefined>
}

const place = (tenant: TenantId, owner: TokenRef, generation: number): Place => [
  'token-key',
  tenant,
  owner,
  String(generation),
]

export const tokenKeyStore = (pool: Pool, wrappingKey: Buffer): TokenKeyStore => {
  const read = async (tenant: TenantId, owner: TokenRef): Promise<TokenKey | undefined> => {
    const { rows } = await ask('read a token key', () =>
      pool.query<{ generation: number; wrapped_key: Buffer | null }>(
        `select generation, wrapped_key from keys.token_keys
         where tenant = $1 and token_ref = $2 order by generation desc limit 1`,
        [tenant, owner],
      ),
    )
    const row = rows[0]
    if (row === undefined) return undefined
    if (row.wrapped_key === null) return { generation: row.generation }
    const key = decrypt(wrappingKey, row.wrapped_key, place(tenant, owner, row.generation))
    if (key === undefined)
      throw new SealBroken(tenant, owner, 'the key of the token was altered or wrapped under another master key')
    return { generation: row.generation, key }
  }

  const insert = async (tenant: TenantId, owner: TokenRef, generation: number): Promise<void> => {
    const wrapped = encrypt(wrappingKey, randomIv(), freshKey(), place(tenant, owner, generation))
    await ask('store a token key', () =>
      inTransaction(pool, async (client) => {
        // what is sealed under the key goes into the log: the key must survive whatever the log survives
        await client.query('set local synchronous_commit to on')
        await client.query(
          `insert into keys.token_keys (tenant, token_ref, generation, wrapped_key) values ($1, $2, $3, $4)
           on conflict (tenant, token_ref, generation) do nothing`,
          [tenant, owner, generation, wrapped],
        )
      }),
    )
  }

  return {
    read,
    async readOrMake(tenant, owner) {
      // more than one round only when another pod makes or erases the same key in between
      for (let round = 0; round < 5; round++) {
        const found = await read(tenant, owner)
        if (found?.key !== undefined) return { generation: found.generation, key: found.key }
        await insert(tenant, owner, (found?.generation ?? 0) + 1)
      }
      throw new VaultUnavailable('make a token key', new Error('it was erased again and again in between'))
    },
    async erase(tenant, owner) {
      const { rows } = await ask('erase a token key', () =>
        inTransaction(pool, async (client) => {
          await client.query('set local synchronous_commit to on')
          return client.query<{ generation: number }>(
            `update keys.token_keys set wrapped_key = null, erased_at = now()
             where tenant = $1 and token_ref = $2 and wrapped_key is not null returning generation`,
            [tenant, owner],
          )
        }),
      )
      return rows[0]?.generation
    },
  }
}

const ask = async <T>(doing: string, query: () => Promise<T>): Promise<T> => {
  try {
    return await query()
  } catch (error) {
    throw new VaultUnavailable(doing, error)
  }
}

const inTransaction = async <T>(pool: Pool, run: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await run(client)
    await client.query('commit')
    return result
  } catch (error) {
    // the connection may still be inside the transaction, or dead: never hand it out again
    broken = error instanceof Error ? error : new Error(String(error))
    throw error
  } finally {
    client.release(broken)
  }
}
