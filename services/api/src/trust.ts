import { TrustBundle, trustKey } from '@voltrail/contracts/trust'
import type { KeyValue } from '@voltrail/bus/key-value'
import { unavailable } from './problem.ts'

/** Reads what upkeep published of whom to trust; a 503 problem while the bus is away. */
export const readTrust = (bucket: Pick<KeyValue, 'get'>) => async (): Promise<TrustBundle | undefined> => {
  const entry = await bucket.get(trustKey).catch(() => {
    throw unavailable('The message bus is away. Ask again.')
  })
  return entry && TrustBundle.parse(JSON.parse(new TextDecoder().decode(entry.value)))
}
