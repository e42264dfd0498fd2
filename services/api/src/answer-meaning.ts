import type { AnswerMeaning } from '@voltrail/contracts/rest/commands'

/** The words of answers in OCPP 1.6 (§7, and the security white paper's), and the error codes that say as much. */
const meanings: Readonly<Record<string, AnswerMeaning>> = {
  Accepted: 'accepted',
  AcceptedCanceled: 'accepted',
  Unlocked: 'done',
  Scheduled: 'scheduled',
  RebootRequired: 'rebootRequired',
  Rejected: 'refused',
  Faulted: 'refused',
  Occupied: 'refused',
  Unavailable: 'refused',
  VersionMismatch: 'refused',
  InvalidCertificate: 'refused',
  RevokedCertificate: 'refused',
  UnlockFailed: 'failed',
  Failed: 'failed',
  NotSupported: 'notSupported',
  NotImplemented: 'notSupported',
  UnknownVendor: 'notSupported',
  UnknownVendorId: 'notSupported',
  UnknownMessageId: 'notSupported',
  Unknown: 'notFound',
  NotFound: 'notFound',
}

/** What an answer's word, or the code of an error, means; `undefined`: it is a word of its own. */
export const meaningOf = (word: string | null): AnswerMeaning | undefined =>
  word !== null && Object.hasOwn(meanings, word) ? meanings[word] : undefined

const details: Partial<Record<string, string>> = {
  Scheduled: 'The charger will do it once the transactions in its way have ended; GET …/commands then says so.',
  RebootRequired: 'The charger has taken it, and it is in force after its next boot.',
  UnlockFailed: 'The charger tried, and the connector is still locked.',
}
/** What an operator should know beside that word, in a sentence. */
export const detailOf = (word: string): string | undefined => details[word]
