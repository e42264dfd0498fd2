import type { ChargerCommand, StoredChargerCommand } from '@voltrail/contracts/charger-commands'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import type { ListedToken } from '@voltrail/contracts/local-list'
import { isSecretKey } from '@voltrail/domain/secret-keys'
import { hasUrlSecret, replaceUrlSecrets } from '@voltrail/domain/url-secrets'
import type { CentralDeps } from '../central-deps.ts'
import type { Lookup } from '@voltrail/contracts/envelope'
import { asListed } from './local-list.ts'
import { presentedToken } from '../presented-token.ts'

/** What may hold personal data of anybody is sealed under the key that stands for nobody whom we know. */
const nobody = (deps: CentralDeps, tenant: TenantId): TokenRef => deps.vault.tokenRef(tenant, '')

/** The credential of a file transfer is of no use to the log, wherever in its location it stands. */
const withoutCredential = (location: string): string => replaceUrlSecrets(location, () => '')

/**
 * A command as the log may hold it: id tokens sealed, secrets digested. `owner` is the token whose key seals its frames; absent:
 * they lie in clear. `listed`: the entries of a local list, where they were given by reference.
 */
export const storedCommand = async (
  deps: CentralDeps,
  tenant: TenantId,
  command: ChargerCommand,
  listed?: readonly ListedToken[],
): Promise<{ command: StoredChargerCommand; owner: TokenRef | undefined; lookups?: readonly Lookup[] }> => {
  switch (command.type) {
    case 'RemoteStart': {
      const { alias: _, ...rest } = command
      const { idToken, lookups } = await presentedToken(deps, tenant, command.idToken)
      return { command: { ...rest, idToken }, owner: idToken.ref, lookups }
    }
    case 'ChangeConfiguration': {
      const redacted = isSecretKey(command.key) || hasUrlSecret(command.value)
      const value = redacted ? deps.vault.secretDigest(tenant, command.value) : command.value
      return { command: { ...command, value, redacted }, owner: undefined }
    }
    case 'DataTransfer': {
      // vendor data may hold anything; what was sent can be read in its sealed frame
      const { data } = command
      const stored = { ...command, ...(data === undefined ? {} : { data: deps.vault.secretDigest(tenant, data) }) }
      return { command: stored, owner: nobody(deps, tenant) }
    }
    case 'ReserveNow': {
      const { idToken, lookups } = await presentedToken(deps, tenant, command.idToken)
      const { groupIdToken, ...rest } = command
      const group = groupIdToken && (await presentedToken(deps, tenant, groupIdToken)).idToken
      return {
        command: { ...rest, idToken, ...(group === undefined ? {} : { groupIdToken: group }) },
        owner: idToken.ref,
        lookups,
      }
    }
    case 'SendLocalList': {
      const entries = listed === undefined ? await asListed(deps, tenant, command.entries) : [...listed]
      return { command: { ...command, entries }, owner: nobody(deps, tenant) }
    }
    case 'RawCall': {
      const { payload, ...rest } = command
      const payloadDigest = deps.vault.secretDigest(tenant, JSON.stringify(payload))
      return { command: { ...rest, payloadDigest }, owner: nobody(deps, tenant) }
    }
    case 'UpdateFirmware':
    case 'GetLog':
      return { command: { ...command, location: withoutCredential(command.location) }, owner: nobody(deps, tenant) }
    default:
      return { command, owner: undefined }
  }
}
