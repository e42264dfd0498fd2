import { z } from 'zod'
import { ChargingProfile, ChargingProfilePurpose, CompositeSchedule } from '../charging-profile.ts'
import { Actor, CertificateHash, CertificateUse, RequestId } from '../charger-commands.ts'
import { ChargerTime } from '../facts.ts'
import { CommandId, DecimalString, EvseId, Sha256, TokenRef } from '../ids.ts'
import { ListedEntry, LocalListPolicy } from '../local-list.ts'
import { Sealed } from '../personal.ts'
import { Instant } from '../quantities.ts'
import { AnsweredFact } from './charger.ts'
import { reservationEvents, reservationSummary } from './reservations.ts'

/**
 * Events of the stream `device-<tenant>.<id>`: one charging station as a device that is cared for. What its operator wants of
 * it and what is known of it: configuration, local list, reservations, charging profiles, firmware and logs, certificates.
 */

// --- configuration ----------------------------------------------------------------------------------------------------

/** `value` of a secret key is a keyed digest, and `redacted` says so: the secret itself is with whoever set it. */
export const DesiredKey = z.object({
  key: z.string().min(1).max(50),
  value: z.string().max(500),
  redacted: z.boolean(),
})
export type DesiredKey = z.infer<typeof DesiredKey>

/** A key as the charger shows it; a secret by its digest. */
export const SeenKey = z.object({ key: z.string(), value: z.string().optional(), readonly: z.boolean() })
export type SeenKey = z.infer<typeof SeenKey>

/**
 * What came of setting a key. `Drifted`: it was so, and the charger shows another value again. `Rebooted`: the charger booted soon
 * after; `Quarantined`: it did so twice. `Suspended`: somebody set it by hand. The last two wait until it is desired anew.
 */
export const KeyOutcome = z.enum([
  'Accepted',
  'RebootRequired',
  'Rejected',
  'NotSupported',
  'Failed',
  'Drifted',
  'Rebooted',
  'Quarantined',
  'Suspended',
])
export type KeyOutcome = z.infer<typeof KeyOutcome>

const KeyState = z.object({
  key: z.string(),
  outcome: KeyOutcome,
  attempts: z.int(),
  at: Instant,
  /** absent: not tried again by itself */
  nextAt: Instant.optional(),
  /** boots of the charger that came soon after, and the newest of them */
  boots: z.int().optional(),
  bootAt: Instant.optional(),
  /** of `Suspended`: who set it by hand */
  by: Actor.optional(),
})

// --- files ------------------------------------------------------------------------------------------------------------

export const TransferKind = z.enum(['Firmware', 'DiagnosticsLog', 'SecurityLog'])
export type TransferKind = z.infer<typeof TransferKind>
/** `Cancelled`: an operator gave it up, the charger is not told. `Unsent`: the request never reached the charger; older events call that `Failed`. */
export const TransferOutcome = z.enum(['Done', 'Failed', 'Refused', 'Expired', 'Superseded', 'Cancelled', 'Unsent'])
export type TransferOutcome = z.infer<typeof TransferOutcome>

/** A stored file: where the object store has it, and how to check it. */
export const StoredFile = z.object({
  name: z.string().max(255),
  bytes: z.int().min(0),
  sha256: Sha256,
  object: z.string().max(500),
})
export type StoredFile = z.infer<typeof StoredFile>

const Transfer = z.object({
  requestId: RequestId,
  kind: TransferKind,
  begunAt: Instant,
  expiresAt: Instant,
  /** the charger's newest word, and when it came */
  status: z.string().optional(),
  statusAt: Instant.optional(),
  campaignId: z.string().max(64).optional(),
  /** of a firmware update: what the next boot must report, where it is known */
  targetVersion: z.string().max(50).optional(),
  /** what it reported at its newest boot before: where no target is known, any other version is success */
  versionBefore: z.string().max(50).optional(),
  /** of firmware from our own file service: its name there */
  image: z.string().max(100).optional(),
  /** where the charger was sent to, without what gives access; not in the oldest events */
  location: z.string().max(200).optional(),
  files: z.array(StoredFile).max(16),
})
export type Transfer = z.infer<typeof Transfer>

const transferEnd = {
  outcome: TransferOutcome,
  detail: z.string().max(300).optional(),
  /** what the charger reported at its boot after a firmware update */
  firmwareVersion: z.string().max(100).optional(),
}
const EndedTransfer = z.object({ ...Transfer.shape, ...transferEnd, endedAt: Instant })
export type EndedTransfer = z.infer<typeof EndedTransfer>

// --- certificates -----------------------------------------------------------------------------------------------------

