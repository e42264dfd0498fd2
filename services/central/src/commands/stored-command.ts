import type { ChargerCommand, StoredChargerCommand } from '@voltrail/contracts/charger-commands'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import { isSecretKey } from '@voltrail/domain/secret-keys'
import type { CentralDeps } from '../central-deps.ts'
import type { Lookup } from '@voltrail/contracts/envelope'
import { presentedToken } from '../presented-token.ts'

/** The user part of a URL, which may hold a password. */
const userInfo = /[a-z][a-z0-9+.-]*:\/\/[^\s/?#]*@/i

/** A command as the log may hold it: id tokens sealed, secrets digested. `owner` is the token whose key seals its frames; absent: they lie in clear. */
export const storedCommand = async (
  deps: CentralDeps,
  tenant: TenantId,
  command: ChargerCommand,
): Promise<{ command: StoredChargerCommand; owner: TokenRef | undefined; lookups?: readonly Lookup[] }> => {
  switch (command.type) {
    case 'RemoteStart': {
      const { alias: _, ...rest } = command
      const { idToken, lookups } = await presentedToken(deps, tenant, command.idToken)
      return { command: { ...rest, idToken }, owner: idToken.ref, lookups }
    }
    case 'ChangeConfiguration': {
      const redacted = isSecretKey(command.key) || userInfo.test(command.value)
      const value = redacted ? deps.vault.secretDigest(tenant, command.value) : command.value
      return { command: { ...command, value, redacted }, owner: undefined }
    }
    case 'DataTransfer': {
      // vendor data may hold anything; what was sent can be read in its sealed frame
      const { data } = command
      const stored = { ...command, ...(data === undefined ? {} : { data: deps.vault.secretDigest(tenant, data) }) }
      return { command: stored, owner: deps.vault.tokenRef(tenant, '') }
    }
    default:
      return { command, owner: undefined }
  }
}
