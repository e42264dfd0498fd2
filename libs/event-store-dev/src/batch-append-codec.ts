import type { ExpectedRevision } from './expected-revision.ts'
import { parseEventId } from './event-id.ts'
import { BYTES, fieldLength, VARINT, varintLength, wireReader, WireError, wireWriter } from './protobuf-wire.ts'
import type { ProposedEvent } from './record.ts'

/** One message of `Streams/BatchAppend`. A large append comes in several with the same correlation id; only the first has options. */
export interface BatchAppendRequest {
  /** The `UUID` message as it came: it goes back unchanged. */
  readonly correlationId: Buffer
  readonly options: BatchAppendOptions | undefined
  readonly events: readonly ProposedEvent[]
  readonly isFinal: boolean
}

export interface BatchAppendOptions {
  /** The `StreamIdentifier` message as it came. */
  readonly streamIdentifier: Buffer
  readonly stream: string
  readonly expected: ExpectedRevision
  /** Milliseconds since 1970 after which the client no longer waits; undefined when it did not say. */
  readonly deadline: number | undefined
}

const NO_BYTES = Buffer.alloc(0)

/** Reads `event_store.client.streams.BatchAppendReq`; data and metadata are views of `source`. Throws WireError. */
export function decodeBatchAppendRequest(source: Buffer): BatchAppendRequest {
  let correlationId: Buffer = NO_BYTES
  let options: BatchAppendOptions | undefined
  const events: ProposedEvent[] = []
  let isFinal = false
  const reader = wireReader(source)
  while (reader.next()) {
    if (reader.field === 1 && reader.type === BYTES) correlationId = source.subarray(reader.start, reader.end)
    else if (reader.field === 2 && reader.type === BYTES)
      options = decodeAppendOptions(source, reader.start, reader.end)
    else if (reader.field === 3 && reader.type === BYTES)
      events.push(decodeProposedMessage(source, reader.start, reader.end))
    else if (reader.field === 4 && reader.type === VARINT) isFinal = reader.value !== 0n
  }
  return { correlationId, options, events, isFinal }
}

/** `Options` of an append: fields 1 to 5 are the same in `BatchAppendReq` and in `AppendReq`. */
export function decodeAppendOptions(source: Buffer, from: number, until: number): BatchAppendOptions {
  let streamIdentifier: Buffer = NO_BYTES
  let stream = ''
  let expected: ExpectedRevision = 'any'
  let deadline: number | undefined
  const reader = wireReader(source, from, until)
  while (reader.next()) {
    if (reader.field === 1 && reader.type === BYTES) {
      streamIdentifier = source.subarray(reader.start, reader.end)
      stream = streamName(source, reader.start, reader.end)
    } else if (reader.field === 2 && reader.type === VARINT) expected = reader.value
    else if (reader.field === 3) expected = 'no_stream'
    else if (reader.field === 4) expected = 'any'
    else if (reader.field === 5) expected = 'stream_exists'
    else if (reader.field === 6 && reader.type === BYTES) deadline = milliseconds(source, reader.start, reader.end)
    else if (reader.field === 7 && reader.type === BYTES)
      deadline = Date.now() + milliseconds(source, reader.start, reader.end)
  }
  return { streamIdentifier, stream, expected, deadline }
}

/** `ProposedMessage` has the same fields in `BatchAppendReq` and in `AppendReq`. */
export function decodeProposedMessage(source: Buffer, from: number, until: number): ProposedEvent {
  let id: Buffer | undefined
  let type: string | undefined
  let contentType = ''
  let data: Buffer = NO_BYTES
  let metadata: Buffer = NO_BYTES
  const reader = wireReader(source, from, until)
  while (reader.next()) {
    if (reader.type !== BYTES) continue
    if (reader.field === 1) id = decodeUuid(source, reader.start, reader.end)
    else if (reader.field === 2) {
      const [key, value] = decodeMapEntry(source, reader.start, reader.end)
      if (key === 'type') type = value
      else if (key === 'content-type') contentType = value
    } else if (reader.field === 3) metadata = source.subarray(reader.start, reader.end)
    else if (reader.field === 4) data = source.subarray(reader.start, reader.end)
  }
  if (!id) throw new WireError('a proposed event has no valid UUID as its id')
  if (type === undefined) throw new WireError("a proposed event has no 'type' in its metadata")
  return { id, type, json: contentType === 'application/json', data, metadata }
}

