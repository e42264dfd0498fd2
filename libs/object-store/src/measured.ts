import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import { TooLarge, type StoredObject } from './object-store.ts'

export interface Measured {
  readonly stream: Transform
  /** of all that went through; once the stream has ended */
  result(): StoredObject
}

/** Passes bytes on, counts and hashes them, and breaks with `TooLarge` at the first byte over the limit. */
export const measured = (maxBytes: number): Measured => {
  const hash = createHash('sha256')
  let bytes = 0
  return {
    stream: new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length
        if (bytes > maxBytes) return done(new TooLarge(maxBytes))
        hash.update(chunk)
        done(null, chunk)
      },
    }),
    result: () => ({ bytes, sha256: hash.digest('hex') }),
  }
}
