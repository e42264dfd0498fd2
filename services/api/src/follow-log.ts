import type { TenantId } from '@voltrail/contracts/ids'
import { categoryPrefix } from '@voltrail/contracts/streams'
import type { EsdbLog } from '@voltrail/event-store/esdb-log'
import { subscribeLog } from '@voltrail/event-store/subscription'
import type { FollowLog } from './sources.ts'

/** Following the real log, with a subscription (and a connection) of its own for every follower. */
export function followLog(
  log: Pick<EsdbLog, 'readTail'>,
  connectionString: string,
  tenant: TenantId,
  onDown: (reason: string) => void,
): FollowLog {
  return async ({ after, categories, signal, onEvent }) => {
    const from = after === 'end' ? ((await log.readTail(1))[0]?.position ?? 'start') : after
    const subscription = subscribeLog({
      connectionString,
      // the server sorts out most of what is another tenant's; the rest is the reader's task
      filter: { streamPrefixes: categories.map((category) => `${categoryPrefix(category)}${tenant}`) },
      from,
      signal,
      onEvent,
      onDown,
    })
    const end = await subscription.done
    if (end.outcome === 'failed') throw end.error
  }
}
