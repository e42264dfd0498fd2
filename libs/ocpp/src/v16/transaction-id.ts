import type { TransactionId } from '@voltrail/contracts/ids'
import { rawText } from '../notes.ts'
import type { FormatRuleId } from '../quirks.ts'
import type { Desk, Fields } from './inbound-message.ts'

/** The id as text; 0, negative and missing ids name no transaction; `none` is the rule that says so (https://github.com/EVerest/libocpp/issues/495). */
export const transactionId = (payload: Fields, none: FormatRuleId, desk: Desk): TransactionId | undefined => {
  const value = payload['transactionId']
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined
  if (value > 0) return String(value) as TransactionId
  desk.notes.add(none, '/transactionId', () => rawText(value))
  return undefined
}
