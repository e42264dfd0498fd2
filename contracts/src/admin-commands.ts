import { z } from 'zod'
import { CampaignId, ChargerId, DecimalString, ImageName, MeterKeyId, TariffId, TokenRef } from './ids.ts'
import { ClearIdToken } from './personal.ts'
import { OperatorDecision } from './events/charger.ts'
import { Instant } from './quantities.ts'
import { checkNewTerms, TariffTerms } from './tariff-shape.ts'
import { Actor, RequestId } from './charger-commands.ts'
import { Registration } from './facts.ts'
import { ChargerSettings } from './charger-settings.ts'
import { campaignTerms } from './events/campaign.ts'
import { FirmwareImage } from './events/firmware-image.ts'
import { AcceptedIdentity, MeterKeyDecision, StoredFile, TransferKind } from './events/device.ts'
import { WhenTooLong } from './local-list.ts'

/** What operators decide about tokens, tariffs, chargers and the tenant: api → central. */
export const Adoption = z.enum(['open', 'pending', 'closed'])
export type Adoption = z.infer<typeof Adoption>

const settings = {
  adoption: Adoption,
  unknownTokens: z.enum(['Invalid', 'Accepted']),
  heartbeatSeconds: z.int().min(10).max(86_400),
  /** whether a token may charge twice at once; judged in the answer to a start only */
  concurrentUse: z.enum(['allowed', 'refused']),
  /** a session ends by inference when its connector is Available so long without a stop */
  inferAvailableMinutes: z.int().min(1).max(10_080),
  /** or when its charger is silent so long */
  inferSilentHours: z.int().min(1).max(8_760),
  /** a session is settled when nothing came for so long after its bill */
  settleAfterHours: z.int().min(1).max(8_760),
  /** chargers are answered as the official schemas want it, nothing is repaired; not for a tenant that bills */
  strict: z.boolean(),
  /** spoken with chargers that name no subprotocol; `none`: they are refused; `edge`: what their edge is configured with */
  defaultSubprotocol: z.enum(['edge', 'none', 'ocpp1.6']),
}

/** What holds of the later settings until a tenant decides otherwise. */
export const inferenceDefaults = {
  concurrentUse: 'allowed',
  inferAvailableMinutes: 15,
  inferSilentHours: 72,
  settleAfterHours: 168,
  strict: false,
  defaultSubprotocol: 'edge',
} as const

export const TenantSettings = z.object({
  ...settings,
  // not in the oldest events
  concurrentUse: settings.concurrentUse.default(inferenceDefaults.concurrentUse),
  inferAvailableMinutes: settings.inferAvailableMinutes.default(inferenceDefaults.inferAvailableMinutes),
  inferSilentHours: settings.inferSilentHours.default(inferenceDefaults.inferSilentHours),
  settleAfterHours: settings.settleAfterHours.default(inferenceDefaults.settleAfterHours),
  strict: settings.strict.default(inferenceDefaults.strict),
  defaultSubprotocol: settings.defaultSubprotocol.default(inferenceDefaults.defaultSubprotocol),
})
export type TenantSettings = z.infer<typeof TenantSettings>

/** A change of some settings: what is absent stays as it is, so nothing here has a default. */
export const TenantSettingsChange = z.object(settings).partial()

export const TokenStatus = z.enum(['Accepted', 'Blocked', 'Expired', 'Invalid'])
export type TokenStatus = z.infer<typeof TokenStatus>

export const TariffScope = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tenant') }),
  z.object({ kind: z.literal('charger'), chargerId: ChargerId }),
])
export type TariffScope = z.infer<typeof TariffScope>

/** Why a certificate is revoked (RFC 5280 §5.3.1), as far as it concerns a charger's. */
export const RevocationReason = z.enum([
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
])
export type RevocationReason = z.infer<typeof RevocationReason>

/** Whom a local list shall hold, by the texts of tokens and groups. */
const AskedListPolicy = z.object({
  mode: z.enum(['none', 'all', 'selected']),
  groups: z.array(z.string().min(1).max(36)).max(50),
  tokens: z.array(z.string().min(1).max(36)).max(500),
  whenTooLong: WhenTooLong,
})
export type AskedListPolicy = z.infer<typeof AskedListPolicy>

