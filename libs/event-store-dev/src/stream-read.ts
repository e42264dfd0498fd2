import { memoised } from './event-filter.ts'
import type { EventLog } from './event-log.ts'
import { eventWriter } from './event-writer.ts'
import { withPrefix } from './grpc-call.ts'
import type { GrpcCall } from './grpc-call.ts'
import { streamDeleted } from './grpc-status.ts'
import { shared, streams } from './protobuf-messages.ts'
import type { ReadRequest } from './read-request.ts'
import { firstReadableRevision } from './stream-metadata.ts'

/** A read of one stream that ends. `$maxCount`, `$maxAge` and `$tb` hide events; a revision is inclusive in both directions. */
export async function readStream(
  log: EventLog,
  call: GrpcCall,
  request: ReadRequest,
  stream: string,
  count: number,
): Promise<void> {
  const view = log.view(stream)
  if (view.kind === 'deleted') return call.end(streamDeleted(stream))
  if (view.kind === 'not_found') {
    call.write(streamNotFound(stream))
    return call.end()
  }
  const { entry } = view
  const metadata = entry.metadata
  const last = entry.committed - 1
  const first = firstReadableRevision(metadata, last)
  const oldest = metadata.maxAgeMs === undefined ? -Infinity : Date.now() - metadata.maxAgeMs
  const from = request.from === 'start' ? 0 : request.from === 'end' ? last : Number(request.from)
  const step = request.backwards ? -1 : 1
  // forwards from the end is behind the last event
  let revision = request.backwards ? Math.min(from, last) : request.from === 'end' ? last + 1 : Math.max(from, first)
  if (request.backwards && request.from === 'start') revision = first
  const writer = eventWriter(log, call, request.structuredIds)
  for (let sent = 0; sent < count && revision >= first && revision <= last && !call.closed; revision += step) {
    const index = entry.events[revision]!
    const event = log.recordAt(index)
    if (event.created < oldest) writer.skipped()
    else {
      writer.event(index, event)
      sent++
    }
    if (writer.full) await writer.pause()
  }
  writer.flush()
  call.end()
}

/**
 * A read of `$all` that ends. Forwards a position is inclusive; backwards it is exclusive, as on the real server, which takes it for the
 * place behind a record.
 */
export async function readAll(log: EventLog, call: GrpcCall, request: ReadRequest, count: number): Promise<void> {
  const { index } = log
  const end = index.committed
  const from = request.from === 'start' ? 0 : request.from === 'end' ? end : log.firstAtOrAfter(request.from)
  const matches = matcher(log, request)
  const writer = eventWriter(log, call, request.structuredIds)
  const step = request.backwards ? -1 : 1
  let sent = 0
  for (let at = request.backwards ? from - 1 : from; sent < count && at >= 0 && at < end && !call.closed; at += step) {
    if (matches(at)) {
      writer.event(at, log.recordAt(at))
      sent++
    } else writer.skipped()
    if (writer.full) await writer.pause()
  }
  writer.flush()
  call.end()
}

/** Whether the request's filter lets the event with a global index through. */
export function matcher(log: EventLog, request: ReadRequest): (globalIndex: number) => boolean {
  const { index } = log
  if (!request.filter) return () => true
  if (request.filter.on === 'stream') {
    const verdict = memoised(request.filter, index.streamName)
    return (at) => verdict(index.streamIdAt(at))
  }
  const verdict = memoised(request.filter, index.typeName)
  return (at) => verdict(index.typeIdAt(at))
}

function streamNotFound(stream: string): Buffer {
  const identifier = new shared.StreamIdentifier()
  identifier.setStreamName(Buffer.from(stream).toString('base64'))
  const notFound = new streams.ReadResp.StreamNotFound()
  notFound.setStreamIdentifier(identifier)
  const response = new streams.ReadResp()
  response.setStreamNotFound(notFound)
  return withPrefix(response.serializeBinary())
}
