import type { TransactionId } from '@voltrail/contracts/ids'
import { rawText } from '../notes.ts'
import type { FormatRuleId } from '../quirks.ts'
import type { Desk, Fields } from './inbound-message.ts'

/** Our transaction id as 1.6 has it, a whole number from 1 to 2^31-1; undefined for one that is none. */
export const writeTransactionId = (transactionId: TransactionId): number | undefined =>
  /^[1-9]\d{0,9}$/.test(transactionId) && Number(transactionId) <= 0x7fff_ffff ? Number(transactionId) : undefined

/** The id as text; 0, negative and missing ids name no transaction; `none` is the rule that says so (https://github.com/EVerest/libocpp/issues/495). */
export const transactionId = (payload: Fields, none: FormatRuleId, desk: Desk): TransactionId | undefined => {
  const value = payload['transactionId']
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined
  if (value > 0) return String(value) as TransactionId
  desk.notes.add(none, '/transactionId', () => rawText(value))
  return undefined
}
