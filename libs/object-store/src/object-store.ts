import type { Readable } from 'node:stream'

/**
 * Where files lie. A name is parts joined by `/`, each of letters, digits, `.`, `_`, `=` and `-` (`encodeToken` makes any id
 * one). An object is there whole or not at all, and is never changed: another `put` of its name replaces it whole.
 */
export interface ObjectStore {
  /**
   * Takes a stream to its end. Rejects with `TooLarge` at the first byte over `maxBytes`, and with the stream's own error when
   * it breaks; then nothing is stored, and what was there before stays.
   */
  put(name: string, content: Readable, options: { readonly maxBytes: number }): Promise<StoredObject>
  /** The bytes of a range (whole unless told); undefined when there is no such object. Throws `OutOfRange`. */
  get(name: string, range?: ByteRange): Promise<OpenObject | undefined>
  head(name: string): Promise<ObjectFacts | undefined>
  /** Every object whose name begins with the prefix, in the order of the names. */
  list(prefix: string): AsyncIterable<ObjectFacts>
  /** Of what is not there: nothing happens. */
  delete(name: string): Promise<void>
}

export interface ObjectFacts {
  readonly name: string
  readonly bytes: number
  readonly storedAt: Date
}

export interface StoredObject {
  readonly bytes: number
  /** hex */
  readonly sha256: string
}

/** First and last byte, both included, counted from 0 (RFC 9110 §14.1.2); without `last` to the end. */
export interface ByteRange {
  readonly first: number
  readonly last?: number
}

export interface OpenObject {
  /** of the whole object */
  readonly bytes: number
  readonly first: number
  /** -1 of an empty object */
  readonly last: number
  readonly content: Readable
}

export class TooLarge extends Error {
  readonly maxBytes: number
  constructor(maxBytes: number) {
    super(`the file is larger than ${maxBytes} bytes, which is the limit here: send less, or raise the limit`)
    this.name = 'TooLarge'
    this.maxBytes = maxBytes
  }
}

export class OutOfRange extends Error {
  readonly bytes: number
  constructor(name: string, bytes: number, first: number) {
    super(`${name} has ${bytes} bytes: no range begins at ${first}`)
    this.name = 'OutOfRange'
    this.bytes = bytes
  }
}

/** @throws RangeError on a name that could leave its place or that some store could not keep */
export const checkName = (name: string): string => {
  const sound =
    name.length <= 500 && name.split('/').every((part) => /^[A-Za-z0-9._=-]{1,200}$/.test(part) && !/^\.+$/.test(part))
  if (!sound)
    throw new RangeError(
      `${JSON.stringify(name)} names no object: parts of letters, digits, ".", "_", "=" and "-", joined by "/", 500 characters at most`,
    )
  return name
}

/** The range as it lies in an object of so many bytes. @throws OutOfRange */
export const placed = (
  name: string,
  bytes: number,
  range: ByteRange = { first: 0 },
): { first: number; last: number } => {
  const { first, last = bytes - 1 } = range
  if (!Number.isSafeInteger(first) || first < 0 || (first >= bytes && first > 0) || (range.last ?? first) < first)
    throw new OutOfRange(name, bytes, first)
  return { first, last: Math.min(last, bytes - 1) }
}
