import type { TransactionId } from '@voltrail/contracts/ids'

/** The id as text; 0, negative and missing ids name no transaction (https://github.com/EVerest/libocpp/issues/495). */
export const transactionId = (value: unknown): TransactionId | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? (String(value) as TransactionId) : undefined
