import { createHash } from 'node:crypto'
import type { TransactionId } from '@voltrail/contracts/ids'

/**
 * Keys that let a message identify itself across connections, made from the values *as received*, before any quirk rule;
 * an absent field counts as empty text. Id tokens enter as their keyed reference, never in clear.
 */
const digest = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

export interface RawStart {
  readonly connector: string
  /** keyed reference of the raw id token text */
  readonly idTokenRef: string
  readonly timestamp: string
  readonly meterStart: string
}
export const startKey = (chargerId: string, raw: RawStart): string =>
  digest('start', chargerId, raw.connector, raw.idTokenRef, raw.timestamp, raw.meterStart)

/** A stop that names its transaction is the stop of that transaction; any other identifies itself by tag, time and meter. */
export interface RawStop {
  readonly transaction: string
  readonly idTokenRef: string
  readonly timestamp: string
  readonly meterStop: string
}
export const orphanStopKey = (chargerId: string, raw: RawStop): string =>
  digest('stop', chargerId, raw.transaction, raw.idTokenRef, raw.timestamp, raw.meterStop)

/** Of such a stop, whatever time the charger gives it: some stamp it anew whenever they send it. */
export const restampedStopKey = (chargerId: string, raw: Omit<RawStop, 'timestamp'>): string =>
  digest('stop without its time', chargerId, raw.transaction, raw.idTokenRef, raw.meterStop)

/** @param evseId for senders that do not say which connector they were told */
export const meterKey = (
  chargerId: string,
  evseId: number,
  raw: { readonly connector?: string | undefined; readonly transaction: string; readonly contentHash: string },
): string => digest('meter', chargerId, raw.connector ?? String(evseId), raw.transaction, raw.contentHash).slice(0, 12)

/** Of a connector's status in one charger's stream. @param details as `JSON.stringify` gives them */
export const statusKey = (evseId: number, connectorId: number, details: string, timestamp: string): string =>
  digest('status', String(evseId), String(connectorId), details, timestamp).slice(0, 12)

/**
 * Whatever else must be parked is the same when its text is the same. The text may name an id token, which could be guessed from a
 * plain hash of the rest when its key is long destroyed: it enters as its keyed reference.
 */
export const frameKey = (chargerId: string, meant: string, frameRef: string): string =>
  digest('frame 2', chargerId, meant, frameRef)

/** How events of old are keyed: by the text itself. Only to know again what was parked so; it is never written. */
export const plainFrameKey = (chargerId: string, meant: string, frame: string): string =>
  digest('frame', chargerId, meant, frame)

/**
 * The transaction id of a start that brings none (1.6): positive, at most 2^31-1, the same for every retry, hard to guess
 * for another charger. When another start already has it, the next `probe` is tried.
 */
export const deriveTransactionId = (key: string, probe: number): TransactionId => {
  const hash = createHash('sha256').update(`transaction ${key} ${probe}`).digest()
  return String(hash.readUInt32BE(0) & 0x7fffffff || 1) as TransactionId
}
