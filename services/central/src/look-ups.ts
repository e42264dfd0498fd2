import type { Lookup } from '@voltrail/contracts/envelope'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import { categoryPrefix, tenantStream, tokenStream } from '@voltrail/contracts/streams'
import { idToken, type IdTokenState } from '@voltrail/domain/id-token'
import { tenant } from '@voltrail/domain/tenant'
import type { LogCache } from '@voltrail/event-store/log-cache'

/** A value that a decision read elsewhere, with where it stood: both go into the decision's inputs. */
export interface LookedUp<V> {
  readonly value: V
  readonly lookup: Lookup
}

/** What decisions read from other streams. A value is never older than the staleness that the cache allows (2 s). */
export interface LookUps {
  token(tenantId: TenantId, ref: TokenRef): Promise<LookedUp<IdTokenState>>
  settings(tenantId: TenantId): Promise<LookedUp<TenantSettings>>
}

/** How a stream's folded state is read, fresh enough to decide on: from the cache that the log feeds, or from the stream itself. */
type Read = Pick<LogCache, 'get'>

export const lookUps = (cache: Read, defaults: TenantSettings): LookUps => ({
  async token(tenantId, ref) {
    const stream = tokenStream(tenantId, ref)
    const { state, revision } = await cache.get(idToken, stream)
    const { status, expiresAt, group } = state.terms ?? {}
    const value = { status: status ?? null, expiresAt: expiresAt ?? null, group: group?.ref ?? null }
    return { value: state, lookup: { stream, revision: seen(revision), value } }
  },
  async settings(tenantId) {
    const stream = tenantStream(tenantId)
    const { state, revision } = await cache.get(tenant, stream)
    const value = state.settings ?? defaults
    return { value, lookup: { stream, revision: seen(revision), value } }
  },
})

const seen = (revision: number): number | null => (revision < 0 ? null : revision)

/** What the cache folds. */
export const lookUpFolds = [
  { streamPrefix: categoryPrefix('token'), aggregate: idToken },
  { streamPrefix: categoryPrefix('tenant'), aggregate: tenant },
] as const
