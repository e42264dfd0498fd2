import { z } from 'zod'
import { ChargerId, CommandId, ConnectionEpoch, ConnectorId, EvseId, TenantId, TransactionId } from './ids.ts'
import { AuthorizationStatus, ClearIdToken, Sealed, StoredIdToken } from './personal.ts'
import { Instant } from './quantities.ts'
import { CommandResult, Normalisation } from './facts.ts'
import { ChargingProfile, ChargingProfilePurpose, ChargingRateUnit } from './charging-profile.ts'
import { ListedToken, mostListEntries } from './local-list.ts'

/**
 * What we may ask of a charger, in version-neutral words. `evseId` alone names the EVSE; a 1.6 charger's connector n is EVSE n.
 * `StoredChargerCommand` is the same with personal data sealed and secrets digested: the form in the log.
 */
/** It is sent although it is aimed at a connector, or a transaction, that the charger is not known to have. */
const forced = { force: z.literal(true).optional() }
const remoteStart = {
  type: z.literal('RemoteStart'),
  evseId: EvseId.min(1).optional(),
  /** a TxProfile without transaction id, for the transaction that begins */
  chargingProfile: ChargingProfile.optional(),
  /** also where the EVSE is reserved for somebody else, the token may not charge, and with a profile of times for a clock that is not known to be right */
  ...forced,
}
const reserveNow = {
  type: z.literal('ReserveNow'),
  /** absent: central names it; a charger takes one that it holds again as a change of it */
  reservationId: z.int().min(0).max(2_147_483_647).optional(),
  /** 0: any connector */
  evseId: EvseId,
  expiresAt: Instant,
}
const sendLocalList = {
  type: z.literal('SendLocalList'),
  listVersion: z.int().min(1).max(2_147_483_647),
  updateType: z.enum(['Full', 'Differential']),
}
/** What an entry says of its token; absent in a differential update: the token is taken off the list. */
const listed = { status: AuthorizationStatus, expiresAt: Instant.optional() }
const rawCall = {
  type: z.literal('RawCall'),
  /** as it stands in the frame, in the charger's own version */
  action: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/, 'an action is a word of letters and digits'),
}
const setConfiguration = { type: z.literal('ChangeConfiguration'), key: z.string().min(1).max(50) }

/** Names a file transfer for as long as it is under way; its status messages carry it where the version has them do so. */
export const RequestId = z.int().min(1).max(2_147_483_647)
/** A URL for the charger, with its credential: a secret. Most stacks have room for 200 characters or fewer. */
const FileLocation = z
  .string()
  .max(512)
  .regex(/^(https?|ftps?|sftp):\/\/[^\s]+$/i, 'a URL of http, https, ftp, ftps or sftp')
const retrying = {
  retries: z.int().min(0).max(100).optional(),
  retryIntervalSeconds: z.int().min(0).max(86_400).optional(),
}
/** Which root certificates are meant (OCPP 1.6 security white paper §5.6). */
export const CertificateUse = z.enum(['CentralSystemRootCertificate', 'ManufacturerRootCertificate'])
export type CertificateUse = z.infer<typeof CertificateUse>
/** A certificate as OCPP names it: hashes in hex, of the issuer's DER name and key, and the serial number in hex. */
export const CertificateHash = z.object({
  hashAlgorithm: z.enum(['SHA256', 'SHA384', 'SHA512']),
  issuerNameHash: z.string().max(128),
  issuerKeyHash: z.string().max(128),
  serialNumber: z.string().max(40),
})
export type CertificateHash = z.infer<typeof CertificateHash>

