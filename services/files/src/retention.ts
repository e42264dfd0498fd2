import type { ObjectStore } from '@voltrail/object-store/object-store'
import type { OpenTransfers } from './open-transfers.ts'
import { placeOf } from './uploads.ts'

export interface RetentionOptions {
  readonly store: Pick<ObjectStore, 'list' | 'delete'>
  readonly transfers: Pick<OpenTransfers, 'all'>
  /** how long an upload is kept, from when it was stored */
  readonly keepMs: number
  /** ms since 1970 */
  readonly now: () => number
}

/**
 * Deletes uploads whose time is over, and tells how many. That there was a file, with its size and hash, stays in the log. What an
 * open request brought is kept until it has ended; firmware images are never deleted here.
 */
export const removeExpired = async ({ store, transfers, keepMs, now }: RetentionOptions): Promise<number> => {
  const open = transfers.all().map(placeOf)
  const expired: string[] = []
  for await (const { name, storedAt } of store.list('transfers/'))
    if (now() - storedAt.getTime() > keepMs && !open.some((place) => name.startsWith(place))) expired.push(name)
  for (const name of expired) await store.delete(name)
  return expired.length
}
