/** An event as a client proposes it. `id` is the 16 bytes of its UUID; data and metadata are opaque bytes. */
export interface ProposedEvent {
  readonly id: Buffer
  readonly type: string
  readonly json: boolean
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

/** An event as the log holds it. `revision` is 2^63-1 for a tombstone; `created` is in milliseconds since 1970. */
export interface RecordedEvent {
  readonly id: Buffer
  readonly stream: string
  readonly revision: bigint
  readonly created: number
  readonly type: string
  readonly json: boolean
  readonly data: Buffer
  readonly metadata: Buffer
}

/** What the index needs of a record; found without touching data and metadata. */
export interface RecordHead {
  readonly length: number
  readonly stream: string
  readonly type: string
  readonly revision: bigint
}

/** The revision EventStoreDB gives to the tombstone event of a hard-deleted stream. */
export const TOMBSTONE_REVISION = 0x7fffffffffffffffn
/** Stream names and event types are stored behind 16-bit lengths. */
export const MAX_NAME_BYTES = 0xffff

const FLAG_JSON = 1
// length u32 | flags u8 | id 16 | revision u64 | created f64 | stream length u16 | type length u16 | data length u32 | metadata length u32
const HEAD_BYTES = 4 + 1 + 16 + 8 + 8 + 2 + 2 + 4 + 4

/** Bytes that `encodeRecord` will write. */
export function recordLength(streamBytes: number, typeBytes: number, event: ProposedEvent): number {
  return HEAD_BYTES + streamBytes + typeBytes + event.data.length + event.metadata.length
}

/** Writes one event at `at` and returns the offset behind it. `stream` and `type` are UTF-8. */
export function encodeRecord(
  target: Buffer,
  at: number,
  stream: Buffer,
  type: Buffer,
  revision: bigint,
  created: number,
  event: ProposedEvent,
): number {
  const end = at + recordLength(stream.length, type.length, event)
  target.writeUInt32LE(end - at, at)
  target[at + 4] = event.json ? FLAG_JSON : 0
  target.set(event.id, at + 5)
  target.writeBigUInt64LE(revision, at + 21)
  target.writeDoubleLE(created, at + 29)
  target.writeUInt16LE(stream.length, at + 37)
  target.writeUInt16LE(type.length, at + 39)
  target.writeUInt32LE(event.data.length, at + 41)
  target.writeUInt32LE(event.metadata.length, at + 45)
  let offset = at + HEAD_BYTES
  target.set(stream, offset)
  target.set(type, (offset += stream.length))
  target.set(event.data, (offset += type.length))
  target.set(event.metadata, offset + event.data.length)
  return end
}

/** Reads the head of the record at `at`. The caller has checked the CRC of the frame around it. */
export function decodeRecordHead(source: Buffer, at: number): RecordHead {
  const streamEnd = at + HEAD_BYTES + source.readUInt16LE(at + 37)
  return {
    length: source.readUInt32LE(at),
    stream: source.toString('utf8', at + HEAD_BYTES, streamEnd),
    type: source.toString('utf8', streamEnd, streamEnd + source.readUInt16LE(at + 39)),
    revision: source.readBigUInt64LE(at + 21),
  }
}

/** Reads a whole record. Its buffers are views of `source`: copy what must outlive it. */
export function decodeRecord(source: Buffer, at = 0): RecordedEvent {
  const streamEnd = at + HEAD_BYTES + source.readUInt16LE(at + 37)
  const typeEnd = streamEnd + source.readUInt16LE(at + 39)
  const dataEnd = typeEnd + source.readUInt32LE(at + 41)
  return {
    id: source.subarray(at + 5, at + 21),
    stream: source.toString('utf8', at + HEAD_BYTES, streamEnd),
    revision: source.readBigUInt64LE(at + 21),
    created: source.readDoubleLE(at + 29),
    type: source.toString('utf8', streamEnd, typeEnd),
    json: (source[at + 4]! & FLAG_JSON) !== 0,
    data: source.subarray(typeEnd, dataEnd),
    metadata: source.subarray(dataEnd, dataEnd + source.readUInt32LE(at + 45)),
  }
}