const plainCommands = [
  z.object({ type: z.literal('RemoteStop'), transactionId: TransactionId, ...forced }),
  z.object({ type: z.literal('Reset'), kind: z.enum(['Soft', 'Hard']) }),
  z.object({
    type: z.literal('UnlockConnector'),
    evseId: EvseId.min(1),
    connectorId: ConnectorId.optional(),
    ...forced,
  }),
  z.object({ type: z.literal('GetConfiguration'), keys: z.array(z.string().min(1).max(50)).optional() }),
  z.object({
    type: z.literal('ChangeAvailability'),
    evseId: EvseId,
    availability: z.enum(['Operative', 'Inoperative']),
    ...forced,
  }),
  z.object({ type: z.literal('ClearCache') }),
  z.object({
    type: z.literal('TriggerMessage'),
    message: z.enum([
      'BootNotification',
      'Heartbeat',
      'MeterValues',
      'StatusNotification',
      'DiagnosticsStatusNotification',
      'FirmwareStatusNotification',
      'LogStatusNotification',
      'SignChargingStationCertificate',
    ]),
    evseId: EvseId.optional(),
    ...forced,
  }),
  z.object({
    type: z.literal('DataTransfer'),
    vendorId: z.string().min(1).max(255),
    messageId: z.string().max(50).optional(),
    data: z.string().optional(),
  }),
  z.object({ type: z.literal('CancelReservation'), reservationId: z.int() }),
  z.object({ type: z.literal('GetLocalListVersion') }),
  z.object({
    type: z.literal('SetChargingProfile'),
    evseId: EvseId,
    profile: ChargingProfile,
    /** also with times where the charger's clock is not known to be right */
    ...forced,
  }),
  z.object({
    type: z.literal('ClearChargingProfile'),
    profileId: z.int().optional(),
    evseId: EvseId.optional(),
    purpose: ChargingProfilePurpose.optional(),
    stackLevel: z.int().min(0).optional(),
  }),
  z.object({
    type: z.literal('GetCompositeSchedule'),
    evseId: EvseId,
    durationSeconds: z.int().min(1).max(31_536_000),
    unit: ChargingRateUnit.optional(),
    ...forced,
  }),
  z.object({
    type: z.literal('UpdateFirmware'),
    requestId: RequestId,
    location: FileLocation,
    retrieveAt: Instant,
    installAt: Instant.optional(),
    ...retrying,
    /** both: the signed update of the security extension */
    signature: z.string().max(800).optional(),
    signingCertificate: z.string().max(5_500).optional(),
  }),
  z.object({
    type: z.literal('GetLog'),
    requestId: RequestId,
    /** `SecurityLog` needs the security extension; `DiagnosticsLog` is what every charger can give */
    log: z.enum(['DiagnosticsLog', 'SecurityLog']),
    location: FileLocation,
    from: Instant.optional(),
    until: Instant.optional(),
    ...retrying,
  }),
  z.object({ type: z.literal('InstallCertificate'), use: CertificateUse, pem: z.string().max(5_500) }),
  z.object({ type: z.literal('DeleteCertificate'), certificate: CertificateHash }),
  z.object({ type: z.literal('GetInstalledCertificateIds'), use: CertificateUse }),
  /** the certificate that the charger asked for, with its chain, PEM */
  z.object({ type: z.literal('CertificateSigned'), chain: z.string().max(10_000) }),
] as const

export const ChargerCommand = z.discriminatedUnion('type', [
  z.object({
    ...remoteStart,
    idToken: ClearIdToken,
    /** stands for a token that is too long for some protocols; central knows it, whoever asks leaves it out */
    alias: z.string().optional(),
  }),
  z.object({ ...setConfiguration, value: z.string().max(500) }),
  z.object({
    ...reserveNow,
    idToken: ClearIdToken,
    /** absent: central adds the group that the token was issued with */
    groupIdToken: ClearIdToken.optional(),
    /** stand for texts that are too long for some protocols; central knows them, whoever asks leaves them out */
    alias: z.string().optional(),
    groupAlias: z.string().optional(),
  }),
  z.object({
    ...sendLocalList,
    entries: z
      .array(
        z.object({
          idToken: ClearIdToken,
          /** as that of a remote start */
          alias: z.string().optional(),
          authorization: z
            .object({ ...listed, groupToken: z.string().max(36).optional(), groupAlias: z.string().optional() })
            .optional(),
        }),
      )
      .max(10_000),
  }),
  z.object({ ...rawCall, payload: z.json() }),
  ...plainCommands,
])
export type ChargerCommand = z.infer<typeof ChargerCommand>
export type ChargerCommandType = ChargerCommand['type']

