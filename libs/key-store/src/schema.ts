import type { PoolClient } from 'pg'
import { StartError } from '@voltrail/runtime/start-error'
import { decrypt, encrypt, randomIv } from './sealing.ts'

/** Two pods that start at once make the schema one after the other; the number is arbitrary, only it must be ours alone. */
const advisoryLock = 0x766b_6579 // 'vkey'

/**
 * A token's key, wrapped. `generation` counts from 1: an erased row stays as a tombstone (wrapped_key null), and a token that is
 * presented again after that gets the next generation, so that nothing sealed before can ever be opened.
 */
const migrations = [
  `create table keys.token_keys (
     tenant text not null,
     token_ref text not null,
     generation int not null check (generation between 1 and 65535),
     wrapped_key bytea,
     created_at timestamptz not null default now(),
     erased_at timestamptz,
     primary key (tenant, token_ref, generation),
     check ((wrapped_key is null) = (erased_at is not null))
   );
   create table keys.master_key_check (only_row bool primary key default true check (only_row), sealed bytea not null)`,
] as const

const checkPlace = ['master-key-check'] as const

/**
 * Brings the schema `keys` to the current version; safe to call from every pod at every start. Throws a StartError when the keys
 * in it were wrapped under another master key, or when a newer build has been here.
 */
export const migrateKeys = async (client: PoolClient, wrappingKey: Buffer): Promise<void> => {
  await client.query('begin')
  try {
    await client.query('select pg_advisory_xact_lock($1)', [advisoryLock])
    await client.query('create schema if not exists keys')
    await client.query(
      'create table if not exists keys.migrations (version int primary key, applied_at timestamptz not null default now())',
    )
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0) as version from keys.migrations',
    )
    const done = rows[0]?.version ?? 0
    if (done > migrations.length) {
      throw new StartError(
        `the schema keys has version ${done}, this build knows ${migrations.length}`,
        'run the newer build, or restore a backup from before it',
      )
    }
    for (const [index, statement] of migrations.entries()) {
      if (index < done) continue
      await client.query(statement)
      await client.query('insert into keys.migrations (version) values ($1)', [index + 1])
    }
    await checkMasterKey(client, wrappingKey)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

const checkMasterKey = async (client: PoolClient, wrappingKey: Buffer): Promise<void> => {
  const { rows } = await client.query<{ sealed: Buffer }>('select sealed from keys.master_key_check')
  const sealed = rows[0]?.sealed
  if (sealed === undefined) {
    const fresh = encrypt(wrappingKey, randomIv(), Buffer.from('voltrail'), checkPlace)
    await client.query('insert into keys.master_key_check (sealed) values ($1)', [fresh])
  } else if (decrypt(wrappingKey, sealed, checkPlace) === undefined) {
    throw new StartError(
      'the master key is not the one that the keys in the schema keys are wrapped with',
      'give the master key that was used with this database before; with another one no personal data can be read',
    )
  }
}