/** A certificate by what can be told of it. Times in UTC; `serial` and `fingerprint` (SHA-256) in hex. */
export const CertificateFacts = z.object({
  serial: z.string().max(64),
  subject: z.string().max(300),
  issuer: z.string().max(300),
  notBefore: Instant,
  notAfter: Instant,
  fingerprint: Sha256,
})
export type CertificateFacts = z.infer<typeof CertificateFacts>

const IssuedCertificate = z.object({
  serial: z.string(),
  fingerprint: Sha256,
  csrDigest: Sha256,
  /** SHA-256 of its SubjectPublicKeyInfo */
  keyDigest: Sha256.optional(),
  notAfter: Instant,
  revokedAt: Instant.optional(),
})

/**
 * What a client certificate must be for this charger to be let in with it (security white paper §3): ours, with its recorded
 * serial number as CN; or of a vendor's root, with its serial; or one certificate by its fingerprint, for first contact.
 */
export const AcceptedIdentity = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('common-name'),
    commonName: z.string().min(1).max(64),
    /** the O of its subject: the charge point operator */
    organisation: z.string().min(1).max(64).optional(),
  }),
  z.object({ kind: z.literal('vendor-serial'), root: Sha256, commonName: z.string().min(1).max(64) }),
  z.object({ kind: z.literal('fingerprint'), fingerprint: Sha256 }),
])
export type AcceptedIdentity = z.infer<typeof AcceptedIdentity>

// --- local list -------------------------------------------------------------------------------------------------------

/**
 * How the list stands: as it shall be (`InSync`), or to be brought there (`Pending`). Or why it is not: it does not fit (`TooLong`),
 * the charger has lists switched off (`Disabled`), or knows none (`Unsupported`).
 */
export const ListStanding = z.enum(['InSync', 'Pending', 'TooLong', 'Disabled', 'Unsupported'])
export type ListStanding = z.infer<typeof ListStanding>

const ListAssessment = z.object({
  standing: ListStanding,
  detail: z.string().max(500).optional(),
  /** the number that the charger's list shall have; 0: none yet */
  version: z.int().min(0),
  /** how many it shall hold, and how many are left out for want of room */
  entries: z.int().min(0),
  leftOut: z.int().min(0),
  /** what differs from what the charger has; `full`: what it has is not known, so all of it is sent */
  full: z.boolean(),
  added: z.int().min(0),
  changed: z.int().min(0),
  removed: z.int().min(0),
})
export type ListAssessment = z.infer<typeof ListAssessment>

const ListCare = z.object({
  /** absent: nothing was ever said for this charger; null: as its tenant's others */
  policy: LocalListPolicy.nullable().optional(),
  /** the highest number of a list that was ever sent or seen */
  lastVersion: z.int().optional(),
  /** what the charger said last when it was asked for its version */
  seen: z.object({ version: z.int(), at: Instant }).optional(),
  assessed: z.object({ ...ListAssessment.shape, at: Instant }).optional(),
  /** the newest update that it took */
  writtenAt: Instant.optional(),
  /** the newest update that it refused since it took one, and how many those are */
  refused: z
    .object({
      status: z.string(),
      detail: z.string().optional(),
      at: Instant,
      times: z.int(),
      retryAt: Instant.optional(),
    })
    .optional(),
})

// --- charging profiles ------------------------------------------------------------------------------------------------

export const SetProfile = z.object({ evseId: EvseId, profile: ChargingProfile, at: Instant })

// --- security ---------------------------------------------------------------------------------------------------------

/** A change to a higher security profile, to a new key, or to both. */
export const SecurityUpgrade = z.object({
  upgradeId: z.string().min(1).max(40),
  toProfile: z.int().min(1).max(3),
  until: Instant,
  /** what the charger shall be known by then: those of the new key, or of the one that it has */
  passwordDigests: z.array(z.string()),
  /** the new key, 40 hex characters, readable with a key outside the log; absent: the key stays */
  sealedKey: Sealed.optional(),
})
export type SecurityUpgrade = z.infer<typeof SecurityUpgrade>

/** The public key that a meter signs with, as the charger tells it. */
const MeterKeyClaim = z.object({
  publicKey: z.string().max(2_000),
  evseId: EvseId.optional(),
  meterSerial: z.string().max(100).optional(),
})
export const MeterKeyDecision = z.enum(['confirmed', 'rejected'])
export type MeterKeyDecision = z.infer<typeof MeterKeyDecision>