export const StoredChargerCommand = z.discriminatedUnion('type', [
  z.object({ ...remoteStart, idToken: StoredIdToken }),
  z.object({ ...setConfiguration, value: z.string(), redacted: z.boolean() }),
  z.object({ ...reserveNow, idToken: StoredIdToken, groupIdToken: StoredIdToken.optional() }),
  z.object({
    ...sendLocalList,
    entries: z.array(ListedToken),
  }),
  /** its payload may hold anything: it lies in the sealed frame, a digest of it here */
  z.object({ ...rawCall, payloadDigest: z.string() }),
  ...plainCommands,
])
export type StoredChargerCommand = z.infer<typeof StoredChargerCommand>

export const chargerCommandTypes = [
  'RemoteStart',
  'RemoteStop',
  'Reset',
  'UnlockConnector',
  'ChangeConfiguration',
  'GetConfiguration',
  'ChangeAvailability',
  'ClearCache',
  'TriggerMessage',
  'DataTransfer',
  'ReserveNow',
  'CancelReservation',
  'SendLocalList',
  'GetLocalListVersion',
  'SetChargingProfile',
  'ClearChargingProfile',
  'GetCompositeSchedule',
  'UpdateFirmware',
  'GetLog',
  'InstallCertificate',
  'DeleteCertificate',
  'GetInstalledCertificateIds',
  'CertificateSigned',
  'RawCall',
] as const satisfies readonly ChargerCommandType[]

export const Actor = z.object({ kind: z.enum(['charger', 'operator', 'service']), id: z.string() })
export type Actor = z.infer<typeof Actor>

/** api → central. `idempotencyKey` makes a repeated request the same command. */
export const ChargerCommandRequest = z.object({
  commandId: CommandId,
  chargerId: ChargerId,
  actor: Actor,
  requestedAt: Instant,
  timeoutMs: z.int().min(1000).max(120_000),
  traceparent: z.string().optional(),
  command: ChargerCommand,
  /** stands for the value of a ChangeConfiguration when that is a new key: only central reads it */
  sealedValue: Sealed.optional(),
  /** stand for the entries of a SendLocalList: only central can write their texts, as the charger would */
  listed: z.array(ListedToken).max(mostListEntries).optional(),
  /** it was given as a call of the charger's own version: what it does to limits nobody planned */
  asCall: z.literal(true).optional(),
})
export type ChargerCommandRequest = z.infer<typeof ChargerCommandRequest>

/** central → api, once the command is settled in the log (or refused). */
export const ChargerCommandReply = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('result'),
    commandId: CommandId,
    status: z.string(),
    payload: z.record(z.string(), z.json()),
  }),
  z.object({ outcome: z.literal('callError'), commandId: CommandId, code: z.string(), description: z.string() }),
  z.object({ outcome: z.literal('timeout'), commandId: CommandId }),
  z.object({ outcome: z.literal('offline'), commandId: CommandId }),
  z.object({ outcome: z.literal('unknown'), commandId: CommandId, detail: z.string() }),
  z.object({
    outcome: z.literal('refused'),
    reason: z.enum(['unknown-charger', 'invalid-request', 'charger-rejected', 'charger-pending']),
    detail: z.string(),
  }),
  z.object({ outcome: z.literal('unavailable'), reason: z.string() }),
])
export type ChargerCommandReply = z.infer<typeof ChargerCommandReply>

/** central → edge, on the subject that names the epoch. */
export const EpochCommandRequest = z.object({
  commandId: CommandId,
  tenant: TenantId,
  chargerId: ChargerId,
  epoch: ConnectionEpoch,
  timeoutMs: z.int(),
  traceparent: z.string().optional(),
  command: ChargerCommand,
})
export type EpochCommandRequest = z.infer<typeof EpochCommandRequest>

/** edge → central. `frames` are what went over the wire, verbatim, secrets redacted. */
export const EpochCommandReply = z.object({
  result: CommandResult,
  frames: z.object({ sent: z.string().optional(), received: z.string().optional() }),
  /** what the dialect of the charger's make changed in the command, with the value as it was asked */
  normalisations: z.array(Normalisation).optional(),
})
export type EpochCommandReply = z.infer<typeof EpochCommandReply>
