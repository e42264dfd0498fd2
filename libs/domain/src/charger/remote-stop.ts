import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { CommandId, TransactionId } from '@voltrail/contracts/ids'
import { accept, type Decision } from '../decider.ts'
import type { ChargerState } from './charger-state.ts'
import { commandOutcome } from './commands.ts'

/**
 * A remote stop that the charger accepted (OCPP 1.6 §5.12) and whose transaction goes on. Told again it makes nothing; of a
 * command that was not accepted, or is no longer remembered, nothing is told either.
 */
export const remoteStopUnheeded = (
  { commandId, transactionId }: { readonly commandId: CommandId; readonly transactionId: TransactionId },
  state: ChargerState,
): Decision<ChargerEvent> => {
  const outcome = commandOutcome(state, commandId)
  if (outcome?.kind !== 'settled' || !('result' in outcome) || outcome.unused === true) return accept()
  if (outcome.result.outcome !== 'result' || outcome.result.status !== 'Accepted') return accept()
  return state.openTransactions.some((open) => open.transactionId === transactionId)
    ? accept<ChargerEvent>({ type: 'RemoteStopUnheeded', data: { commandId } })
    : accept()
}