/** The whole state of a device, so that a load need not go further back. */
export const DeviceSummary = z.object({
  answered: z.array(AnsweredFact),
  /** content keys of security events, newest last */
  contentKeys: z.array(z.string()).default([]),
  desired: z.array(DesiredKey).optional(),
  keys: z.array(KeyState).optional(),
  /** whether it may be reset, when idle, for a key that needs it */
  mayReset: z.boolean().optional(),
  configuration: z.object({ keys: z.array(SeenKey), fullAt: Instant.optional() }).optional(),
  /** what it said last of its limits, by EVSE, and whether that is what its profiles say */
  composites: z
    .array(z.object({ evseId: EvseId, agrees: z.boolean(), detail: z.string().optional(), at: Instant }))
    .optional(),
  /** `content` is absent where it is not known: then the whole list is sent */
  localList: z
    .object({ version: z.int(), digest: z.string(), entries: z.int(), content: z.array(ListedEntry).optional() })
    .optional(),
  listCare: ListCare.optional(),
  ...reservationSummary,
  profiles: z.array(SetProfile).optional(),
  /** an operator's own call touched its limits: nobody can vouch for them until they are read again */
  limitsUnverifiedSince: Instant.optional(),
  limitsUnverifiedBy: Actor.optional(),
  transfers: z.array(Transfer).optional(),
  /** the newest that ended, oldest first */
  endedTransfers: z.array(EndedTransfer).optional(),
  identities: z.array(AcceptedIdentity).optional(),
  certificate: CertificateFacts.optional(),
  pendingCsr: z.object({ digest: Sha256, at: Instant, csr: z.string().optional() }).optional(),
  /** the newest certificates that were issued to it, oldest first */
  issued: z.array(IssuedCertificate).optional(),
  /** the newest one on its way to the charger, with its chain: what came of sending it, and how often it was sent */
  delivery: z
    .object({
      fingerprint: Sha256,
      chain: z.string(),
      outcome: z.string().optional(),
      attempts: z.int(),
      at: Instant.optional(),
    })
    .optional(),
  roots: z.array(z.object({ use: CertificateUse, certificates: z.array(CertificateHash) })).optional(),
  /** roots that it took from us, oldest first: what its hashes mean */
  installedRoots: z.array(z.object({ hash: CertificateHash, facts: CertificateFacts })).optional(),
  /** oldest first; `claimed`: told by the charger, vouched for by nobody */
  meterKeys: z
    .array(
      z.object({
        ...MeterKeyClaim.shape,
        state: z.enum(['claimed', ...MeterKeyDecision.options]),
        at: Instant,
        decidedAt: Instant.optional(),
        decidedBy: Actor.optional(),
      }),
    )
    .optional(),
  /** the revision of the charger's stream up to which the outcomes of commands are in this state */
  outcomesTo: z.int().optional(),
  securityUpgrade: SecurityUpgrade.optional(),
  eventsSinceSummary: z.int(),
})
export type DeviceSummary = z.infer<typeof DeviceSummary>

