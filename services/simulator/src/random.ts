/** Evenly from 0 (inclusive) to 1 (exclusive), like `Math.random`. */
export type Random = () => number

/** The same seed gives the same numbers, on every machine (xmur3 into sfc32). */
export function seededRandom(seed: string): Random {
  let mixed = 1779033703 ^ seed.length
  for (let index = 0; index < seed.length; index += 1) {
    mixed = Math.imul(mixed ^ seed.charCodeAt(index), 3432918353)
    mixed = (mixed << 13) | (mixed >>> 19)
  }
  const word = () => {
    mixed = Math.imul(mixed ^ (mixed >>> 16), 2246822507)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 3266489909)
    mixed ^= mixed >>> 16
    return mixed >>> 0
  }
  let [a, b, c, counter] = [word(), word(), word(), word()]
  return () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return (sum >>> 0) / 4_294_967_296
  }
}

/** Evenly from `min` (inclusive) to `max` (exclusive). */
export const between = (random: Random, min: number, max: number): number => min + random() * (max - min)

/** One of them; throws RangeError when there are none. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}
