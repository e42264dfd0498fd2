import { z } from 'zod'
import { CommandId, ConnectionEpoch, ConnectorId, EvseId, FactId, TokenRef, TransactionId } from '../ids.ts'
import { StoredIdToken, AuthorizationStatus, Sealed } from '../personal.ts'
import { Instant, OccurredAt, RegisterReading, TimedRegister, Wh } from '../quantities.ts'
import { ChargerTime, CommandResult, ConnectorStatus, Registration } from '../facts.ts'
import { StoredChargerCommand } from '../charger-commands.ts'
import { Evidence } from '../envelope.ts'
import { ChargerSettings } from '../charger-settings.ts'

/** Events of the stream `charger-<tenant>.<id>`: one charging station, its connection, its connectors, its open transactions. */

export const OpenTransaction = z.object({
  transactionId: TransactionId,
  startKey: z.string(),
  evseId: EvseId,
  connectorId: ConnectorId,
  tokenRef: TokenRef,
  groupRef: TokenRef.optional(),
  meterStart: RegisterReading.optional(),
  startedAt: OccurredAt,
  authorization: AuthorizationStatus,
  /** its start named connector 0, the charging station as a whole */
  whole: z.literal(true).optional(),
  /** of the register only: since when its EVSE was told to be Available again */
  freedAt: Instant.optional(),
  /** keys of the same start that was told again with another time (after a time sync) */
  otherKeys: z.array(z.string()).optional(),
})
export type OpenTransaction = z.infer<typeof OpenTransaction>

/**
 * How a charger wrote an id token: `own` is what it wrote, sealed under the token's key; without it, it was the trimmed upper-case
 * form.
 */
export const TokenSpelling = z.object({ own: Sealed.optional() })
export type TokenSpelling = z.infer<typeof TokenSpelling>

/** A reading that may belong to a session whose start has not come yet. */
export const RegisterCandidate = z.object({
  evseId: EvseId,
  ...TimedRegister.shape,
  contentKey: z.string(),
  /** the transaction that the charger named, whose start is parked: it is held for no other */
  namedTransaction: TransactionId.optional(),
  /** the session that has it, and when that began: told where it had ended in silence, else of the register only; a later start on the EVSE may take it over */
  claim: z.object({ transactionId: TransactionId, startedAt: Instant }).optional(),
  /** its message contradicts the power: Wh and kWh may have been taken for each other */
  suspect: z.boolean().optional(),
})
export type RegisterCandidate = z.infer<typeof RegisterCandidate>

const ChargerIdentity = z.object({
  vendor: z.string(),
  model: z.string(),
  serialNumber: z.string().optional(),
  firmwareVersion: z.string().optional(),
  iccid: z.string().optional(),
  imsi: z.string().optional(),
  meterType: z.string().optional(),
  meterSerialNumber: z.string().optional(),
})

const ConnectorState = z.object({
  evseId: EvseId,
  connectorId: ConnectorId,
  status: ConnectorStatus,
  errorCode: z.string(),
  info: z.string().optional(),
  vendorId: z.string().optional(),
  vendorErrorCode: z.string().optional(),
})
export type ConnectorState = z.infer<typeof ConnectorState>

/** An answer that was already given to a fact: the same fact asked again gets it again. */
export const AnsweredFact = z.object({ factId: FactId, answer: z.json() })
export type AnsweredFact = z.infer<typeof AnsweredFact>

/** What an operator's review came to. */
export const ReviewDecision = z.enum(['attributed', 'corrected', 'dismissed'])
export type ReviewDecision = z.infer<typeof ReviewDecision>

