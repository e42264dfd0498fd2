/** Node's own bound for the head of a request. What is longer is left to the HTTP server, which refuses it (431). */
export const longestHead = 16_384

export type RequestHead = {
  /** Everything that was read. */
  bytes(): Buffer
  /**
   * Takes what came next.
   * @returns the offset behind the empty line that ends the head; 'more': it may still come; 'none': this has no head that is ours
   * to look at: too long, or no GET request
   */
  take(chunk: Buffer): number | 'more' | 'none'
}

/** Most heads fit, in bytes. */
const firstRoom = 512

const CR = 0x0d
const LF = 0x0a

/**
 * The head of a request as it comes in, from somebody who has not yet said who they are: each byte is looked at once, and
 * copied twice at most on average, however small the pieces are.
 */
export const createRequestHead = (): RequestHead => {
  /** twice as long when it is full: somebody who says nothing costs nothing, and each byte is moved no more than once more */
  let kept: Buffer = Buffer.alloc(0)
  let length = 0
  /** bytes behind the bound, all of one chunk */
  let rest: Buffer = Buffer.alloc(0)
  /** where it begins: some stacks send an empty line first, which does not count (RFC 9112 §2.2) */
  let begin = 0
  /** up to here there is no empty line that ends the head */
  let searched = 0

  /** behind the empty line: LF LF, or LF CR LF */
  const endOfHead = (): number | undefined => {
    for (;;) {
      const line = kept.subarray(0, length).indexOf(LF, searched)
      if (line < 0) {
        searched = length
        return undefined
      }
      const next = kept[line + 1] === CR && line + 1 < length ? line + 2 : line + 1
      if (next >= length) {
        // what follows decides
        searched = line
        return undefined
      }
      if (kept[next] === LF) return next + 1
      searched = line + 1
    }
  }

  const isLineEnd = (byte: number | undefined): boolean => byte === CR || byte === LF

  return {
    bytes: () => Buffer.concat([kept.subarray(0, length), rest]),
    take(chunk) {
      const fits = chunk.subarray(0, longestHead - length)
      if (length + fits.length > kept.length) {
        const longer = Buffer.allocUnsafeSlow(
          Math.min(longestHead, Math.max(firstRoom, 2 * kept.length, length + fits.length)),
        )
        longer.set(kept.subarray(0, length))
        kept = longer
      }
      kept.set(fits, length)
      length += fits.length
      rest = chunk.subarray(fits.length)
      while (begin < length && isLineEnd(kept[begin])) begin += 1
      searched = Math.max(searched, begin)
      const end = endOfHead()
      if (end !== undefined) return end
      if (length >= longestHead) return 'none'
      return 'GET '.startsWith(kept.toString('latin1', begin, Math.min(length, begin + 4))) ? 'more' : 'none'
    },
  }
}
