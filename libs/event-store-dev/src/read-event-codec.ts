import { formatEventId } from './event-id.ts'
import { fieldLength, varintLength, wireWriter } from './protobuf-wire.ts'
import type { RecordedEvent } from './record.ts'

const JSON_ENTRY = contentTypeEntry('application/json')
const BINARY_ENTRY = contentTypeEntry('application/octet-stream')
/** .NET ticks: 100 nanoseconds. */
const TICKS_PER_MILLISECOND = 10_000

/**
 * Writes `event_store.client.streams.ReadResp` with an event, behind `prefixBytes` free bytes (the gRPC message prefix).
 * `position` is commit and prepare position alike.
 */
export function encodeReadEvent(
  event: RecordedEvent,
  position: bigint,
  structuredId: boolean,
  prefixBytes: number,
): Buffer {
  const most = structuredId ? event.id.readBigUInt64BE(0) : 0n
  const least = structuredId ? event.id.readBigUInt64BE(8) : 0n
  const structuredLength = (most === 0n ? 0 : 1 + varintLength(most)) + (least === 0n ? 0 : 1 + varintLength(least))
  const idLength = structuredId ? fieldLength(structuredLength) : fieldLength(36)
  const streamBytes = Buffer.byteLength(event.stream)
  const typeBytes = Buffer.byteLength(event.type)
  const typeEntryLength = fieldLength(4) + fieldLength(typeBytes)
  const created = String(event.created * TICKS_PER_MILLISECOND)
  const createdEntryLength = fieldLength(7) + fieldLength(created.length)
  const contentEntry = event.json ? JSON_ENTRY : BINARY_ENTRY
  const positionLength = varintLength(position)
  const recordedLength =
    fieldLength(idLength) +
    fieldLength(fieldLength(streamBytes)) +
    1 +
    varintLength(event.revision) +
    2 * (1 + positionLength) +
    fieldLength(typeEntryLength) +
    fieldLength(contentEntry.length) +
    fieldLength(createdEntryLength) +
    fieldLength(event.metadata.length) +
    fieldLength(event.data.length)
  const readEventLength = fieldLength(recordedLength) + 1 + positionLength
  const target = Buffer.allocUnsafe(prefixBytes + fieldLength(readEventLength))
  const writer = wireWriter(target, prefixBytes)
  writer.open(1, readEventLength)
  writer.open(1, recordedLength)
  writer.open(1, idLength)
  if (structuredId) {
    writer.open(1, structuredLength)
    if (most !== 0n) writer.varintField(1, most)
    if (least !== 0n) writer.varintField(2, least)
  } else writer.asciiField(2, formatEventId(event.id))
  writer.open(2, fieldLength(streamBytes))
  writer.textField(3, event.stream, streamBytes)
  writer.varintField(3, event.revision)
  writer.varintField(4, position)
  writer.varintField(5, position)
  writer.open(6, typeEntryLength)
  writer.asciiField(1, 'type')
  writer.textField(2, event.type, typeBytes)
  writer.bytesField(6, contentEntry)
  writer.open(6, createdEntryLength)
  writer.asciiField(1, 'created')
  writer.asciiField(2, created)
  writer.bytesField(7, event.metadata)
  writer.bytesField(8, event.data)
  writer.varintField(3, position)
  return target
}

function contentTypeEntry(value: string): Buffer {
  const entry = Buffer.alloc(fieldLength(12) + fieldLength(value.length))
  const writer = wireWriter(entry, 0)
  writer.asciiField(1, 'content-type')
  writer.asciiField(2, value)
  return entry
}
