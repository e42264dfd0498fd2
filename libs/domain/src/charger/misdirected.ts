import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { TransactionId } from '@voltrail/contracts/ids'
import { unknownConnector, type KnownConnectors } from '../device/known-connectors.ts'
import type { ChargerState } from './charger-state.ts'

/** Commands that are aimed at one connector or at one transaction. */
type Aimed = Extract<ChargerCommand, { readonly force?: unknown }>
const aimed: ReadonlySet<ChargerCommand['type']> = new Set<Aimed['type']>([
  'RemoteStart',
  'RemoteStop',
  'UnlockConnector',
  'ChangeAvailability',
  'TriggerMessage',
  'SetChargingProfile',
  'GetCompositeSchedule',
])
export const isAimed = (command: ChargerCommand): command is Aimed => aimed.has(command.type)

const forceIt = 'or send it all the same with "force": true'

/**
 * In a sentence, that a charger has not what a command is aimed at, and what to do; undefined: it has, or nobody knows. One that
 * is forced is aimed at whatever it says.
 */
export const misdirection = (
  command: ChargerCommand,
  state: Pick<ChargerState, 'connectors'> & Transactions,
  configuration: KnownConnectors['configuration'],
): string | undefined => {
  if (!isAimed(command) || command.force) return undefined
  if (command.type === 'RemoteStop') return unknownTransaction(command.transactionId, state)
  if (command.evseId === undefined) return undefined
  const unknown = unknownConnector(command.evseId, { connectors: state.connectors, configuration })
  return unknown === undefined ? undefined : `${unknown}. Name one of those, ${forceIt}`
}

type Transactions = Pick<ChargerState, 'openTransactions' | 'closedTransactions' | 'parkedStarts' | 'candidates'>

/** A charger may go on with a transaction that we hold to be over, or that waits for an operator: it can be told to stop that too. */
const unknownTransaction = (asked: TransactionId, state: Transactions): string | undefined => {
  const open = state.openTransactions.map(({ transactionId }) => transactionId)
  const { closedTransactions = [], parkedStarts = [], candidates = [] } = state
  const heardOf =
    open.includes(asked) ||
    [...closedTransactions, ...parkedStarts].some(({ transactionId }) => transactionId === asked) ||
    candidates.some(({ namedTransaction }) => namedTransaction === asked)
  if (heardOf) return undefined
  const there =
    open.length === 0
      ? 'no transaction is open there'
      : `open ${open.length === 1 ? 'is transaction' : 'are transactions'} ${open.join(', ')}`
  return `the charger is not known to have a transaction ${asked}: ${there}. Correct the id, ${forceIt}`
}
