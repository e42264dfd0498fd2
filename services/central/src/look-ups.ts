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

/** A token: of an alias it is the one that the alias stands for, with both look-ups. */
export interface LookedUpToken {
  readonly ref: TokenRef
  readonly value: IdTokenState
  readonly lookups: readonly Lookup[]
}

/** What decisions read from other streams. A value is never older than the staleness that the cache allows (2 s). */
export interface LookUps {
  token(tenantId: TenantId, ref: TokenRef): Promise<LookedUpToken>
  settings(tenantId: TenantId): Promise<LookedUp<TenantSettings>>
}

/** How a stream's folded state is read, fresh enough to decide on: from the cache that the log feeds, or from the stream itself. */
type Read = Pick<LogCache, 'get'>

export const lookUps = (cache: Read, defaults: TenantSettings): LookUps => ({
  async token(tenantId, ref) {
    const read = async (of: TokenRef) => {
      const stream = tokenStream(tenantId, of)
      const { state, revision } = await cache.get(idToken, stream)
      const { status, expiresAt, group } = state.terms ?? {}
      const terms = { status: status ?? null, expiresAt: expiresAt ?? null, group: group?.ref ?? null }
      const value = state.aliasOf === undefined ? terms : { aliasOf: state.aliasOf }
      return { ref: of, value: state, lookup: { stream, revision: seen(revision), value } }
    }
    const { lookup, ...shown } = await read(ref)
    // no alias stands for another one: only a token that was issued has one
    if (shown.value.aliasOf === undefined) return { ...shown, lookups: [lookup] }
    const meant = await read(shown.value.aliasOf)
    return { ref: meant.ref, value: meant.value, lookups: [lookup, meant.lookup] }
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
