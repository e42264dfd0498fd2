import { crc32 } from 'node:zlib'

/**
 * A frame is the unit of atomicity: all events of one append, or nothing of it.
 *
 *     magic u32 | body length u32 | log offset u64 | durable offset u64 | CRC-32 u32 | body
 *
 * The CRC covers the lengths, both offsets and the body, so a frame copied to another place is not valid there. The durable offset says
 * how far the log was on disk when the frame was written: it tells a torn tail (never acknowledged) from damage to acknowledged events.
 */
export const FRAME_HEADER_BYTES = 28
export const FRAME_MAGIC = Buffer.from([0xe5, 0xde, 0x7f, 0x1a])

export interface Frame {
  readonly offset: number
  readonly durable: number
  /** Offset of the first byte behind the frame, in the buffer it was read from. */
  readonly end: number
}

/** Fills the header of a frame whose body already stands behind it. Offsets are safe integers (the log ends long before 2^53 bytes). */
export function sealFrame(frame: Buffer, offset: number, durable: number): void {
  FRAME_MAGIC.copy(frame, 0)
  frame.writeUInt32LE(frame.length - FRAME_HEADER_BYTES, 4)
  writeOffset(frame, offset, 8)
  writeOffset(frame, durable, 16)
  frame.writeUInt32LE(frameCrc(frame, 0, frame.length), 24)
}

/** Reads the frame at `at`, or returns undefined when what stands there is no whole, intact frame for that log offset. */
export function readFrame(source: Buffer, at: number, expectedOffset: number): Frame | undefined {
  if (source.length - at < FRAME_HEADER_BYTES) return undefined
  if (source.compare(FRAME_MAGIC, 0, 4, at, at + 4) !== 0) return undefined
  const end = at + FRAME_HEADER_BYTES + source.readUInt32LE(at + 4)
  if (end > source.length) return undefined
  const offset = readOffset(source, at + 8)
  if (offset !== expectedOffset) return undefined
  if (source.readUInt32LE(at + 24) !== frameCrc(source, at, end)) return undefined
  return { offset, durable: readOffset(source, at + 16), end }
}

function frameCrc(source: Buffer, at: number, end: number): number {
  return crc32(source.subarray(at + FRAME_HEADER_BYTES, end), crc32(source.subarray(at + 4, at + 24)))
}

function writeOffset(target: Buffer, value: number, at: number): void {
  target.writeUInt32LE(value % 2 ** 32, at)
  target.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}

function readOffset(source: Buffer, at: number): number {
  return source.readUInt32LE(at) + source.readUInt32LE(at + 4) * 2 ** 32
}
