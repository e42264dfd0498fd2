import type { Bus } from '@voltrail/bus/bus'
import { TrustBundle, trustBucket, trustKey } from '@voltrail/contracts/trust'

/**
 * Hears whom to trust, and whom no more, as upkeep publishes it: what stands there before this resolves, and every change. A bundle
 * that goes, or cannot be read, changes nothing; neither does one that is older than what was taken last.
 * @param onError hears of bundles that could not be taken
 */
export const watchTrust = async (
  bus: Pick<Bus, 'keyValue'>,
  take: (bundle: TrustBundle) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<{ stop(): Promise<void> }> => {
  let last: TrustBundle | undefined
  const bucket = await bus.keyValue(trustBucket)
  const watch = await bucket.watch(
    async (change) => {
      if (change.kind !== 'put') return
      try {
        const bundle = TrustBundle.parse(JSON.parse(Buffer.from(change.value).toString('utf8')))
        if (last !== undefined && isOlder(bundle, last))
          throw new Error(
            `whom to trust, as of ${bundle.at} and position ${bundle.logPosition} of the log, is older than what is in use (${last.at}, ${last.logPosition})`,
          )
        await take(bundle)
        last = bundle
      } catch (error) {
        onError(error)
      }
    },
    { filter: trustKey, onError },
  )
  await watch.caughtUp
  return { stop: () => watch.stop() }
}

/** One made of less of the log, but later, was made of another log: positions begin again there, so it counts. */
const isOlder = (one: TrustBundle, other: TrustBundle): boolean =>
  BigInt(one.logPosition) < BigInt(other.logPosition) && one.at <= other.at
