/** The log (or what deciding needs) is away: nothing is durable, the same request may come again. */
export class Unavailable extends Error {
  constructor(reason: string, options?: { cause?: unknown }) {
    super(reason, options)
    this.name = 'Unavailable'
  }
}