export const AdminCommand = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('PutIdToken'),
    token: ClearIdToken,
    status: TokenStatus,
    expiresAt: Instant.optional(),
    groupToken: z.string().min(1).max(36).optional(),
    label: z.string().max(100).optional(),
  }),
  z.object({ type: z.literal('DefineTariff'), tariffId: TariffId, terms: TariffTerms.superRefine(checkNewTerms) }),
  z.object({ type: z.literal('AssignTariff'), tariffId: TariffId, scope: TariffScope, validFrom: Instant }),
  z.object({
    type: z.literal('RegisterCharger'),
    chargerId: ChargerId,
    /** absent: an unknown charger is accepted, a known one stays as it is */
    registration: Registration.optional(),
    /** keyed hashes of the password, made by the api; `null` removes it */
    passwordDigests: z.array(z.string()).min(1).max(4).nullable().optional(),
    /** the password has fewer bytes than a key may have */
    passwordShort: z.literal(true).optional(),
    securityProfile: z.int().min(0).max(3).optional(),
  }),
  z.object({
    type: z.literal('BeginSecurityUpgrade'),
    chargerId: ChargerId,
    toProfile: z.int().min(1).max(3),
    /** the new key as it goes to the charger, and its keyed hashes, made by the api; absent: the key stays */
    newKey: z
      .object({ hex: z.string().regex(/^[0-9a-f]{40}$/), digests: z.array(z.string()).min(1).max(4) })
      .optional(),
    windowSeconds: z.int().min(60).max(86_400),
  }),
  z.object({
    type: z.literal('SetClientIdentities'),
    chargerId: ChargerId,
    identities: z.array(AcceptedIdentity).max(8),
  }),
  z.object({
    type: z.literal('RevokeCertificate'),
    chargerId: ChargerId,
    /** in hex */
    serial: z.string().regex(/^[0-9a-f]{1,64}$/),
    reason: RevocationReason,
  }),
  /** `keyId`: of a public key that the charger claims for a meter */
  z.object({
    type: z.literal('DecideMeterKey'),
    chargerId: ChargerId,
    keyId: MeterKeyId,
    decision: MeterKeyDecision,
    note: z.string().max(500).optional(),
  }),
  z.object({ type: z.literal('ChangeChargerSettings'), chargerId: ChargerId, settings: ChargerSettings }),
  z.object({
    type: z.literal('SettleReview'),
    chargerId: ChargerId,
    /** `<stream>@<revision>` of what waits for review */
    subject: z.string().max(1_000),
    decision: OperatorDecision,
    note: z.string().max(500).optional(),
  }),
  /** firmware or a log is about to be asked for; the command itself follows */
  z.object({
    type: z.literal('BeginTransfer'),
    chargerId: ChargerId,
    requestId: RequestId,
    kind: TransferKind,
    expiresAt: Instant,
    targetVersion: z.string().max(50).optional(),
    versionBefore: z.string().max(50).optional(),
    image: ImageName.optional(),
    /** without what gives access */
    location: z.string().max(200).optional(),
  }),
  /** nothing is awaited of the charger any more; it is not told */
  z.object({ type: z.literal('CancelTransfer'), chargerId: ChargerId, requestId: RequestId }),
  /** an image was stored, and its signature holds where it has one */
  z.object({ type: z.literal('AddFirmwareImage'), image: ImageName, ...FirmwareImage.shape }),
  /** `object`: which upload of that name is meant */
  z.object({ type: z.literal('RemoveFirmwareImage'), image: ImageName, object: z.string().max(500) }),
  /** `chargers`: what the filter meant when it was made */
  z.object({ type: z.literal('CreateCampaign'), campaignId: CampaignId, ...campaignTerms }),
  z.object({
    type: z.literal('ChangeCampaign'),
    campaignId: CampaignId,
    action: z.enum(['pause', 'resume', 'cancel']),
  }),
  /** our own file service took a file from the charger: it is acknowledged once this is decided */
  z.object({
    type: z.literal('RecordFile'),
    chargerId: ChargerId,
    requestId: RequestId,
    file: StoredFile,
    protocol: z.string().max(10),
  }),
  z.object({
    type: z.literal('DesireConfiguration'),
    chargerId: ChargerId,
    keys: z.array(z.object({ key: z.string().min(1).max(50), value: z.string().max(500) })).max(200),
    released: z.array(z.string().min(1).max(50)).max(200).optional(),
    mayReset: z.boolean().optional(),
  }),
  z.object({
    type: z.literal('DesireModelConfiguration'),
    vendor: z.string().min(1).max(100),
    model: z.string().min(1).max(100),
    keys: z.array(z.object({ key: z.string().min(1).max(50), value: z.string().max(500) })).max(200),
    released: z.array(z.string().min(1).max(50)).max(200).optional(),
    mayReset: z.boolean().optional(),
  }),
  /** null: as the tenant has it for all its chargers */
  z.object({ type: z.literal('DesireLocalList'), chargerId: ChargerId, policy: AskedListPolicy.nullable() }),
  /** null: lists of chargers without a word of their own are left alone */
  z.object({ type: z.literal('DesireDefaultLocalList'), policy: AskedListPolicy.nullable() }),
  z.object({ type: z.literal('SyncLocalList'), chargerId: ChargerId }),
  z.object({ type: z.literal('ChangeTenantSettings'), settings: TenantSettingsChange }),
])
export type AdminCommand = z.infer<typeof AdminCommand>
export type AdminCommandType = AdminCommand['type']
export const adminCommandTypes = [
  'PutIdToken',
  'DefineTariff',
  'AssignTariff',
  'RegisterCharger',
  'ChangeTenantSettings',
  'ChangeChargerSettings',
  'SettleReview',
  'RecordFile',
  'BeginTransfer',
  'CancelTransfer',
  'AddFirmwareImage',
  'RemoveFirmwareImage',
  'CreateCampaign',
  'ChangeCampaign',
  'BeginSecurityUpgrade',
  'SetClientIdentities',
  'RevokeCertificate',
  'DecideMeterKey',
  'DesireConfiguration',
  'DesireModelConfiguration',
  'DesireLocalList',
  'DesireDefaultLocalList',
  'SyncLocalList',
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
