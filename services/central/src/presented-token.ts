import type { Evidence, Lookup } from '@voltrail/contracts/envelope'
import type { TokenSpelling } from '@voltrail/contracts/events/charger'
import type { TenantId } from '@voltrail/contracts/ids'
import { type ClearIdToken, normalForm, type StoredIdToken } from '@voltrail/contracts/personal'
import type { IdTokenState } from '@voltrail/domain/id-token'
import type { CentralDeps } from './central-deps.ts'
import { sealToken } from './evidence.ts'

/** An id token that somebody showed: whose it is, as it may be stored, and what it may do. */
export interface PresentedToken {
  /** of the token that is meant: one shown by its alias is stored as the one that it stands for */
  readonly idToken: StoredIdToken
  /** the frame that carried it, readable only with the token's key */
  readonly frame: Evidence | undefined
  readonly state: IdTokenState
  readonly lookups: readonly Lookup[]
  /** how it was written; a start in free mode has no token to write */
  readonly spelling?: TokenSpelling
}

export const presentedToken = async (
  deps: CentralDeps,
  tenant: TenantId,
  token: ClearIdToken,
  frame?: string,
): Promise<PresentedToken> => {
  const shown = deps.vault.tokenRef(tenant, token.value)
  const meant = await deps.lookUps.token(tenant, shown)
  const { idToken, frame: evidence } = await sealToken(deps, tenant, token, frame, meant.ref)
  const issued = meant.value.idToken
  const { sealed } = idToken
  return {
    idToken: {
      ref: meant.ref,
      // OCPP 1.6 does not say what kind of token it has; whoever issued it did
      type: issued !== undefined && token.type === 'Unknown' ? issued.type : token.type,
      sealed: issued !== undefined && meant.ref !== shown ? issued.sealed : sealed,
    },
    frame: evidence,
    state: meant.value,
    lookups: meant.lookups,
    ...(token.value.trim() === '' ? {} : { spelling: token.value === normalForm(token.value) ? {} : { own: sealed } }),
  }
}
