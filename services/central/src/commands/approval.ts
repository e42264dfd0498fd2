import type { ChargerCommand, ChargerCommandReply } from '@voltrail/contracts/charger-commands'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { chargerCommand, type CommandDeps } from './charger-command.ts'

/** as long as a charger may take for one call */
const timeoutMs = 30_000

/**
 * Makes a charger that was just accepted boot again, so that it learns of it before its minute is over (OCPP 1.6 §4.2): asked
 * for its BootNotification; if it will not or cannot, reset softly, unless somebody is charging there.
 * @param revision of the approval in the charger's stream: the same approval asks once
 */
export const bootAfterApproval = async (
  tenant: TenantId,
  chargerId: ChargerId,
  revision: number,
  deps: CommandDeps,
): Promise<void> => {
  const ask = (name: string, command: ChargerCommand): Promise<ChargerCommandReply> => {
    const commandId = `approval-${revision}-${name}`
    const actor = { kind: 'service', id: 'central' }
    return chargerCommand(tenant, { commandId, chargerId, actor, requestedAt: deps.now(), timeoutMs, command }, deps)
  }
  const triggered = await ask('boot', { type: 'TriggerMessage', message: 'BootNotification' })
  const unwilling =
    triggered.outcome === 'callError' || (triggered.outcome === 'result' && triggered.status !== 'Accepted')
  if (!unwilling) return
  const { state } = await deps.load(charger, chargerStream(tenant, chargerId))
  if (state.openTransactions.length === 0) await ask('reset', { type: 'Reset', kind: 'Soft' })
}
