export type BackoffOptions = {
  /** Ceiling of the first wait, in milliseconds. */
  readonly firstMs: number
  /** Ceiling of every wait, in milliseconds. */
  readonly maxMs: number
  /** From 0 (inclusive) to 1 (exclusive), like `Math.random`; passed in so that a test can know the waits. */
  readonly random: () => number
}

/**
 * Exponential backoff with full jitter: each wait is drawn evenly from 0 to a ceiling that doubles up to `maxMs`,
 * so that ten thousand clients that lost one server do not come back as one.
 */
export class Backoff {
  readonly #options: BackoffOptions
  #attempt = 0

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  /** How many waits were drawn since the last reset. */
  get attempt(): number {
    return this.#attempt
  }

  /** The next wait, whole milliseconds. */
  next(): number {
    const { firstMs, maxMs, random } = this.#options
    // 2 ** 1024 would be Infinity, and Infinity * 0 no number
    const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(this.#attempt, 52))
    this.#attempt += 1
    return Math.floor(random() * ceiling)
  }

  /** After a success: begin again with the shortest wait. */
  reset(): void {
    this.#attempt = 0
  }
}
