import type { Brand } from './brands.ts'
import { writeRegister, writeTag, writeTimestamp } from './dialect.ts'
import type { Payload } from './payload.ts'

export type StopReason =
  | 'DeAuthorized'
  | 'EVDisconnected'
  | 'HardReset'
  | 'Local'
  | 'Remote'
  | 'SoftReset'
  | 'UnlockCommand'

/** A transaction as the charger knows it, from before the central system has given it an id. */
export type LocalTransaction = {
  /** Counts up per charger. */
  readonly number: number
  readonly connectorId: number
  readonly idTag: string
  readonly startedAt: Date
  readonly meterStartWh: number
  readonly startedOffline: boolean
  /** The reservation that it uses. */
  readonly reservationId?: number | undefined
  /** From StartTransaction.conf; undefined until then, or for ever if the start was given up. */
  transactionId?: number
  end?: { readonly at: Date; readonly meterStopWh: number; readonly reason: StopReason; readonly byDriver: boolean }
}

/** OCPP 1.6 §6.45. */
export const startPayload = (brand: Brand, transaction: LocalTransaction): Payload => ({
  connectorId: transaction.connectorId,
  idTag: writeTag(brand.dialect, transaction.idTag),
  meterStart: writeRegister(brand.dialect, transaction.meterStartWh),
  timestamp: writeTimestamp(brand.dialect, transaction.startedAt),
  ...(transaction.reservationId !== undefined && { reservationId: transaction.reservationId }),
})

/** OCPP 1.6 §6.31. The transaction's id is left out where the charger does not know it. */
export const meterValuesPayload = (
  brand: Brand,
  transaction: LocalTransaction,
  meterValues: readonly Payload[],
): Payload => {
  const id = brand.meterTransactionId === 'zero' ? 0 : knownId(brand, transaction)
  return {
    connectorId: transaction.connectorId,
    ...(id !== undefined && { transactionId: id }),
    meterValue: meterValues,
  }
}

/** OCPP 1.6 §6.47; -1 stands for a transaction whose id is not known (errata 3.18). */
export function stopPayload(brand: Brand, transaction: LocalTransaction, transactionData: readonly Payload[]): Payload {
  const { end } = transaction
  if (!end) throw new Error(`transaction ${transaction.number} has not ended`)
  return {
    transactionId: knownId(brand, transaction) ?? -1,
    ...(end.byDriver && { idTag: writeTag(brand.dialect, transaction.idTag) }),
    meterStop: writeRegister(brand.dialect, end.meterStopWh),
    timestamp: writeTimestamp(brand.dialect, end.at),
    // OCPP 1.6 §4.10: the reason may be left out when it is Local
    ...(end.reason !== 'Local' && { reason: end.reason }),
    ...(transactionData.length > 0 && { transactionData }),
  }
}

const knownId = (brand: Brand, transaction: LocalTransaction): number | undefined =>
  transaction.startedOffline && brand.offlineStop === 'minus-one' ? undefined : transaction.transactionId
