import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { EventHandlers } from '../event-context.ts'
import { json } from '../event-context.ts'

type Terms = EventNamed<'IdTokenChanged'>['data']
const termsOf = (terms: Terms) => ({
  status: terms.status,
  expires_at: terms.expiresAt ?? null,
  group_ref: terms.group?.ref ?? null,
  group_sealed: terms.group === undefined ? null : json(terms.group.sealed),
  label_sealed: terms.label === undefined ? null : json(terms.label.sealed),
  alias_sealed: terms.alias === undefined ? null : json(terms.alias.sealed),
})

/** Texts of tokens stay sealed: the api opens them for those who may see them. An alias is shown with its token, not beside it. */
export const idTokenHandlers: EventHandlers<'token', 'IdTokenIssued' | 'IdTokenChanged'> = {
  async IdTokenIssued(tx, data, context) {
    await tx
      .insertInto('id_tokens')
      .values({
        tenant: context.tenant,
        token_ref: context.address.tokenRef,
        type: data.idToken.type,
        sealed: json(data.idToken.sealed),
        ...termsOf(data),
        issued_at: context.receivedAt,
        changed_at: context.receivedAt,
        revision: String(context.revision),
      })
      .execute()
  },

  async IdTokenChanged(tx, data, context) {
    const { numUpdatedRows } = await tx
      .updateTable('id_tokens')
      .set({ ...termsOf(data), changed_at: context.receivedAt, revision: String(context.revision) })
      .where('tenant', '=', context.tenant)
      .where('token_ref', '=', context.address.tokenRef)
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) throw new Error(`id token ${context.address.tokenRef} was never issued`)
  },
}

export const tariffHandlers: EventHandlers<'tariff', 'TariffDefined' | 'TariffAssigned'> = {
  async TariffDefined(tx, data, context) {
    const columns = {
      revision: String(context.revision),
      name: data.terms.name,
      currency: data.terms.currency,
      terms: json(data.terms),
      defined_at: context.receivedAt,
    }
    await tx
      .insertInto('tariffs')
      .values({ tenant: context.tenant, tariff_id: context.address.tariffId, ...columns })
      .onConflict((oc) => oc.columns(['tenant', 'tariff_id']).doUpdateSet(columns))
      .execute()
  },

  async TariffAssigned(tx, data, context) {
    await tx
      .insertInto('tariff_assignments')
      .values({
        tenant: context.tenant,
        tariff_id: context.address.tariffId,
        revision: String(context.revision),
        scope: data.scope.kind,
        charger_id: data.scope.kind === 'charger' ? data.scope.chargerId : null,
        valid_from: data.validFrom,
        assigned_at: context.receivedAt,
      })
      .execute()
  },
}

export const tenantHandlers: EventHandlers<'tenant', 'TenantSettingsChanged'> = {
  async TenantSettingsChanged(tx, data, context) {
    const columns = {
      adoption: data.settings.adoption,
      unknown_tokens: data.settings.unknownTokens,
      heartbeat_seconds: data.settings.heartbeatSeconds,
      changed_at: context.receivedAt,
    }
    await tx
      .insertInto('tenants')
      .values({ tenant: context.tenant, ...columns })
      .onConflict((oc) => oc.column('tenant').doUpdateSet(columns))
      .execute()
  },
}