export const deviceEvents = {
  /** The keys that this charger shall have; each that is named replaces what was wanted before, the others stay. */
  ConfigurationDesired: z.object({
    keys: z.array(DesiredKey),
    released: z.array(z.string()).optional(),
    mayReset: z.boolean().optional(),
  }),
  /** The charger shows its configuration other than it was known: `full` when it was asked for all of it. */
  ConfigurationChanged: z.object({
    full: z.boolean(),
    set: z.array(SeenKey),
    gone: z.array(z.string()),
    commandId: CommandId.optional(),
  }),
  /** What came of making a key as it is desired, and when it is tried again. */
  ConfigurationKeyTried: z.object({ ...KeyState.shape, commandId: CommandId.optional() }),
  /** The charger took a local list (or part of one): its content by digest. */
  LocalListWritten: z.object({
    version: z.int(),
    updateType: z.enum(['Full', 'Differential']),
    digest: z.string(),
    entries: z.int(),
    /** what it put on the list or changed there, and what it took off; absent in the oldest events */
    set: z.array(ListedEntry).optional(),
    gone: z.array(TokenRef).optional(),
    commandId: CommandId.optional(),
  }),
  /** What the charger says of its list. -1: it has none. */
  LocalListSeen: z.object({ version: z.int(), commandId: CommandId.optional() }),
  /** Whom the charger's list shall hold. null: as the tenant has it for all its chargers. */
  LocalListDesired: z.object({ policy: LocalListPolicy.nullable() }),
  /** The whole list is to be sent, whatever the charger is known to have. */
  LocalListSyncRequested: z.object({ reason: z.enum(['operator', 'firmware', 'unwritable']) }),
  /** How the list stands, told when that changes. */
  LocalListAssessed: ListAssessment,
  /** The charger did not take a list (or part of one). */
  LocalListRefused: z.object({
    version: z.int(),
    updateType: z.enum(['Full', 'Differential']),
    status: z.enum(['Failed', 'NotSupported', 'VersionMismatch']),
    detail: z.string().max(300).optional(),
    commandId: CommandId.optional(),
  }),
  ...reservationEvents,
  ChargingProfileSet: z.object({ evseId: EvseId, profile: ChargingProfile, commandId: CommandId.optional() }),
  ChargingProfilesCleared: z.object({
    profileId: z.int().optional(),
    evseId: EvseId.optional(),
    purpose: ChargingProfilePurpose.optional(),
    stackLevel: z.int().optional(),
    commandId: CommandId.optional(),
  }),
  /** What the charger says it will do, held against what was set. */
  CompositeScheduleSeen: z.object({
    schedule: CompositeSchedule,
    agrees: z.boolean(),
    detail: z.string().max(500).optional(),
    commandId: CommandId.optional(),
  }),
  LimitsUnverified: z.object({ commandId: CommandId, action: z.string(), by: Actor.optional() }),
  TransferBegun: Transfer.omit({ status: true, statusAt: true, files: true }),
  FirmwareStatusReported: z.object({ status: z.string(), requestId: RequestId.optional() }),
  LogStatusReported: z.object({
    log: z.enum(['DiagnosticsLog', 'SecurityLog']),
    status: z.string(),
    requestId: RequestId.optional(),
  }),
  /** Our own file service took a file from the charger. */
  FileReceived: z.object({
    requestId: RequestId,
    file: StoredFile,
    protocol: z.string().max(10),
    /** what was asked for; not in the oldest events */
    kind: TransferKind.optional(),
    /** its request had ended before the upload did: chargers say that they are done while it goes on */
    late: z.literal(true).optional(),
  }),
  TransferEnded: z.object({ requestId: RequestId, ...transferEnd, commandId: CommandId.optional() }),
  SecurityEventReported: z.object({
    event: z.string(),
    /** security white paper §3 marks which events are critical */
    severity: z.enum(['critical', 'warning', 'info']),
    time: ChargerTime,
    techInfo: z.string().optional(),
    contentKey: z.string(),
  }),
  /** The charger asked for a certificate. The request itself is in the frame; `problems` say why it is refused. */
  CertificateRequested: z.object({
    digest: Sha256,
    subject: z.string().max(300),
    algorithm: z.string().max(60),
    csr: z.string().max(5_500),
    problems: z.array(z.string().max(200)),
    /** SHA-256 of its SubjectPublicKeyInfo; absent when the request cannot be read */
    keyDigest: Sha256.optional(),
  }),
  /** The authority will not sign it. */
  CertificateRefused: z.object({ csrDigest: Sha256, authority: z.string().max(50), reason: z.string().max(500) }),
  /** `pem`: the charger's own certificate, then those that vouch for it, without the root. */
  CertificateIssued: z.object({
    ...CertificateFacts.shape,
    csrDigest: Sha256,
    pem: z.string().max(10_000),
    keyDigest: Sha256.optional(),
    authority: z.string().max(50).optional(),
  }),
  /** What came of sending it to the charger. */
  CertificateDelivered: z.object({ fingerprint: Sha256, outcome: z.string().max(50), commandId: CommandId.optional() }),
  CertificateRevoked: z.object({ serial: z.string().max(64), reason: z.string().max(100) }),
  /** The charger's own list, whole. */
  RootCertificatesSeen: z.object({
    use: CertificateUse,
    certificates: z.array(CertificateHash),
    commandId: CommandId.optional(),
  }),
  /** It took a root from us; whether another had to go for it, its list will say. */
  RootCertificateInstalled: z.object({
    use: CertificateUse,
    hash: CertificateHash,
    facts: CertificateFacts,
    commandId: CommandId.optional(),
  }),
  ClientIdentitiesChanged: z.object({ identities: z.array(AcceptedIdentity) }),
  /** From now on the old and the new credential or profile are both good, until the first accepted boot on the new one. */
  SecurityUpgradeBegun: SecurityUpgrade,
  SecurityUpgradeEnded: z.object({
    upgradeId: z.string().max(40),
    toProfile: z.int().min(1).max(3),
    outcome: z.enum(['done', 'failed']),
    detail: z.string().max(300),
    epoch: DecimalString.optional(),
  }),
  /** The charger told the public key of a meter of it. Nobody has vouched for it. */
  MeterKeyClaimed: MeterKeyClaim,
  /** An operator vouches for a key that the charger claims, or will have none of it. The newest word counts. */
  MeterKeyDecided: z.object({
    ...MeterKeyClaim.shape,
    decision: MeterKeyDecision,
    note: z.string().max(500).optional(),
  }),
  DeviceSummarised: z.object({ summary: DeviceSummary }),
} as const
