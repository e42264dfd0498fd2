import { eventFilter } from './event-filter.ts'
import type { EventFilter } from './event-filter.ts'
import { streams } from './protobuf-messages.ts'

/** Where a read begins: a stream revision or an `$all` position. */
export type ReadStart = 'start' | 'end' | bigint

/** `event_store.client.streams.ReadReq`, understood. */
export interface ReadRequest {
  readonly target: { readonly kind: 'stream'; readonly stream: string } | { readonly kind: 'all' }
  readonly from: ReadStart
  readonly backwards: boolean
  /** Most events to return, or a subscription. */
  readonly amount: { readonly kind: 'count'; readonly count: number } | { readonly kind: 'subscription' }
  readonly filter: EventFilter | undefined
  /** Considered events between two checkpoints of a filtered subscription. */
  readonly checkpointEvery: number
  /** Event ids as two integers instead of text. */
  readonly structuredIds: boolean
}

/** A read request that makes no sense; the message says why. */
export class ReadRequestError extends Error {
  override readonly name = 'ReadRequestError'
}

/** What the server uses when a filter leaves the window open. */
const DEFAULT_SEARCH_WINDOW = 32

/** Throws ReadRequestError or FilterError; bytes that are no ReadReq throw whatever the generated code throws. */
export function parseReadRequest(bytes: Uint8Array): ReadRequest {
  const options = streams.ReadReq.deserializeBinary(bytes).getOptions()
  if (!options) throw new ReadRequestError('ReadReq: no options')
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
  const subscription = options.hasSubscription()
  if (subscription && backwards) throw new ReadRequestError('a subscription reads forwards')
  const count = Number(options.getCount())
  if (!subscription && count <= 0) throw new ReadRequestError('the count of events to read must be positive')
  const filterOptions = options.getFilter()
  const window = filterOptions?.hasMax() ? filterOptions.getMax() : DEFAULT_SEARCH_WINDOW
  return {
    ...parseTarget(options),
    backwards,
    amount: subscription ? { kind: 'subscription' } : { kind: 'count', count },
    filter: filterOptions && parseFilter(filterOptions),
    checkpointEvery: Math.max(1, window * Math.max(1, filterOptions?.getCheckpointintervalmultiplier() ?? 1)),
    structuredIds: options.getUuidOption()?.hasStructured() ?? false,
  }
}

type Options = NonNullable<ReturnType<InstanceType<typeof streams.ReadReq>['getOptions']>>
type FilterOptions = NonNullable<ReturnType<Options['getFilter']>>

function parseTarget(options: Options): Pick<ReadRequest, 'target' | 'from'> {
  const stream = options.getStream()
  if (stream) {
    const name = Buffer.from(stream.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8')
    if (name === '') throw new ReadRequestError('the stream name is empty')
    return {
      target: { kind: 'stream', stream: name },
      from: stream.hasStart() ? 'start' : stream.hasEnd() ? 'end' : BigInt(stream.getRevision()),
    }
  }
  const all = options.getAll()
  if (!all) throw new ReadRequestError('ReadReq names neither a stream nor $all')
  const position = all.getPosition()
  return {
    target: { kind: 'all' },
    from: all.hasStart() ? 'start' : position ? BigInt(position.getCommitPosition()) : 'end',
  }
}

function parseFilter(options: FilterOptions): EventFilter {
  const byStream = options.getStreamIdentifier()
  const expression = byStream ?? options.getEventType()
  if (!expression) throw new ReadRequestError('the filter names neither stream names nor event types')
  return eventFilter(byStream ? 'stream' : 'type', expression.getPrefixList(), expression.getRegex())
}