/** What an operator says about something that waits for review. */
export const OperatorDecision = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('dismiss') }),
  /** a parked stop or reading belongs to this transaction; a parked start is it, on this EVSE if its connector could not be read */
  z.object({ kind: z.literal('attribute'), transactionId: TransactionId, evseId: EvseId.min(1).optional() }),
  /** the truth about a session's end, as an operator knows it */
  z.object({
    kind: z.literal('correct'),
    transactionId: TransactionId,
    energyWh: Wh.optional(),
    startedAt: Instant.optional(),
    stoppedAt: Instant.optional(),
  }),
])
export type OperatorDecision = z.infer<typeof OperatorDecision>

/**
 * Credentials that are good beside those of today, for an upgrade: the first accepted boot on a connection made with them makes
 * them the only ones.
 */
export const NextCredentials = z.object({
  upgradeId: z.string().max(40),
  securityProfile: z.int().min(1).max(3),
  passwordDigests: z.array(z.string()),
  until: Instant,
  /** the charger may have taken them, and has not come back: they stay good beyond their time */
  kept: z.literal(true).optional(),
})
export type NextCredentials = z.infer<typeof NextCredentials>

/** A command that the charger agreed to, or may have, and whose effect shows only later: it is followed until it does. */
export const FollowedCommand = z.object({
  commandId: CommandId,
  asked: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('ChangeAvailability'),
      /** 0: the whole charger */
      evseId: EvseId,
      availability: z.enum(['Operative', 'Inoperative']),
    }),
    z.object({ type: z.literal('Reset') }),
  ]),
  requestedAt: Instant,
  /** when it was answered Scheduled (a change of availability) or Accepted (a reset) */
  agreedAt: Instant.optional(),
  /** it was told that nothing came in time; what comes after all is told too */
  unheeded: z.literal(true).optional(),
})
export type FollowedCommand = z.infer<typeof FollowedCommand>

