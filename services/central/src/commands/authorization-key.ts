import type { ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { ChargerId, TenantId, TokenRef } from '@voltrail/contracts/ids'
import type { Sealed } from '@voltrail/contracts/personal'
import type { Vault } from '@voltrail/key-store/vault'

/**
 * A charger's new key on its way from the api, through the log, to the charger: the log has it sealed, and only here it is opened,
 * right before it is sent. Whoever asks for that has no more than the sealed text.
 */

/** Under which key in the vault a charger's new key is sealed. No id token is so long: nobody's token shares it. */
const ownerOf = (vault: Vault, tenant: TenantId, chargerId: ChargerId): TokenRef =>
  // hex, because ids that differ in case only are two chargers
  vault.tokenRef(tenant, `authorization key of the charger ${Buffer.from(chargerId).toString('hex')}`)

export const sealAuthorizationKey = async (
  vault: Vault,
  tenant: TenantId,
  chargerId: ChargerId,
  hex: string,
): Promise<Sealed> => {
  const [sealed] = await vault.seal(tenant, ownerOf(vault, tenant, chargerId), [hex])
  if (sealed === undefined) throw new Error('sealing gave nothing back')
  return sealed
}

/**
 * The request as it goes to the charger: with the sealed value in the place of the empty one; or the reason why not. Only this
 * charger's own key is opened, and only for the configuration key that is one: no other sealed text can be read this way.
 */
export const withAuthorizationKey = async (
  vault: Vault,
  tenant: TenantId,
  request: ChargerCommandRequest,
): Promise<ChargerCommandRequest | { readonly refused: string }> => {
  const { sealedValue, ...rest } = request
  if (sealedValue === undefined) return request
  const { command, chargerId } = rest
  if (command.type !== 'ChangeConfiguration' || command.key !== 'AuthorizationKey')
    return { refused: 'sealedValue: only the value of the configuration key AuthorizationKey may be sealed' }
  if (sealedValue.owner !== ownerOf(vault, tenant, chargerId))
    return { refused: 'sealedValue: it is not a key of this charger' }
  const opened = await vault.open(tenant, sealedValue)
  if (opened.kind !== 'clear') return { refused: 'sealedValue: the key was erased' }
  return { ...rest, command: { ...command, value: opened.text } }
}
