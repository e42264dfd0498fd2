/** What kept the bus from doing something that has no typed outcome of its own. */
export type BusFault =
  | 'connect-failed'
  | 'disconnected'
  | 'timeout'
  | 'no-stream'
  | 'refused'
  | 'payload-too-large'
  | 'permission-denied'
  | 'bad-subject'
  | 'bad-header'

/** Tell apart by `fault`, never by the message. `serverCode` is JetStream's error code where there is one. */
export class BusError extends Error {
  readonly fault: BusFault
  readonly serverCode: number | undefined

  constructor(fault: BusFault, message: string, details: { serverCode?: number; cause?: unknown } = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = 'BusError'
    this.fault = fault
    this.serverCode = details.serverCode
  }
}