/** The whole state of a charger, so that a load need not go further back. */
export const ChargerSummary = z.object({
  registered: z.boolean(),
  registration: Registration,
  acceptedBefore: z.boolean(),
  securityProfile: z.int(),
  passwordDigests: z.array(z.string()),
  /** the password has fewer bytes than a key may have */
  passwordShort: z.literal(true).optional(),
  connection: z
    .object({
      epoch: ConnectionEpoch,
      edge: z.string(),
      open: z.boolean(),
      remoteAddress: z.string().optional(),
      onNext: z.literal(true).optional(),
    })
    .optional(),
  nextCredentials: NextCredentials.optional(),
  identity: ChargerIdentity.optional(),
  connectors: z.array(ConnectorState),
  openTransactions: z.array(OpenTransaction),
  pendingCommands: z.array(z.object({ commandId: CommandId, type: z.string(), deadline: Instant })),
  recentCommands: z.array(z.object({ commandId: CommandId, outcome: z.json() })),
  answered: z.array(AnsweredFact),
  /** content keys of parked frames and of stops that named no transaction, newest last */
  contentKeys: z.array(z.string()),
  lastRefusal: z.object({ at: Instant, reason: z.string() }).optional(),
  settings: ChargerSettings.optional(),
  /** newest differences of the charger's clock from ours, in ms (its time minus ours), oldest first */
  clockOffsetsMs: z.array(z.int()).optional(),
  /** register readings of an EVSE without a session, to be claimed by a start that comes later */
  candidates: z.array(RegisterCandidate).optional(),
  /** when each of the newest takeovers of a living connection was, and from where */
  takeovers: z
    .array(z.object({ at: Instant, remoteAddress: z.string(), sameAddress: z.boolean().optional() }))
    .optional(),
  /** the serial numbers that booted under this identity, each with its newest boot, newest last */
  bootedSerials: z.array(z.object({ serialNumber: z.string(), at: Instant })).optional(),
  /** when it was last told that two boxes share this identity, and by which event of the charger's stream */
  contestedAt: Instant.optional(),
  contestedRevision: z.int().optional(),
  /** when the connector last left Charging, by EVSE */
  leftCharging: z.array(z.object({ evseId: EvseId, at: Instant })).optional(),
  /** when each connector became Available, by EVSE: an open session there ends by inference some time after */
  availableSince: z.array(z.object({ evseId: EvseId, at: Instant })).optional(),
  lastBootAt: Instant.optional(),
  /** the newest reviews that operators settled, oldest first: one is settled once */
  settledReviews: z
    .array(z.object({ subject: z.string(), decision: ReviewDecision, transactionId: TransactionId.optional() }))
    .optional(),
  /** reviews that were decided and are not settled yet, oldest first: until then no other decision is carried out */
  decidedReviews: z
    .array(z.object({ subject: z.string(), decision: OperatorDecision, by: z.string(), at: Instant }))
    .optional(),
  /** since when the newest connection is there: what comes soon after may come from the charger's queue */
  connectedAt: Instant.optional(),
  /** when the newest of `clockOffsetsMs` was measured */
  clockSampledAt: Instant.optional(),
  /** the newest starts, oldest first, the re-stamped ones too: which session each became, and the charger's own time in it */
  recentStarts: z
    .array(z.object({ startKey: z.string(), transactionId: TransactionId, charger: Instant.optional() }))
    .optional(),
  /** the newest statuses, oldest first: of which connector, what was told, and on which connection */
  toldStatuses: z
    .array(z.object({ evseId: EvseId, connectorId: ConnectorId, statusKey: z.string(), epoch: ConnectionEpoch }))
    .optional(),
  /**
   * the newest transactions that were closed, newest last: what was measured in them may come later. `stopped`: by the charger's
   * own stop, so that its end is not inferred
   */
  closedTransactions: z
    .array(
      z.object({
        transactionId: TransactionId,
        evseId: EvseId,
        startedAt: Instant,
        stopped: z.literal(true).optional(),
      }),
    )
    .optional(),
  /**
   * the newest starts that were parked, newest last: the transaction ids that they were answered, where and when they began, the
   * revision at which they wait for review, and what that came to
   */
  parkedStarts: z
    .array(
      z.object({
        transactionId: TransactionId,
        evseId: EvseId.optional(),
        at: Instant.optional(),
        revision: z.int().optional(),
        /** what the charger was answered that its token is worth */
        authorization: AuthorizationStatus.optional(),
        /** what is the same in this start when it is told again with another time */
        tokenRef: TokenRef.optional(),
        meterStart: RegisterReading.optional(),
        /** a later message has carried its transaction id: the charger knows its answer and tells it no more */
        named: z.literal(true).optional(),
        settled: ReviewDecision.optional(),
      }),
    )
    .optional(),
  /** restamp keys of the stops since the last start that named no transaction of ours, newest last */
  toldStops: z.array(z.string()).optional(),
  /** tokens for which we asked for a start of our own, oldest first */
  remoteStarts: z.array(z.object({ commandId: CommandId, tokenRef: TokenRef, at: Instant })).optional(),
  /** what it agreed to do and has not shown yet, oldest first */
  followed: z.array(FollowedCommand).optional(),
  /** how this charger writes the tokens that it named last, newest last */
  spellings: z.array(z.object({ tokenRef: TokenRef, ...TokenSpelling.shape })).optional(),
  eventsSinceSummary: z.int(),
})
export type ChargerSummary = z.infer<typeof ChargerSummary>

/** Which client certificate was presented. */
const PresentedCertificate = z.object({ commonName: z.string(), fingerprint: z.string() })

