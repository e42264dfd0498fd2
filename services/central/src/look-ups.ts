import type { Lookup } from '@voltrail/contracts/envelope'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import { tenantStream, tokenStream, type StreamName } from '@voltrail/contracts/streams'
import { idToken, type IdTokenState } from '@voltrail/domain/id-token'
import { tenant, type TenantState } from '@voltrail/domain/tenant'

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

/** Folded state of a stream, fresh enough to decide on (the cache is, or reads the stream itself). */
export interface StateReader<S> {
  get(stream: StreamName): Promise<{ readonly state: S; readonly revision: number }>
}

export const lookUps = (
  tokens: StateReader<IdTokenState>,
  tenants: StateReader<TenantState>,
  defaults: TenantSettings,
): LookUps => ({
  async token(tenantId, ref) {
    const stream = tokenStream(tenantId, ref)
    const { state, revision } = await tokens.get(stream)
    const { status, expiresAt, group } = state.terms ?? {}
    return {
      value: state,
      lookup: {
        stream,
        revision: revision < 0 ? null : revision,
        value: { status: status ?? null, expiresAt: expiresAt ?? null, group: group?.ref ?? null },
      },
    }
  },
  async settings(tenantId) {
    const stream = tenantStream(tenantId)
    const { state, revision } = await tenants.get(stream)
    const value = state.settings ?? defaults
    return { value, lookup: { stream, revision: revision < 0 ? null : revision, value } }
  },
})

export const lookUpAggregates = { token: idToken, tenant } as const
