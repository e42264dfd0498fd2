import type { CommandId, EvseId, TokenRef } from '@voltrail/contracts/ids'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, type Decision } from '../decider.ts'
import type { ChargerState } from './charger-state.ts'
import { commandOutcome } from './commands.ts'

/** What a remote start asked for: a transaction there, or of that token, is what came of it. */
export interface RemoteStartAsked {
  readonly evseId?: EvseId | undefined
  readonly tokenRef: TokenRef
}

/** Whether this transaction came of that remote start: it is on the EVSE that was asked for, or of its token (or the token's group). */
export const cameOf = (
  asked: RemoteStartAsked,
  open: { readonly evseId: EvseId; readonly tokenRef: TokenRef; readonly groupRef?: TokenRef | undefined },
): boolean => open.evseId === asked.evseId || open.tokenRef === asked.tokenRef || open.groupRef === asked.tokenRef

/**
 * A remote start that the charger accepted and that no transaction came of. Told again it makes nothing; of a command that was
 * not accepted, or is no longer remembered, nothing is told either.
 */
export const remoteStartUnused = (
  command: { readonly commandId: CommandId; readonly asked: RemoteStartAsked; readonly requestedAt: Instant },
  state: ChargerState,
): Decision<ChargerEvent> => {
  const { commandId, asked, requestedAt } = command
  const outcome = commandOutcome(state, commandId)
  if (outcome?.kind !== 'settled' || !('result' in outcome) || outcome.unused === true) return accept()
  if (outcome.result.outcome !== 'result' || outcome.result.status !== 'Accepted') return accept()
  const used = state.openTransactions.some((open) => open.startedAt.receivedAt >= requestedAt && cameOf(asked, open))
  return used ? accept() : accept<ChargerEvent>({ type: 'RemoteStartUnused', data: { commandId } })
}