export const chargerEvents = {
  ChargerRegistered: z.object({
    registration: Registration,
    by: z.enum(['operator', 'adoption']),
    securityProfile: z.int(),
  }),
  ChargerRegistrationChanged: z.object({ registration: Registration }),
  /**
   * Keyed digests of the accepted passwords; an empty list means none is asked. With `next` an upgrade begins; without it, one
   * that was under way is over: `upgradeId` names the one that came true.
   */
  ChargerCredentialsChanged: z.object({
    securityProfile: z.int(),
    passwordDigests: z.array(z.string()),
    /** the password has fewer bytes than a key may have */
    passwordShort: z.literal(true).optional(),
    next: NextCredentials.optional(),
    upgradeId: z.string().max(40).optional(),
  }),
  /** Its revision is the connection epoch. */
  ChargerConnected: z.object({
    edge: z.string(),
    /** what is spoken, whatever the charger named */
    subprotocol: z.string(),
    /** what the charger named, in its order; empty: nothing */
    offered: z.array(z.string()).optional(),
    remoteAddress: z.string(),
    tls: z.boolean(),
    authenticatedBy: z.enum(['none', 'basic', 'certificate']),
    /** it came with the credentials of an upgrade that is under way */
    onNext: z.literal(true).optional(),
    /** it came with the key of such an upgrade, and with the profile of before */
    withNextKey: z.literal(true).optional(),
    certificate: PresentedCertificate.optional(),
    heartbeatSeconds: z.int().min(1),
  }),
  /** A known charger was not let in; repeats within a minute are not told again. */
  ChargerConnectionRefused: z.object({
    reason: z.enum(['bad-credential', 'contested-identity', 'no-subprotocol']),
    detail: z.string(),
    edge: z.string(),
    remoteAddress: z.string(),
    certificate: PresentedCertificate.optional(),
  }),
  ChargerDisconnected: z.object({ epoch: ConnectionEpoch, edge: z.string(), code: z.int(), reason: z.string() }),
  ChargerBooted: z.object({ ...ChargerIdentity.shape, registration: Registration, intervalSeconds: z.int() }),
  ConnectorStatusChanged: z.object({ ...ConnectorState.shape, time: ChargerTime.optional() }),
  /** It came on a connection older than the one that told what holds by now: the connector stays as it is. */
  ConnectorStatusToldLate: z.object({ ...ConnectorState.shape, time: ChargerTime.optional() }),
  /** Each answer to an authorisation request, the refusals too. */
  AuthorizationDecided: z.object({
    idToken: StoredIdToken,
    status: AuthorizationStatus,
    reason: z.string(),
    expiresAt: Instant.optional(),
    groupRef: TokenRef.optional(),
    spelling: TokenSpelling.optional(),
  }),
  TransactionOpened: OpenTransaction.extend({ spelling: TokenSpelling.optional() }),
  /** The start of an open transaction was told again with another time: the same start, after a time sync. */
  TransactionRestamped: z.object({ transactionId: TransactionId, startKey: z.string(), startedAt: OccurredAt }),
  /** Register readings of an EVSE in use that has no session yet. */
  RegistersHeld: z.object({
    candidates: z.array(RegisterCandidate),
    /** the content key of the held reading that these stand for from now on: the newest of many is always the last that was told */
    replaces: z.string().optional(),
  }),
  ChargerSettingsChanged: z.object({ settings: ChargerSettings }),
  /**
   * Two boxes share one identity: connections keep taking over from another address, or while boxes with different serial
   * numbers boot; the incumbent stays.
   */
  ChargerIdentityContested: z.object({
    takeovers: z.int(),
    remoteAddress: z.string(),
    incumbentAddress: z.string(),
    /** those that booted meanwhile, where they differ */
    serialNumbers: z.array(z.string()).optional(),
  }),
  /**
   * What an operator wants done about something that waits for review, before it is done: from now on no other decision is carried
   * out; upkeep asks again for what nobody has carried out. `refused` says why it could not be: what is decided is withdrawn, and the
   * review waits as before.
   */
  ReviewDecided: z.object({ subject: z.string(), decision: OperatorDecision, refused: z.string().optional() }),
  /** What an operator decided about something that waited for review, once it is done. `subject` is `<stream>@<revision>` of what waited. */
  ReviewSettled: z.object({
    subject: z.string(),
    decision: ReviewDecision,
    transactionId: TransactionId.optional(),
    note: z.string().max(500).optional(),
  }),
  TransactionClosed: z.object({
    transactionId: TransactionId,
    reason: z.enum(['stopped', 'inferred', 'resolved']),
    /** of a stop that named no transaction: told again it is known by this */
    contentKey: z.string().optional(),
    /** of such a stop too: told again with another time it is known by this */
    restampKey: z.string().optional(),
  }),
  /** A frame that carries energy facts but cannot be attributed or read: kept for review, and answered. */
  FrameParked: z.object({
    meant: z.enum(['TransactionStart', 'MeterValues', 'TransactionStop']),
    reason: z.enum(['malformed', 'unknown-transaction', 'ambiguous', 'poison']),
    detail: z.string(),
    contentKey: z.string(),
    /** of a stop: told again with another time it is known by this */
    restampKey: z.string().optional(),
    transactionId: TransactionId.optional(),
    meterStop: RegisterReading.optional(),
    tokenRef: TokenRef.optional(),
    occurredAt: OccurredAt.optional(),
    authorization: AuthorizationStatus.optional(),
    /** what else could be read of it */
    evseId: EvseId.optional(),
    connectorId: ConnectorId.optional(),
    /** the transaction that it names, whatever we know of that */
    namedTransaction: TransactionId.optional(),
    idToken: StoredIdToken.optional(),
    meterStart: RegisterReading.optional(),
    /** why the charger says that it stopped */
    stopReason: z.string().optional(),
    /** register readings that it carries, oldest first; of a very long list those that the energy depends on */
    registers: z.array(TimedRegister).optional(),
    /** its energy contradicts the power: the session that it becomes part of waits for review */
    suspect: z.boolean().optional(),
  }),
  VendorDataReceived: z.object({
    vendorId: z.string(),
    messageId: z.string().optional(),
    status: z.enum(['Accepted', 'Rejected', 'UnknownMessageId', 'UnknownVendorId']),
  }),
  ConfigurationSeen: z.object({
    keys: z.array(z.object({ key: z.string(), value: z.string().optional(), readonly: z.boolean() })),
    unknownKeys: z.array(z.string()),
  }),
  CommandRequested: z.object({
    commandId: CommandId,
    command: StoredChargerCommand,
    deadline: Instant,
    /** it could not wait for the log: this was recorded after it was sent */
    sentFirst: z.boolean().optional(),
    /** an operator gave it as a call of the charger's own OCPP version */
    asCall: z.literal(true).optional(),
  }),
  CommandSettled: z.object({
    commandId: CommandId,
    result: CommandResult,
    late: z.boolean(),
    /** what went over the wire, verbatim (secrets redacted); sealed where it names an id token */
    frames: z.object({ sent: Evidence.optional(), received: Evidence.optional() }),
  }),
  CommandOutcomeUnknown: z.object({ commandId: CommandId, reason: z.string() }),
  /** No socket held this charger's epoch within the time that we try. */
  CommandOffline: z.object({ commandId: CommandId }),
  /** The charger accepted a remote start, and no transaction came of it in time (the cable was never plugged in). */
  RemoteStartUnused: z.object({ commandId: CommandId }),
  /** The charger accepted a remote stop, and the transaction went on. */
  RemoteStopUnheeded: z.object({ commandId: CommandId }),
  /** A change of availability that was answered Scheduled has come true: the connectors tell it. EVSE 0 is the whole charger. */
  AvailabilityReached: z.object({
    commandId: CommandId,
    evseId: EvseId,
    availability: z.enum(['Operative', 'Inoperative']),
  }),
  /** A change of availability was answered Scheduled, no transaction is in its way any more, and the connectors do not tell it. */
  AvailabilityUnheeded: z.object({ commandId: CommandId }),
  /** The charger accepted a reset, and neither connected nor booted anew in time. */
  ResetUnheeded: z.object({ commandId: CommandId }),
  ChargerSummarised: z.object({ summary: ChargerSummary }),
} as const
