/** How chargers of the field keep what they could not deliver. Times in seconds of the field. */
export interface ChargerModel {
  readonly name: string
  /** TransactionMessageAttempts for starts and stops (OCPP 1.6 §9.1.22): an attempt counts when it is *sent* */
  readonly attempts: number
  /** the same for meter values */
  readonly meterAttempts: number
  /** TransactionMessageRetryInterval: after the nth attempt that stayed unanswered it waits n times so long */
  readonly retryS: number
  /** how long it waits for an answer */
  readonly answerS: number
  /** transactions of which something may wait */
  readonly transactions: number
  /** meter values that may wait; one more drops the oldest */
  readonly meterValues: number
  /** what it does when as many transactions wait as it can keep */
  readonly whenFull: 'refuses sessions' | 'drops the oldest'
  /** pause before it connects again, doubled up to the longest, with jitter */
  readonly reconnectS: { readonly first: number; readonly longest: number }
}

const small = {
  attempts: 3,
  meterAttempts: 3,
  retryS: 60,
  answerS: 30,
  transactions: 4,
  meterValues: 24,
  reconnectS: { first: 10, longest: 10 },
}

export const chargerModels = {
  refusing: { ...small, name: '3 attempts, queue of 4, refuses sessions', whenFull: 'refuses sessions' },
  dropping: { ...small, name: '3 attempts, queue of 4, drops the oldest', whenFull: 'drops the oldest' },
  endless: {
    name: 'endless attempts, big queue',
    attempts: Infinity,
    meterAttempts: Infinity,
    retryS: 10,
    answerS: 30,
    transactions: 1_000,
    meterValues: 10_000,
    whenFull: 'refuses sessions',
    reconnectS: { first: 2, longest: 60 },
  },
  careless: {
    name: 'meter values once, starts and stops for ever',
    attempts: Infinity,
    meterAttempts: 1,
    retryS: 30,
    answerS: 30,
    transactions: 1_000,
    meterValues: 4,
    whenFull: 'refuses sessions',
    reconnectS: { first: 5, longest: 5 },
  },
} as const satisfies Record<string, ChargerModel>
