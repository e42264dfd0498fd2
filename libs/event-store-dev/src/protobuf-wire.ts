/** The part of the protobuf wire format that the hot messages need. https://protobuf.dev/programming-guides/encoding/ */

export const VARINT = 0
const FIXED64 = 1
export const BYTES = 2
const FIXED32 = 5

/** A message that is no protobuf. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

/** Walks the fields of one message in `source` from `at` to `end`, without copying. */
export interface WireReader {
  /** Moves to the next field; false at the end. */
  next(): boolean
  readonly field: number
  readonly type: number
  /** Start and end of a length-delimited value. */
  readonly start: number
  readonly end: number
  /** A varint value, unsigned 64 bit. */
  readonly value: bigint
}

export function wireReader(source: Buffer, from = 0, until = source.length): WireReader {
  let at = from
  let field = 0
  let type = 0
  let start = 0
  let end = 0
  let low = 0
  let high = 0

  /** Reads a varint into `low` and `high` (two times 32 bits, unsigned). */
  function varint(): void {
    low = 0
    high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= until) throw new WireError('a varint runs over the end of its message')
      const byte = source[at++]!
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) {
        low >>>= 0
        high >>>= 0
        return
      }
    }
    throw new WireError('a varint is longer than 10 bytes')
  }

  return {
    next() {
      if (at >= until) return false
      varint()
      field = low >>> 3
      type = low & 7
      if (field === 0) throw new WireError('field number 0')
      if (type === VARINT) varint()
      else if (type === BYTES) {
        varint()
        start = at
        end = at + low
        if (high !== 0 || end > until) throw new WireError(`field ${field} is longer than its message`)
        at = end
      } else if (type === FIXED64 || type === FIXED32) {
        at += type === FIXED64 ? 8 : 4
        if (at > until) throw new WireError(`field ${field} is longer than its message`)
      } else throw new WireError(`wire type ${type}`)
      return true
    },
    get field() {
      return field
    },
    get type() {
      return type
    },
    get start() {
      return start
    },
    get end() {
      return end
    },
    get value() {
      return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low)
    },
  }
}

/** Bytes of an unsigned 64-bit varint. */
export function varintLength(value: number | bigint): number {
  let length = 1
  let rest = typeof value === 'bigint' && value <= 0xffffffffn ? Number(value) : value
  if (typeof rest === 'bigint') {
    for (; rest >= 0x80n; rest >>= 7n) length++
  } else {
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
  }
  return length
}

/** Bytes of a length-delimited field with a one-byte key. */
export function fieldLength(size: number): number {
  return 1 + varintLength(size) + size
}

export interface WireWriter {
  readonly at: number
  varintField(field: number, value: number | bigint): void
  /** Key and length; the value follows by other calls. */
  open(field: number, size: number): void
  bytesField(field: number, value: Uint8Array): void
  asciiField(field: number, value: string): void
  /** UTF-8; `bytes` is its length in bytes. */
  textField(field: number, value: string, bytes: number): void
}

/** Writes fields with numbers up to 15 into `target`, which the caller has sized. */
export function wireWriter(target: Buffer, from: number): WireWriter {
  let at = from

  function varint(value: number | bigint): void {
    let rest = typeof value === 'bigint' && value <= 0xffffffffn ? Number(value) : value
    if (typeof rest === 'bigint') {
      for (; rest >= 0x80n; rest >>= 7n) target[at++] = Number(rest & 0x7fn) | 0x80
      target[at++] = Number(rest)
    } else {
      for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[at++] = (rest % 0x80) | 0x80
      target[at++] = rest
    }
  }

  const writer: WireWriter = {
    get at() {
      return at
    },
    varintField(field, value) {
      target[at++] = (field << 3) | VARINT
      varint(value)
    },
    open(field, size) {
      target[at++] = (field << 3) | BYTES
      varint(size)
    },
    bytesField(field, value) {
      writer.open(field, value.length)
      target.set(value, at)
      at += value.length
    },
    asciiField(field, value) {
      writer.open(field, value.length)
      at += target.write(value, at, 'latin1')
    },
    textField(field, value, bytes) {
      writer.open(field, bytes)
      at += target.write(value, at, 'utf8')
    },
  }
  return writer
}
