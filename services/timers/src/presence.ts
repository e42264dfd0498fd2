import type { Bus } from '@voltrail/bus/bus'
import { Presence as PresenceEntry } from '@voltrail/contracts/facts'
import type { ChargerId, ConnectionEpoch, TenantId } from '@voltrail/contracts/ids'
import { presenceBucket, presenceKey } from '@voltrail/contracts/subjects'

export type Seen =
  | { readonly kind: 'there'; readonly epoch: ConnectionEpoch; readonly lastSeenAt: number }
  | { readonly kind: 'absent' }
  /** nobody can tell: the bus is away, or no edge has ever kept presence */
  | { readonly kind: 'unknown' }

/** Who is connected right now, as the edges keep it. It is no fact: an absence counts only after presence has worked for a while. */
export interface Presence {
  look(tenant: TenantId, chargerId: ChargerId): Promise<Seen>
  /** Since when presence has answered without a break; `undefined`: it does not. */
  worksSince(): number | undefined
}

/** Presence as the edges keep it in NATS. It only reads: the bucket is made, with its time to live, by the edges. */
export const busPresence = (
  bus: Pick<Bus, 'lastMessage' | 'onStatus' | 'status'>,
  now: () => number,
): Presence & { stop(): void } => {
  let since: number | undefined
  const stop = bus.onStatus((status) => {
    if (status !== 'connected') since = undefined
  })
  return {
    async look(tenant, chargerId) {
      try {
        // a NATS key-value bucket is a stream of this name, its keys are subjects; a deletion is a message without a value
        const key = presenceKey(tenant, chargerId)
        const entry = await bus.lastMessage(`KV_${presenceBucket}`, `$KV.${presenceBucket}.${key}`)
        since ??= now()
        if (entry === undefined || entry.data.length === 0) return { kind: 'absent' }
        const seen = PresenceEntry.safeParse(JSON.parse(Buffer.from(entry.data).toString('utf8')))
        if (!seen.success) return { kind: 'unknown' }
        return { kind: 'there', epoch: seen.data.epoch, lastSeenAt: Date.parse(seen.data.lastSeenAt) }
      } catch {
        since = undefined
        return { kind: 'unknown' }
      }
    },
    worksSince: () => since,
    stop,
  }
}
