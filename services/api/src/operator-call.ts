import { createHash } from 'node:crypto'
import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { ChargerId, CommandId } from '@voltrail/contracts/ids'
import { limitsTouchedBy } from '@voltrail/domain/device/touches-limits'
import { protocols } from '@voltrail/ocpp/protocols'
import { ApiProblem } from './problem.ts'
import type { Sources } from './sources.ts'

/**
 * The command that an operator's own call means, in the OCPP version that the charger spoke last: a typed one where it says
 * the same, so that it is remembered as such; else the call as it is. Throws 422 with each field that the official schema
 * refuses, and 403 for one that touches limits without the role `grid`.
 * @param commandId makes the names that the call itself does not give, so that a repeat makes the same
 */
export async function commandOfCall(
  sources: Sources,
  chargerId: ChargerId,
  call: { readonly action: string; readonly payload: Extract<ChargerCommand, { type: 'RawCall' }>['payload'] },
  commandId: CommandId,
): Promise<ChargerCommand> {
  const { action, payload } = call
  const charger = await sources.reporting.getCharger(chargerId)
  const protocol = protocols[charger?.subprotocol ?? '']
  // one that never connected is offline, whatever it is asked
  const meant = protocol?.call(action, payload, requestIdOf(commandId)) ?? {
    command: { type: 'RawCall' as const, action, payload },
  }
  if ('unsendable' in meant) throw new ApiProblem('refused', `${meant.unsendable}.`)
  if ('violations' in meant) {
    const errors = meant.violations.map(({ path, message }) => ({ path: `/body${path}`, message }))
    throw new ApiProblem(
      'refused',
      `${action} is not sent, the official schema of ${protocol?.subprotocol} refuses it: ${errors.map(({ path, message }) => `${path.slice('/body/'.length) || 'the payload'} ${message}`).join('; ')}.`,
      { errors },
    )
  }
  const touched = limitsTouchedBy(meant.command)
  if (touched !== undefined && !sources.roles.has('grid'))
    throw new ApiProblem(
      'forbidden',
      `${action} may change the limits of the charger: as a call of your own it needs the role grid, which this key does not have. Use the command ${touched} instead, or a key with that role (OPERATOR_ROLES).`,
    )
  return meant.command
}

/** Names a file transfer: from 1 to 2^31-1. */
export function requestIdOf(commandId: CommandId): number {
  const number = createHash('sha256').update(commandId).digest().readUInt32BE() & 0x7fff_ffff
  return Math.max(1, number)
}
