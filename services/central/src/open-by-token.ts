import type { OpenTransaction } from '@voltrail/contracts/events/charger'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import { categoryPrefix } from '@voltrail/contracts/streams'
import { subscribeInBatches } from '@voltrail/event-store/subscription'
import type { LogEvent } from '@voltrail/event-store/event-log'
import type { Log } from '@voltrail/runtime/log'

/** An open transaction, and where it stands in the log. */
export interface OpenElsewhere {
  readonly stream: string
  readonly revision: number
  readonly open: OpenTransaction
}

/** Which transactions each token has open, over all chargers. */
export interface OpenByToken {
  /** Those on chargers that are connected; none while the index is not up to date with the log: then nobody is refused. */
  of(tenant: TenantId, token: TokenRef): readonly OpenElsewhere[]
}

/** The index as a fold of charger events; it holds open transactions only. */
export const indexOpenByToken = () => {
  const byToken = new Map<string, Map<string, OpenElsewhere>>()
  const tokenOf = new Map<string, string>()
  const connected = new Set<string>()
  return {
    take({ stream, revision, metadata, ...event }: LogEvent): void {
      switch (event.type) {
        case 'ChargerConnected':
          connected.add(stream)
          return
        case 'ChargerDisconnected':
          connected.delete(stream)
          return
        case 'TransactionOpened': {
          const token = `${metadata.tenant} ${event.data.tokenRef}`
          const transaction = `${stream} ${event.data.transactionId}`
          const open = byToken.get(token) ?? new Map<string, OpenElsewhere>()
          byToken.set(token, open.set(transaction, { stream, revision, open: event.data }))
          tokenOf.set(transaction, token)
          return
        }
        case 'TransactionClosed': {
          const transaction = `${stream} ${event.data.transactionId}`
          const token = tokenOf.get(transaction)
          if (token === undefined) return
          tokenOf.delete(transaction)
          const open = byToken.get(token)
          open?.delete(transaction)
          if (open?.size === 0) byToken.delete(token)
          return
        }
        default:
      }
    },
    of: (tenant: TenantId, token: TokenRef): readonly OpenElsewhere[] =>
      [...(byToken.get(`${tenant} ${token}`)?.values() ?? [])].filter((one) => connected.has(one.stream)),
  }
}

/** The index, fed by the log from its start. */
export const followOpenByToken = (connectionString: string, log: Log): OpenByToken & { stop(): Promise<void> } => {
  const index = indexOpenByToken()
  const feed = subscribeInBatches({
    connectionString,
    filter: {
      streamPrefixes: [categoryPrefix('charger')],
      types: ['ChargerConnected', 'ChargerDisconnected', 'TransactionOpened', 'TransactionClosed'],
    },
    from: 'start',
    onDown: (reason) => log.warn({ reason }, 'the feed of open transactions is down: concurrent use is not judged'),
    onBatch: ({ events }) => {
      for (const event of events) index.take(event)
    },
  })
  return {
    of: (tenant, token) => (feed.status().state === 'live' ? index.of(tenant, token) : []),
    stop: () => feed.stop(),
  }
}
