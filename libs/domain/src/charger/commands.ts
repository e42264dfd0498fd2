import type { CommandId, FactId } from '@voltrail/contracts/ids'
import type { Evidence } from '@voltrail/contracts/envelope'
import type { CommandResult } from '@voltrail/contracts/facts'
import type { StoredChargerCommand } from '@voltrail/contracts/charger-commands'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, reject, type Decision } from '../decider.ts'
import { answeredBefore } from './charger.ts'
import type { ChargerState } from './charger-state.ts'

/** What we ask of a charger: requested, then settled, offline or of unknown outcome; an answer that comes late still settles it. */

export type CommandOutcome =
  /** `unused`: the charger agreed, and nothing came of it: no transaction began or ended, it did not reset, it is as available as before */
  | { readonly kind: 'settled'; readonly result: CommandResult; readonly unused?: true }
  /** settled with an answer that is too long to be kept in the state: it stands in the log */
  | { readonly kind: 'settled'; readonly tooLong: true }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'offline' }
  | { readonly kind: 'pending' }

/** What is known of a command by its id; `undefined` when it was never requested (or long ago). */
export const commandOutcome = (state: ChargerState, commandId: CommandId): CommandOutcome | undefined => {
  const known = state.recentCommands.find((command) => command.commandId === commandId)
  if (known !== undefined) return known.outcome as unknown as CommandOutcome
  return state.pendingCommands.some((command) => command.commandId === commandId) ? { kind: 'pending' } : undefined
}

/** A command that is this much overdue when the next one falls due was under way in a process that died. */
const forgottenMs = 300_000

export interface CommandRefusal {
  readonly kind: 'unknown-charger' | 'charger-rejected' | 'charger-pending'
  readonly detail: string
}

/** What a charger that waits for approval may be asked (OCPP 1.6 §4.2: it is configured before it is accepted). */
const whilePending: ReadonlySet<string> = new Set(['ChangeConfiguration', 'GetConfiguration', 'TriggerMessage'])

/** Why a charger may not be asked this; `undefined`: it may. */
export const commandRefusal = (state: ChargerState, type: StoredChargerCommand['type']): CommandRefusal | undefined => {
  if (!state.registered) return { kind: 'unknown-charger', detail: 'this charger is not registered' }
  if (state.registration === 'Rejected')
    return { kind: 'charger-rejected', detail: 'the charger is rejected: nothing is sent to it until it is registered' }
  if (state.registration === 'Pending' && !whilePending.has(type))
    return {
      kind: 'charger-pending',
      detail: `the charger waits for approval: until then it can be asked ${[...whilePending].join(', ')} only`,
    }
  return undefined
}

/** @param command.sentFirst it was sent already, so nothing about it is refused any more */
export const requestCommand = (
  command: {
    readonly commandId: CommandId
    readonly command: StoredChargerCommand
    readonly deadline: Instant
    readonly sentFirst?: true
    readonly asCall?: true | undefined
  },
  state: ChargerState,
): Decision<ChargerEvent, CommandRefusal> => {
  // what is known of it is told also after the registration has changed
  if (commandOutcome(state, command.commandId) !== undefined) return accept()
  const refusal = command.sentFirst ? undefined : commandRefusal(state, command.command.type)
  if (refusal !== undefined) return reject(refusal)
  const forgotten = state.pendingCommands
    .filter((one) => Date.parse(one.deadline) + forgottenMs < Date.parse(command.deadline))
    .map(({ commandId }): ChargerEvent => ({
      type: 'CommandOutcomeUnknown',
      data: { commandId, reason: 'it was given up by nobody' },
    }))
  return accept<ChargerEvent>(...forgotten, { type: 'CommandRequested', data: { ...command } })
}

/** A charger's answer. It may come after we gave the command up, and it is the truth also then. */
export const settleCommand = (
  command: {
    readonly commandId: CommandId
    readonly result: CommandResult
    readonly frames: { readonly sent?: Evidence | undefined; readonly received?: Evidence | undefined }
    readonly late: boolean
    readonly factId?: FactId | undefined
    readonly configuration?: Extract<ChargerEvent, { type: 'ConfigurationSeen' }>['data'] | undefined
  },
  state: ChargerState,
): Decision<ChargerEvent> => {
  const { commandId, result, configuration } = command
  const outcome = commandOutcome(state, commandId)
  if (answeredBefore(state, command.factId) !== undefined) return accept()
  if (outcome === undefined || outcome.kind === 'settled') return accept()
  // one that came in time is late too when its record is: somebody has given the command up meanwhile
  const late = command.late || outcome.kind !== 'pending'
  const { sent, received } = command.frames
  const frames = { ...(sent === undefined ? {} : { sent }), ...(received === undefined ? {} : { received }) }
  const settled: ChargerEvent = { type: 'CommandSettled', data: { commandId, result, late, frames } }
  return configuration === undefined
    ? accept(settled)
    : accept<ChargerEvent>(settled, { type: 'ConfigurationSeen', data: configuration })
}

/** The command was sent, or may have been, and nobody knows what came of it. It is never sent again by itself. */
export const giveUpCommand = (
  command: { readonly commandId: CommandId; readonly reason: string },
  state: ChargerState,
): Decision<ChargerEvent> =>
  commandOutcome(state, command.commandId)?.kind === 'pending'
    ? accept<ChargerEvent>({ type: 'CommandOutcomeUnknown', data: { ...command } })
    : accept()

/** No socket took it: it was never sent. */
export const commandWasOffline = (commandId: CommandId, state: ChargerState): Decision<ChargerEvent> =>
  commandOutcome(state, commandId)?.kind === 'pending'
    ? accept<ChargerEvent>({ type: 'CommandOffline', data: { commandId } })
    : accept()
