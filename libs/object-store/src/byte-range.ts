import type { ByteRange } from './object-store.ts'

/**
 * One range of a `Range` header (RFC 9110 §14.1.2) of an object of so many bytes. Undefined: the whole is served, as it is for
 * what we cannot read and for several ranges (§14.2 leaves that to the server). A range that cannot be served comes back as it is.
 */
export const byteRange = (header: string | undefined, bytes: number): ByteRange | undefined => {
  const [, first = '', last = ''] = /^bytes *= *(\d{0,15}) *- *(\d{0,15}) *$/i.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  // the last so many bytes; none of them is a range that nothing can satisfy
  if (first === '') return { first: Number(last) === 0 ? bytes || 1 : Math.max(0, bytes - Number(last)) }
  if (last === '') return { first: Number(first) }
  return Number(last) < Number(first) ? undefined : { first: Number(first), last: Number(last) }
}
