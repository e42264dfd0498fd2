import { z } from 'zod'

/**
 * Identities that cross a process or are stored. Each is a branded string (or integer), parsed at the border and never cast.
 * An id here is the *clear* form; how it is written into stream names and subjects stands in `tokens.ts`.
 */

/** A tenant: lower-case letters, digits, `_` and `-`, so that it needs no escaping anywhere. */
export const TenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,47}$/, 'a tenant id is 1 to 48 of a-z, 0-9, _ and -, beginning with a letter or digit')
  .brand<'TenantId'>()
export type TenantId = z.infer<typeof TenantId>

/** The identity of a charging station, as it stands (percent-decoded) in the connection URL. OCPP-J 1.6 §3.1.1: up to 48 characters. */
export const ChargerId = z
  .string()
  .min(1)
  .max(48)
  // eslint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001f\u007f/]+$/u, 'a charger id has no control characters and no slash')
  .refine((id) => id.isWellFormed(), 'a charger id is well-formed Unicode')
  .brand<'ChargerId'>()
export type ChargerId = z.infer<typeof ChargerId>

/**
 * A transaction, unique per charger. For 1.6 a decimal integer from 1 to 2^31-1 written as text (we derive it from the start facts);
 * for 2.x the charger's own id (up to 36 characters).
 */
export const TransactionId = z.string().min(1).max(36).brand<'TransactionId'>()
export type TransactionId = z.infer<typeof TransactionId>

/** `<charger>.<transaction>`, both as subject tokens (see `tokens.ts`): the public name of a charging session. */
export const SessionId = z
  .string()
  .regex(/^[A-Za-z0-9_=-]+\.[A-Za-z0-9_=-]+$/, 'must be <charger>.<transaction>, as the list of sessions shows it')
  .brand<'SessionId'>()
export type SessionId = z.infer<typeof SessionId>

/** 1 is the first EVSE; 0 means the charging station as a whole. A 1.6 connector n is EVSE n with connector 1. */
export const EvseId = z.int().min(0).max(999)
export type EvseId = z.infer<typeof EvseId>
export const ConnectorId = z.int().min(0).max(999)
export type ConnectorId = z.infer<typeof ConnectorId>

/** An unsigned 64-bit number as decimal text: log positions and stream revisions, which may pass 2^53. */
export const DecimalString = z.string().regex(/^(0|[1-9][0-9]{0,19})$/, 'an unsigned decimal number as text')
export type DecimalString = z.infer<typeof DecimalString>

/** The connection epoch: the revision of the charger's `ChargerConnected` event, as decimal text. */
export const ConnectionEpoch = DecimalString.brand<'ConnectionEpoch'>()
export type ConnectionEpoch = z.infer<typeof ConnectionEpoch>

/**
 * Names one frame for ever: `<epoch>.<counter>`, or `<edge>.<n>` for the connection request that asks for an epoch.
 * The edge asks again with the same fact id; an aggregate answers it again from its state.
 */
export const FactId = z.string().min(3).max(120).brand<'FactId'>()
export type FactId = z.infer<typeof FactId>

/** HMAC(tenant key, normalised id token), 32 hex characters: the only form in which a token may appear in names, subjects and ids. */
export const TokenRef = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'a token reference is 32 hex characters')
  .brand<'TokenRef'>()
export type TokenRef = z.infer<typeof TokenRef>

export const TariffId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,36}$/, 'a tariff id is 1 to 36 of A-Z, a-z, 0-9, _ and -')
  .brand<'TariffId'>()
export type TariffId = z.infer<typeof TariffId>

export const CampaignId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,36}$/, 'a campaign id is 1 to 36 of A-Z, a-z, 0-9, _ and -')
  .brand<'CampaignId'>()
export type CampaignId = z.infer<typeof CampaignId>

/** A firmware image of our own file service, as the end of a location carries it. */
export const ImageName = z
  .string()
  .max(100)
  .regex(/^(?!\.+$)[A-Za-z0-9._-]+$/, 'must be of letters, digits, ".", "_" and "-"')
  .brand<'ImageName'>()
export type ImageName = z.infer<typeof ImageName>

export const CommandId = z.string().min(1).max(64).brand<'CommandId'>()
export type CommandId = z.infer<typeof CommandId>

/** A public key that a charger claims for a meter, by a digest of key, meter and EVSE. */
export const MeterKeyId = z
  .string()
  .regex(/^[0-9a-f]{16}$/, 'a meter key id is 16 hex characters')
  .brand<'MeterKeyId'>()
export type MeterKeyId = z.infer<typeof MeterKeyId>

/** 64 hex characters. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 is 64 hex characters')
export type Sha256 = z.infer<typeof Sha256>
