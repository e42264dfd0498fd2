import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import { normalForm } from '@voltrail/contracts/personal'
import { tokenStream } from '@voltrail/contracts/streams'
import { aliasFrom, giveAlias, idToken, needsAlias } from '@voltrail/domain/id-token'
import type { CentralDeps } from '../central-deps.ts'

/** More aliases than this that are somebody's already nobody meets by chance. */
const mostProbes = 64

/** The alias that a token gets if that one is nobody's: only who has the tenant's key can make it of the token. */
export const aliasCandidate = (
  vault: Pick<CentralDeps['vault'], 'rawRef'>,
  tenant: TenantId,
  token: string,
  probe: number,
): string => aliasFrom(vault.rawRef(tenant, `alias ${probe} ${normalForm(token)}`))

/**
 * The alias of a long token, on its own stream before anybody is told of it; a short token needs none. Asked again, also by another
 * pod, it is the same: the first candidate that is nobody's, or this token's already.
 */
export const aliasOf = async (
  deps: CentralDeps,
  tenant: TenantId,
  token: string,
  metadata: MetadataInput,
): Promise<{ readonly ref: TokenRef; readonly text: string } | undefined> => {
  if (!needsAlias(token)) return undefined
  const owner = deps.vault.tokenRef(tenant, token)
  for (let probe = 0; probe < mostProbes; probe++) {
    const text = aliasCandidate(deps.vault, tenant, token, probe)
    const ref = deps.vault.tokenRef(tenant, text)
    const given = await deps.decide(
      idToken,
      tokenStream(tenant, ref),
      (state) => giveAlias({ aliasOf: owner }, state),
      metadata,
    )
    if (given.outcome === 'accepted') return { ref, text }
  }
  throw new Error(`no alias is free for the token ${owner} after ${mostProbes} probes`)
}
