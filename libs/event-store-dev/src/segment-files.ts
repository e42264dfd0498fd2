import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeSync,
  writev,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DataDirectoryError, syncDirectory } from './data-directory.ts'
import { FRAME_HEADER_BYTES, FRAME_MAGIC, readFrame, sealFrame } from './frame.ts'
import { pageCache } from './page-cache.ts'

const HEADER = Buffer.from('VTESDEV\x01')
const sync = promisify(fdatasync)

/** Frames in order of the log, on disk. Offsets are log offsets: the headers of segment files are not counted. */
export interface LogStorage {
  /** Writes a batch of whole frames and resolves when all of it is durable. Only one call at a time. */
  write(frames: readonly Buffer[], offset: number): Promise<void>
  read(offset: number, length: number): Buffer
  close(): void
}

interface Segment {
  readonly start: number
  readonly file: string
  readonly handle: number
  bytes: number
}

export interface SegmentOptions {
  readonly directory: string
  /** A segment that has reached this size is closed and the next one begun. */
  readonly segmentBytes: number
  readonly cacheBytes: number
  /** Called for each intact frame in order: the body stands in `source` from `bodyAt` to `end`. */
  onFrame(source: Buffer, bodyAt: number, end: number, bodyOffset: number): void
  onTruncated(message: string): void
}

/**
 * Opens the segments of a directory and plays every frame. A torn tail (written, never acknowledged) is cut off; damage to what was
 * acknowledged throws DataDirectoryError: the server must not start on a log with a hole.
 */
export function openSegments(options: SegmentOptions): { storage: LogStorage; end: number } {
  const segments: Segment[] = []
  const cache = pageCache(options.cacheBytes)
  const names = readdirSync(options.directory)
    .filter((name) => /^segment-\d{16}\.log$/.test(name))
    .sort()
  let end = 0
  try {
    for (const [index, name] of names.entries()) {
      const segment = openSegment(join(options.directory, name), Number(name.slice(8, 24)), index === names.length - 1)
      if (!segment) continue
      segments.push(segment)
      if (segment.start !== end) {
        throw new DataDirectoryError(
          `${segment.file} begins at log offset ${segment.start}, but the segments before it end at ${end}: a segment is missing or cut short; restore the directory from a backup`,
        )
      }
      end = segment.start + recover(segment, index === names.length - 1, options)
    }
  } catch (error) {
    for (const segment of segments) closeSync(segment.handle)
    throw error
  }

  function addSegment(start: number): Segment {
    const file = join(options.directory, `segment-${String(start).padStart(16, '0')}.log`)
    const handle = openSync(file, 'wx+')
    writeSync(handle, HEADER)
    fsyncSync(handle)
    syncDirectory(options.directory)
    const segment = { start, file, handle, bytes: 0 }
    segments.push(segment)
    return segment
  }

  function segmentAt(offset: number): Segment {
    let low = 0
    let high = segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (segments[middle]!.start <= offset) low = middle
      else high = middle - 1
    }
    return segments[low]!
  }

  const storage: LogStorage = {
    async write(frames, offset) {
      let segment = segments.at(-1)
      if (!segment || segment.bytes >= options.segmentBytes) segment = addSegment(offset)
      await writeAll(segment.handle, frames, HEADER.length + segment.bytes)
      await sync(segment.handle)
      for (const frame of frames) segment.bytes += frame.length
    },
    read(offset, length) {
      const segment = segmentAt(offset)
      return cache.read(
        segment.file,
        HEADER.length + offset - segment.start,
        length,
        HEADER.length + segment.bytes,
        (at, size) => {
          const bytes = Buffer.allocUnsafe(size)
          const got = readSync(segment.handle, bytes, 0, size, at)
          if (got !== size)
            throw new Error(
              `${segment.file}: ${got} instead of ${size} bytes at ${at}: the file was cut while the server ran`,
            )
          return bytes
        },
      )
    },
    close() {
      for (const segment of segments) closeSync(segment.handle)
    },
  }
  return { storage, end }
}

