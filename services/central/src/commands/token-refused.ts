import type { ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { TenantId } from '@voltrail/contracts/ids'
import { authorise, nobodyIssued } from '@voltrail/domain/id-token'
import type { CentralDeps } from '../central-deps.ts'

/**
 * Why the id token of a remote start may not charge, so that the session would end as soon as it began; undefined: it may. One
 * that nobody issued may where we name it ourselves. Forced, or as an operator's own call, it is sent all the same.
 */
export const tokenRefused = async (
  { lookUps, vault }: Pick<CentralDeps, 'lookUps' | 'vault'>,
  tenant: TenantId,
  { command, requestedAt, asCall }: ChargerCommandRequest,
): Promise<string | undefined> => {
  if (command.type !== 'RemoteStart' || command.force || asCall) return undefined
  const { value: token } = await lookUps.token(tenant, vault.tokenRef(tenant, command.idToken.value))
  const { status, reason } = authorise(token, (await lookUps.settings(tenant)).value, requestedAt)
  if (status === 'Accepted' || reason === nobodyIssued) return undefined
  return `the id token may not charge: it is ${status} (${reason}). Change the token first, or send it all the same with "force": true`
}
