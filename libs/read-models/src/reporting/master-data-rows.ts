import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { EventHandlers } from '../event-context.ts'

type Terms = EventNamed<'IdTokenChanged'>['data']
const termsOf = (terms: Terms) => ({
  status: terms.status,
  expires_at: terms.expiresAt ?? null,
  group_ref: terms.group?.ref ?? null,
  group_sealed: terms.group === undefined ? null : terms.group.sealed,
  label_sealed: terms.label === undefined ? null : terms.label.sealed,
  alias_sealed: terms.alias === undefined ? null : terms.alias.sealed,
})

/** Texts of tokens stay sealed: the api opens them for those who may see them. An alias is shown with its token, not beside it. */
export const idTokenHandlers: EventHandlers<'token', 'IdTokenIssued' | 'IdTokenChanged'> = {
  IdTokenIssued: (rows, data, context) =>
    rows.add(
      'id_tokens',
      { tenant: context.tenant, token_ref: context.address.tokenRef },
      {
        type: data.idToken.type,
        sealed: data.idToken.sealed,
        ...termsOf(data),
        issued_at: context.receivedAt,
        changed_at: context.receivedAt,
        revision: String(context.revision),
      },
    ),

  IdTokenChanged: (rows, data, context) =>
    rows.change(
      'id_tokens',
      { tenant: context.tenant, token_ref: context.address.tokenRef },
      { ...termsOf(data), changed_at: context.receivedAt, revision: String(context.revision) },
      `id token ${context.address.tokenRef} was never issued`,
    ),
}

export const tariffHandlers: EventHandlers<'tariff', 'TariffDefined' | 'TariffAssigned'> = {
  TariffDefined: (rows, data, context) =>
    rows.put(
      'tariffs',
      { tenant: context.tenant, tariff_id: context.address.tariffId },
      {
        revision: String(context.revision),
        name: data.terms.name,
        currency: data.terms.currency,
        terms: data.terms,
        defined_at: context.receivedAt,
      },
    ),

  TariffAssigned: (rows, data, context) =>
    rows.add(
      'tariff_assignments',
      { tenant: context.tenant, tariff_id: context.address.tariffId, revision: String(context.revision) },
      {
        scope: data.scope.kind,
        charger_id: data.scope.kind === 'charger' ? data.scope.chargerId : null,
        valid_from: data.validFrom,
        assigned_at: context.receivedAt,
      },
    ),
}

export const tenantHandlers: EventHandlers<'tenant', 'TenantSettingsChanged'> = {
  TenantSettingsChanged: (rows, data, context) =>
    rows.put(
      'tenants',
      { tenant: context.tenant },
      {
        adoption: data.settings.adoption,
        unknown_tokens: data.settings.unknownTokens,
        heartbeat_seconds: data.settings.heartbeatSeconds,
        changed_at: context.receivedAt,
      },
    ),
}
