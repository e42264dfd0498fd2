import { adminCommandTypes, type AdminCommandReply } from '@voltrail/contracts/admin-commands'
import { chargerCommandTypes, type ChargerCommandReply } from '@voltrail/contracts/charger-commands'
import { parseSubject } from '@voltrail/contracts/subjects'
import { LogUnavailable } from '@voltrail/event-store/event-log'
import { VaultUnavailable } from '@voltrail/key-store/vault-errors'
import { Unavailable } from '../unavailable.ts'
import { adminCommand } from './admin-command.ts'
import { chargerCommand, type CommandDeps } from './charger-command.ts'

/** Answers one command request; the subject says the tenant and which kind it is. */
export const createCommandHandler =
  (deps: CommandDeps) =>
  async (subject: string, payload: Uint8Array): Promise<ChargerCommandReply | AdminCommandReply> => {
    const parsed = parseSubject(subject)
    if (parsed.kind !== 'command') throw new Error(`not a command subject: ${subject}`)
    const { tenant, command } = parsed
    try {
      const body: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
      if (chargerCommandTypes.some((type) => type === command)) return await chargerCommand(tenant, body, deps)
      if (adminCommandTypes.some((type) => type === command)) return await adminCommand(tenant, body, deps)
      return { outcome: 'refused', reason: 'invalid-request', detail: `there is no command ${command}` }
    } catch (error) {
      if (error instanceof SyntaxError)
        return { outcome: 'refused', reason: 'invalid-request', detail: 'the request is not JSON' }
      if (error instanceof Unavailable || error instanceof LogUnavailable || error instanceof VaultUnavailable)
        return { outcome: 'unavailable', reason: error.message }
      deps.log.error({ err: error, command }, 'a command failed')
      return {
        outcome: 'unavailable',
        reason: 'it failed here for a reason that is in our log; nothing is known to be done',
      }
    }
  }