function decodeUuid(source: Buffer, from: number, until: number): Buffer | undefined {
  const reader = wireReader(source, from, until)
  let id: Buffer | undefined
  while (reader.next()) {
    if (reader.type !== BYTES) continue
    if (reader.field === 2) id = parseEventId(source.toString('latin1', reader.start, reader.end))
    else if (reader.field === 1) {
      id = Buffer.alloc(16)
      const halves = wireReader(source, reader.start, reader.end)
      while (halves.next())
        if (halves.type === VARINT && halves.field <= 2) id.writeBigUInt64BE(halves.value, halves.field === 1 ? 0 : 8)
    }
  }
  return id
}

function decodeMapEntry(source: Buffer, from: number, until: number): [string, string] {
  let key = ''
  let value = ''
  const reader = wireReader(source, from, until)
  while (reader.next()) {
    if (reader.type !== BYTES) continue
    if (reader.field === 1) key = source.toString('utf8', reader.start, reader.end)
    else if (reader.field === 2) value = source.toString('utf8', reader.start, reader.end)
  }
  return [key, value]
}

function streamName(source: Buffer, from: number, until: number): string {
  const reader = wireReader(source, from, until)
  let name = ''
  while (reader.next())
    if (reader.field === 3 && reader.type === BYTES) name = source.toString('utf8', reader.start, reader.end)
  return name
}

/** `Timestamp` and `Duration`: seconds and nanoseconds. */
function milliseconds(source: Buffer, from: number, until: number): number {
  let total = 0
  const reader = wireReader(source, from, until)
  while (reader.next()) {
    if (reader.type !== VARINT) continue
    const value = Number(BigInt.asIntN(64, reader.value))
    if (reader.field === 1) total += value * 1000
    else if (reader.field === 2) total += value / 1e6
  }
  return total
}

/** Writes a successful `BatchAppendResp`. `revision` is -1 when the stream is empty; `position` is missing when nothing was written. */
export function encodeBatchAppendSuccess(
  request: Pick<BatchAppendRequest, 'correlationId'> & { readonly options: BatchAppendOptions },
  revision: bigint,
  position: bigint | undefined,
): Buffer {
  const { correlationId, options } = request
  const positionLength = position === undefined ? 0 : 2 * (1 + varintLength(position))
  const successLength =
    (revision < 0n ? 2 : 1 + varintLength(revision)) + (position === undefined ? 2 : fieldLength(positionLength))
  const expectedLength = typeof options.expected === 'bigint' ? 1 + varintLength(options.expected) : 2
  const target = Buffer.allocUnsafe(
    fieldLength(correlationId.length) +
      fieldLength(successLength) +
      fieldLength(options.streamIdentifier.length) +
      expectedLength,
  )
  const writer = wireWriter(target, 0)
  writer.bytesField(1, correlationId)
  writer.open(3, successLength)
  if (revision < 0n) writer.open(2, 0)
  else writer.varintField(1, revision)
  if (position === undefined) writer.open(4, 0)
  else {
    writer.open(3, positionLength)
    writer.varintField(1, position)
    writer.varintField(2, position)
  }
  writer.bytesField(4, options.streamIdentifier)
  if (typeof options.expected === 'bigint') writer.varintField(5, options.expected)
  else writer.open({ no_stream: 6, any: 7, stream_exists: 8 }[options.expected], 0)
  return target
}