function openSegment(file: string, start: number, last: boolean): Segment | undefined {
  const handle = openSync(file, 'r+')
  const header = Buffer.alloc(HEADER.length)
  const got = readSync(handle, header, 0, header.length, 0)
  if (header.equals(HEADER)) return { start, file, handle, bytes: fstatSync(handle).size - HEADER.length }
  closeSync(handle)
  // killed between creating the file and writing its header: nothing was acknowledged from it
  if (
    last &&
    (got < HEADER.length || header.every((byte) => byte === 0)) &&
    header.subarray(0, got).every((byte, at) => byte === 0 || byte === HEADER[at])
  ) {
    unlinkSync(file)
    return undefined
  }
  throw new DataDirectoryError(
    `${file} does not begin like a segment of this format: restore it from a backup or name another directory`,
  )
}

/** Plays the frames of one segment and returns how many bytes of it hold. */
function recover(segment: Segment, last: boolean, options: SegmentOptions): number {
  const source = Buffer.allocUnsafe(segment.bytes)
  for (let at = 0; at < source.length;) {
    const got = readSync(segment.handle, source, at, source.length - at, HEADER.length + at)
    if (got === 0) throw new Error(`${segment.file} became shorter while it was read`)
    at += got
  }
  let at = 0
  while (at < source.length) {
    const offset = segment.start + at
    const frame = readFrame(source, at, offset)
    if (!frame) break
    const bodyAt = at + FRAME_HEADER_BYTES
    options.onFrame(source, bodyAt, frame.end, offset + FRAME_HEADER_BYTES)
    at = frame.end
  }
  if (at < source.length) {
    if (!last || provedDurable(source, at, segment.start)) {
      throw new DataDirectoryError(
        `${segment.file} is damaged at byte ${HEADER.length + at} (log offset ${segment.start + at}), inside acknowledged events: the server does not start; restore the directory from a backup`,
      )
    }
    options.onTruncated(
      `${segment.file}: cut a torn tail of ${source.length - at} bytes (never acknowledged) at log offset ${segment.start + at}`,
    )
    ftruncateSync(segment.handle, HEADER.length + at)
    segment.bytes = at
  }
  // what a killed process left in the page cache is served from now on, so it must be durable first
  if (last) fdatasyncSync(segment.handle)
  return at
}

/** Is there an intact frame behind the damage that was written when the damaged place was already durable? */
function provedDurable(source: Buffer, damagedAt: number, start: number): boolean {
  for (let at = source.indexOf(FRAME_MAGIC, damagedAt + 1); at !== -1; at = source.indexOf(FRAME_MAGIC, at + 1)) {
    const frame = readFrame(source, at, start + at)
    if (frame && frame.durable > start + damagedAt) return true
  }
  return false
}

/** The frame that a clean stop writes: it proves that everything before it was durable. */
export function closingFrame(offset: number): Buffer {
  const frame = Buffer.alloc(FRAME_HEADER_BYTES)
  sealFrame(frame, offset, offset)
  return frame
}

async function writeAll(handle: number, frames: readonly Buffer[], position: number): Promise<void> {
  let at = position
  // copying many small frames is cheaper than many small entries of a vector
  let rest: Buffer[] = frames.length > 8 ? [Buffer.concat(frames)] : [...frames]
  while (rest.length > 0) {
    const part = rest
    const written = await new Promise<number>((done, failed) => {
      writev(handle, part, at, (error, bytes) => (error ? failed(error) : done(bytes)))
    })
    at += written
    rest = dropBytes(rest, written)
  }
}

function dropBytes(buffers: readonly Buffer[], count: number): Buffer[] {
  let skip = count
  const rest: Buffer[] = []
  for (const buffer of buffers) {
    if (skip >= buffer.length) {
      skip -= buffer.length
      continue
    }
    rest.push(buffer.subarray(skip))
    skip = 0
  }
  return rest
}
