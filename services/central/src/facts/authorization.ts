import type { Authorization } from '@voltrail/contracts/facts'
import type { TenantId } from '@voltrail/contracts/ids'
import type { AuthorizationStatus, Sealed } from '@voltrail/contracts/personal'
import type { Instant } from '@voltrail/contracts/quantities'
import type { IdTokenState } from '@voltrail/domain/id-token'
import { SealBroken } from '@voltrail/key-store/vault-errors'
import type { CentralDeps } from '../central-deps.ts'

/** A verdict in the words for the charger, with the group's clear token, which only the vault knows. */
export const authorizationOf = async (
  deps: CentralDeps,
  tenant: TenantId,
  verdict: { readonly status: AuthorizationStatus; readonly expiresAt?: Instant | undefined },
  token: IdTokenState,
): Promise<Authorization> => {
  const open = async (sealed: Sealed | undefined): Promise<string | undefined> => {
    if (sealed === undefined) return undefined
    const opened = await deps.vault.open(tenant, sealed).catch((error: unknown) => {
      if (!(error instanceof SealBroken)) throw error
      // what was decided stands in the log: it is answered without the group that nobody can read any more
      deps.log.error({ err: error, tenant }, 'the group of a token cannot be opened')
      return undefined
    })
    return opened?.kind === 'clear' ? opened.text : undefined
  }
  const groupToken = await open(token.terms?.group?.sealed)
  const groupAlias = await open(token.terms?.group?.alias?.sealed)
  return {
    status: verdict.status,
    ...(verdict.expiresAt === undefined ? {} : { expiresAt: verdict.expiresAt }),
    ...(groupToken === undefined ? {} : { groupToken }),
    ...(groupAlias === undefined ? {} : { groupAlias }),
  }
}
