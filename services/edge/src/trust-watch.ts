import type { Bus } from '@voltrail/bus/bus'
import { TrustBundle, trustBucket, trustKey } from '@voltrail/contracts/trust'

/**
 * Hears whom to trust, and whom no more, as upkeep publishes it: what stands there before this resolves, and every change. A bundle
 * that goes, or cannot be read, changes nothing.
 * @param onError hears of bundles that could not be taken
 */
export const watchTrust = async (
  bus: Pick<Bus, 'keyValue'>,
  take: (bundle: TrustBundle) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<{ stop(): Promise<void> }> => {
  const bucket = await bus.keyValue(trustBucket)
  const watch = await bucket.watch(
    async (change) => {
      if (change.kind !== 'put') return
      try {
        await take(TrustBundle.parse(JSON.parse(Buffer.from(change.value).toString('utf8'))))
      } catch (error) {
        onError(error)
      }
    },
    { filter: trustKey, onError },
  )
  await watch.caughtUp
  return { stop: () => watch.stop() }
}
