import { z } from 'zod'
import { ChargerId, DecimalString, TariffId, TokenRef } from './ids.ts'
import { ClearIdToken } from './personal.ts'
import { Instant } from './quantities.ts'
import { TariffTerms } from './tariff-shape.ts'
import { Actor } from './charger-commands.ts'
import { Registration } from './facts.ts'

/** What operators decide about tokens, tariffs, chargers and the tenant: api → central. */
export const Adoption = z.enum(['open', 'pending', 'closed'])
export type Adoption = z.infer<typeof Adoption>

/** `null` clears, absent leaves. */
export const TenantSettings = z.object({
  adoption: Adoption,
  unknownTokens: z.enum(['Invalid', 'Accepted']),
  heartbeatSeconds: z.int().min(10).max(86_400),
})
export type TenantSettings = z.infer<typeof TenantSettings>

export const TokenStatus = z.enum(['Accepted', 'Blocked', 'Expired', 'Invalid'])
export type TokenStatus = z.infer<typeof TokenStatus>

export const TariffScope = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tenant') }),
  z.object({ kind: z.literal('charger'), chargerId: ChargerId }),
])
export type TariffScope = z.infer<typeof TariffScope>

export const AdminCommand = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('PutIdToken'),
    token: ClearIdToken,
    status: TokenStatus,
    expiresAt: Instant.optional(),
    groupToken: z.string().min(1).max(36).optional(),
    label: z.string().max(100).optional(),
  }),
  z.object({ type: z.literal('DefineTariff'), tariffId: TariffId, terms: TariffTerms }),
  z.object({ type: z.literal('AssignTariff'), tariffId: TariffId, scope: TariffScope, validFrom: Instant }),
  z.object({
    type: z.literal('RegisterCharger'),
    chargerId: ChargerId,
    registration: Registration,
    /** keyed hashes of the password, made by the api; `null` removes it */
    passwordDigests: z.array(z.string()).min(1).max(4).nullable().optional(),
    securityProfile: z.int().min(0).max(3).optional(),
  }),
  z.object({ type: z.literal('ChangeTenantSettings'), settings: TenantSettings.partial() }),
])
export type AdminCommand = z.infer<typeof AdminCommand>
export type AdminCommandType = AdminCommand['type']
export const adminCommandTypes = [
  'PutIdToken',
  'DefineTariff',
  'AssignTariff',
  'RegisterCharger',
  'ChangeTenantSettings',
] as const satisfies readonly AdminCommandType[]

export const AdminCommandRequest = z.object({
  requestId: z.string().min(1).max(64),
  actor: Actor,
  requestedAt: Instant,
  traceparent: z.string().optional(),
  command: AdminCommand,
})
export type AdminCommandRequest = z.infer<typeof AdminCommandRequest>

/** `revision` and `position` are where the decision stands in the log (the newest event of the stream if nothing changed). */
export const AdminCommandReply = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('done'),
    changed: z.boolean(),
    stream: z.string(),
    revision: DecimalString,
    tokenRef: TokenRef.optional(),
  }),
  z.object({ outcome: z.literal('refused'), reason: z.string(), detail: z.string() }),
  z.object({ outcome: z.literal('unavailable'), reason: z.string() }),
])
export type AdminCommandReply = z.infer<typeof AdminCommandReply>
