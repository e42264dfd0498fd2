import type { KeyValue } from './key-value.ts'
import { startTicker } from '@voltrail/runtime/ticker'

/**
 * A lease in a key-value bucket: who holds it does the work, the others stand by. It is economy, not safety: two holders for a
 * moment decide the same, and the second decision makes nothing.
 */
export interface Lease {
  held(): boolean
  /** Gives it back, so that a standby takes over at once. */
  stop(): Promise<void>
}

export interface LeaseOptions {
  readonly bucket: KeyValue
  readonly key: string
  /** One name per process that runs: who starts under a name that holds the lease takes it over at once, its last life is over. */
  readonly holder: string
  /** of the bucket: so long after the last renewal it is anybody's, in ms */
  readonly ttlMs: number
  readonly onChange?: (held: boolean) => void
}

export const holdLease = ({ bucket, key, holder, ttlMs, onChange }: LeaseOptions): Lease => {
  const value = Buffer.from(JSON.stringify({ holder }))
  let revision: number | undefined
  /** by the monotonic clock; a renewal counts from before it was sent */
  let until = -Infinity
  /** it has asked once: from then on an entry with its name is another's of the same name, and to be waited for like any other */
  let asked = false
  let told = false
  const held = (): boolean => performance.now() < until
  const tell = (): void => {
    if (held() === told) return
    told = held()
    onChange?.(told)
  }

  const ofLastLife = async (): Promise<number | undefined> => {
    const entry = await bucket.get(key)
    return entry !== undefined && Buffer.from(entry.value).equals(value) ? entry.revision : undefined
  }

  const renew = async (): Promise<void> => {
    const sentAt = performance.now()
    try {
      if (!asked) revision = await ofLastLife()
      asked = true
      const outcome =
        revision === undefined ? await bucket.create(key, value) : await bucket.update(key, value, revision)
      revision = outcome.kind === 'stored' ? outcome.revision : undefined
      // before the bucket lets it go
      until = outcome.kind === 'stored' ? sentAt + ttlMs * 0.8 : -Infinity
    } finally {
      tell()
    }
  }
  const ticker = startTicker(renew, {
    everyMs: ttlMs / 4,
    jitter: 0.2,
    immediately: true,
    // the bus is away: the lease runs out by itself
    onError: () => undefined,
  })
  return {
    held,
    async stop() {
      await ticker.stop()
      until = -Infinity
      tell()
      if (revision !== undefined) await bucket.delete(key, revision).catch(() => undefined)
    },
  }
}
