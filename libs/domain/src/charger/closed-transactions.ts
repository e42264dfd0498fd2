import type { ChargerSummary } from '@voltrail/contracts/events/charger'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { TransactionId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { toleratedSkewMs } from '../occurred-at.ts'

type ClosedTransactions = NonNullable<ChargerSummary['closedTransactions']>

const keptClosed = 8

/** The newest closed transactions with one that is closed now. */
export const closedWith = (
  state: Pick<ChargerSummary, 'openTransactions' | 'closedTransactions'>,
  { transactionId, reason }: Pick<EventNamed<'TransactionClosed'>['data'], 'transactionId' | 'reason'>,
): ClosedTransactions => {
  const before = state.closedTransactions ?? []
  const open = state.openTransactions.find((one) => one.transactionId === transactionId)
  if (open === undefined) return before
  const one = { transactionId, evseId: open.evseId, startedAt: open.startedAt.effectiveAt }
  return [...before.slice(1 - keptClosed), reason === 'stopped' ? { ...one, stopped: true } : one]
}

/**
 * The closed transaction on an EVSE that may have been open at a time: the newest that had begun. Whether it had not ended yet,
 * its session says.
 */
export const closedOnEvseAt = (
  { closedTransactions = [] }: Pick<ChargerSummary, 'closedTransactions'>,
  evseId: number,
  at: Instant,
): TransactionId | undefined =>
  closedTransactions
    .filter((one) => one.evseId === evseId && Date.parse(one.startedAt) - toleratedSkewMs <= Date.parse(at))
    .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
    .at(-1)?.transactionId
