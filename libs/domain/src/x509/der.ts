/** One value of DER (X.690), as far as certificates and requests need to be taken apart. */
export interface Der {
  readonly tag: number
  /** with tag and length */
  readonly whole: Uint8Array
  readonly content: Uint8Array
}

/** What stands one after the other in these bytes. Throws when they are no DER. */
export const derValues = (bytes: Uint8Array): readonly Der[] => {
  const values: Der[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!
    const first = bytes[at + 1]
    if (first === undefined) throw new Error('a DER value is cut off')
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    if (lengthBytes > 4 || first === 0x80) throw new Error('a DER length is not definite')
    let length = first < 0x80 ? first : 0
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0)
    const begin = at + 2 + lengthBytes
    const end = begin + length
    if (end > bytes.length) throw new Error('a DER value is cut off')
    values.push({ tag, whole: bytes.subarray(at, end), content: bytes.subarray(begin, end) })
    at = end
  }
  return values
}

/** The parts of a SEQUENCE or of another constructed value. */
export const derParts = (bytes: Uint8Array): readonly Der[] => {
  const [outer] = derValues(bytes)
  if (outer === undefined || (outer.tag & 0x20) === 0) throw new Error('a DER value has no parts')
  return derValues(outer.content)
}

/** An object identifier in dotted form, from its content. */
export const derOid = (content: Uint8Array): string => {
  const numbers: number[] = []
  let value = 0
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f)
    if ((byte & 0x80) !== 0) continue
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(value / 40))
      numbers.push(first, value - first * 40)
    } else numbers.push(value)
    value = 0
  }
  return numbers.join('.')
}
