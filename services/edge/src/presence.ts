import type { Bus } from '@voltrail/bus/bus'
import { Presence } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { presenceBucket, presenceKey } from '@voltrail/contracts/subjects'
import type { Registered } from './connections.ts'

/**
 * Who is connected where, in a key-value bucket whose entries go unless they are written again: an edge that was killed
 * leaves nothing behind. Entries are written with compare-and-swap, so a connection that was superseded while this pod did
 * not hear of it finds the newer epoch there.
 */
export type PresenceBoard = {
  /** Writes the entry; `newer` if another connection's newer epoch stands there. Never throws: presence is no fact. */
  show(who: Registered, lastHeardAt: number): Promise<'shown' | 'newer' | 'failed'>
  /** Takes our entry away, unless somebody else's stands there. */
  hide(who: Registered): Promise<void>
}

export const openPresence = async (
  bus: Pick<Bus, 'keyValue'>,
  options: { readonly edge: string; readonly ttlMs: number; readonly onError: (error: unknown) => void },
): Promise<PresenceBoard> => {
  const board = await bus.keyValue(presenceBucket, { ttlMs: options.ttlMs })
  const revisions = new WeakMap<Registered, number>()

  const show = async (who: Registered, lastHeardAt: number): Promise<'shown' | 'newer'> => {
    const key = presenceKey(who.tenant, who.chargerId)
    const entry: Presence = { epoch: who.epoch, edge: options.edge, lastSeenAt: instant(lastHeardAt) }
    const value = Buffer.from(JSON.stringify(entry))
    let revision = revisions.get(who)
    for (;;) {
      const outcome = revision === undefined ? await board.create(key, value) : await board.update(key, value, revision)
      if (outcome.kind === 'stored') {
        revisions.set(who, outcome.revision)
        return 'shown'
      }
      const there = await board.get(key)
      if (there !== undefined && isNewer(there.value, who)) return 'newer'
      revision = there?.revision
    }
  }

  return {
    async show(who, lastHeardAt) {
      try {
        return await show(who, lastHeardAt)
      } catch (error) {
        options.onError(error)
        return 'failed'
      }
    },
    async hide(who) {
      const revision = revisions.get(who)
      if (revision === undefined) return
      try {
        await board.delete(presenceKey(who.tenant, who.chargerId), revision)
      } catch (error) {
        options.onError(error)
      }
    },
  }
}

const isNewer = (value: Uint8Array, who: Registered): boolean => {
  try {
    return BigInt(Presence.parse(JSON.parse(Buffer.from(value).toString('utf8'))).epoch) > BigInt(who.epoch)
  } catch {
    return false // what nobody can read is overwritten
  }
}
