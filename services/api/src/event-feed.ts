import type { ServerResponse } from 'node:http'
import type { TenantId } from '@voltrail/contracts/ids'
import type { FeedEvent } from '@voltrail/contracts/rest/events'
import { parseStream } from '@voltrail/contracts/streams'
import type { Category } from '@voltrail/contracts/streams'
import type { LogEvent, LogPosition } from '@voltrail/event-store/event-log'
import { positionText } from './position-text.ts'
import type { FollowLog } from './sources.ts'

/** What one stream of server-sent events shows. No `types` means all. */
export type FeedFilter = {
  readonly tenant: TenantId
  readonly categories: readonly Category[]
  readonly types: ReadonlySet<string>
}

/** An event as everybody with the key may see it: personal data stays ciphertext, frames and look-ups stay behind. */
export function feedEvent(event: LogEvent): FeedEvent {
  const { metadata } = event
  return {
    stream: event.stream,
    revision: String(event.revision),
    type: event.type,
    version: metadata.version,
    data: event.data,
    metadata: {
      tenant: metadata.tenant,
      receivedAt: metadata.receivedAt,
      decidedAt: metadata.decision.clock,
      correlation: metadata.correlation,
      actor: metadata.actor,
      causation: metadata.causation,
      hash: metadata.hash,
    },
  }
}

/** One message of the `text/event-stream` format (HTML §9.2.6). JSON has no line breaks, so one `data` line holds it. */
export const serverSentEvent = (event: LogEvent & { readonly position: LogPosition }): string =>
  `id: ${positionText(event.position)}\nevent: ${event.type}\ndata: ${JSON.stringify(feedEvent(event))}\n\n`

/**
 * Writes the log to a response until the client or the server goes. A client that reads slowly holds back its own
 * subscription and nothing else. Rejects when the log is lost: the connection then ends, and the client resumes with the last id it has.
 */
export async function writeFeed(
  response: ServerResponse,
  options: {
    readonly follow: FollowLog
    readonly filter: FeedFilter
    readonly after: LogPosition | 'start' | 'end'
    readonly signal: AbortSignal
    readonly heartbeatMs: number
  },
): Promise<void> {
  const { filter } = options
  const ended = new AbortController()
  const end = () => ended.abort()
  response.on('close', end)
  response.on('error', end)
  if (response.destroyed) end()
  const signal = AbortSignal.any([options.signal, ended.signal])

  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // proxies that gather a response before they pass it on would hold events back
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  })
  response.write('retry: 2000\n\n')
  // a comment: intermediaries drop a silent connection, and we notice a client that is gone
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': alive\n\n')
  }, options.heartbeatMs)

  try {
    await options.follow({
      after: options.after,
      categories: filter.categories,
      signal,
      async onEvent(event) {
        if (signal.aborted) return
        // one tenant's name may begin another's, so a prefix does not say whose stream it is
        if (parseStream(event.stream)?.tenant !== filter.tenant) return
        if (filter.types.size > 0 && !filter.types.has(event.type)) return
        if (!response.write(serverSentEvent(event))) await drained(response, signal)
      },
    })
  } finally {
    clearInterval(heartbeat)
    response.off('close', end)
    response.end()
  }
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    if (signal.aborted) return resolve()
    response.on('drain', done)
    signal.addEventListener('abort', done, { once: true })
  })
}
