/** Append-only numbers in a typed array that doubles: 8 or 4 bytes each instead of a boxed value. */
export interface GrowingArray {
  readonly length: number
  push(value: number): void
  at(index: number): number
}

/** @param kind `f64` holds safe integers (log offsets), `u32` holds ids and lengths. */
export function growingArray(kind: 'f64' | 'u32'): GrowingArray {
  const allocate = (size: number) => (kind === 'f64' ? new Float64Array(size) : new Uint32Array(size))
  let values = allocate(1024)
  let length = 0
  return {
    get length() {
      return length
    },
    push(value) {
      if (length === values.length) {
        const larger = allocate(length * 2)
        larger.set(values)
        values = larger
      }
      values[length++] = value
    },
    at(index) {
      if (index < 0 || index >= length) throw new RangeError(`index ${index} is outside 0..${length - 1}`)
      return values[index]!
    },
  }
}
