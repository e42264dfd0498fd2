import { z } from 'zod'
import { ChargerId, ConnectionEpoch, ConnectorId, EvseId, FactId, TenantId, TransactionId } from './ids.ts'
import { ChargerSettings } from './charger-settings.ts'
import { AuthorizationStatus, ClearIdToken } from './personal.ts'
import { Decimal, Instant } from './quantities.ts'

/**
 * What chargers tell us, in version-neutral words (those of OCPP 2.x), as edge → central requests and their answers.
 * Nothing here names an OCPP version. Values that identify a repeat are kept *as received* beside the normalised ones.
 */

/** A quirk rule that changed something on the way in: which rule, where, and what stood there. */
export const Normalisation = z.object({ rule: z.string(), path: z.string(), raw: z.string() })
export type Normalisation = z.infer<typeof Normalisation>

/** The charger's own time: raw text as received and what we read from it (absent when unreadable). */
export const ChargerTime = z.object({ raw: z.string(), at: Instant.optional() })
export type ChargerTime = z.infer<typeof ChargerTime>

export const ConnectorStatus = z.enum([
  'Available',
  'Preparing',
  'Charging',
  'SuspendedEVSE',
  'SuspendedEV',
  'Finishing',
  'Reserved',
  'Unavailable',
  'Faulted',
  'Occupied',
])
export type ConnectorStatus = z.infer<typeof ConnectorStatus>

/** One sampled value, in OCPP's measurand words. `value` is the exact decimal; `signed` a byte-exact signed record instead of it. */
export const SampledValue = z.object({
  measurand: z.string(),
  value: Decimal.optional(),
  signed: z.string().optional(),
  unit: z.string().optional(),
  context: z.string().optional(),
  phase: z.string().optional(),
  location: z.string().optional(),
})
export type SampledValue = z.infer<typeof SampledValue>

export const MeterSample = z.object({ time: ChargerTime, values: z.array(SampledValue) })
export type MeterSample = z.infer<typeof MeterSample>

const evse = { evseId: EvseId, connectorId: ConnectorId }

/**
 * The client certificate of a TLS connection. `trust`: whose root it leads to, ours or a vendor's; `none` when it leads to
 * none that we know. `flaw` says why it is worth nothing (expired, revoked, weak).
 */
export const ClientCertificate = z.object({
  kind: z.literal('certificate'),
  commonName: z.string().max(200),
  organisation: z.string().max(200).optional(),
  /** SHA-256 of the certificate in hex */
  fingerprint: z.string(),
  /** the same of each certificate above it, up to the root */
  issuers: z.array(z.string()).max(10).optional(),
  trust: z.enum(['ours', 'vendor', 'none']).optional(),
  flaw: z.string().max(200).optional(),
  /** of a password that came with it: a charger may not need its certificate yet */
  proofs: z.array(z.string()).min(1).max(4).optional(),
})
export type ClientCertificate = z.infer<typeof ClientCertificate>

/**
 * A connection attempt. `proofs` are keyed hashes of what the charger presented, in each reading of it that we accept
 * (as text, as decoded hex): the password itself never leaves the edge. `tls` says how it arrived. `subprotocol` is what the edge
 * would speak if nothing is set for the charger, absent when it knows of none.
 */
export const ConnectFact = z.object({
  type: z.literal('Connect'),
  edge: z.string(),
  subprotocol: z.string().optional(),
  /** what the charger named, in its order and spelling; empty: nothing. Absent from edges that take no subprotocol from us */
  offered: z.array(z.string().max(64)).max(16).optional(),
  /** what the edge can speak */
  speaks: z.array(z.string().max(64)).max(16).optional(),
  remoteAddress: z.string(),
  tls: z.boolean(),
  credential: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({ kind: z.literal('basic'), proofs: z.array(z.string()).min(1).max(4) }),
    ClientCertificate,
  ]),
})
export const DisconnectFact = z.object({ type: z.literal('Disconnect'), code: z.int(), reason: z.string().max(200) })

export const BootFact = z.object({
  type: z.literal('Boot'),
  vendor: z.string(),
  model: z.string(),
  serialNumber: z.string().optional(),
  firmwareVersion: z.string().optional(),
  iccid: z.string().optional(),
  imsi: z.string().optional(),
  meterType: z.string().optional(),
  meterSerialNumber: z.string().optional(),
})
export const ConnectorStatusFact = z.object({
  type: z.literal('ConnectorStatus'),
  ...evse,
  status: ConnectorStatus,
  errorCode: z.string(),
  info: z.string().optional(),
  vendorId: z.string().optional(),
  vendorErrorCode: z.string().optional(),
  time: ChargerTime.optional(),
})
export const AuthorizeFact = z.object({ type: z.literal('Authorize'), idToken: ClearIdToken })

/** `key` repeats nothing: the values that make a start what it is, exactly as received (absent = empty text). */
export const TransactionStartFact = z.object({
  type: z.literal('TransactionStart'),
  ...evse,
  idToken: ClearIdToken,
  meterStart: z.object({ value: Decimal, unit: z.enum(['Wh', 'kWh']) }).optional(),
  time: ChargerTime,
  reservationId: z.string().optional(),
  raw: z.object({ connector: z.string(), idToken: z.string(), timestamp: z.string(), meterStart: z.string() }),
})
/** `transactionId` is absent when the charger named none (no id, 0 or -1); `raw.transaction` has what it said. */
export const MeterValuesFact = z.object({
  type: z.literal('MeterValues'),
  ...evse,
  transactionId: TransactionId.optional(),
  samples: z.array(MeterSample),
  raw: z.object({ connector: z.string().optional(), transaction: z.string(), contentHash: z.string() }),
})
export const TransactionStopFact = z.object({
  type: z.literal('TransactionStop'),
  transactionId: TransactionId.optional(),
  idToken: ClearIdToken.optional(),
  meterStop: z.object({ value: Decimal, unit: z.enum(['Wh', 'kWh']) }).optional(),
  time: ChargerTime,
  reason: z.string().optional(),
  samples: z.array(MeterSample),
  raw: z.object({ transaction: z.string(), idToken: z.string(), timestamp: z.string(), meterStop: z.string() }),
})
export const VendorDataFact = z.object({
  type: z.literal('VendorData'),
  vendorId: z.string(),
  messageId: z.string().optional(),
  data: z.string().optional(),
})
/** How a firmware update goes on. Without an id it belongs to the newest request. `status` is the charger's word. */
export const FirmwareStatusFact = z.object({
  type: z.literal('FirmwareStatus'),
  status: z.string().max(50),
  requestId: z.int().optional(),
})
/** How the upload of a log or of diagnostics goes on. */
export const LogStatusFact = z.object({
  type: z.literal('LogStatus'),
  log: z.enum(['DiagnosticsLog', 'SecurityLog']),
  status: z.string().max(50),
  requestId: z.int().optional(),
})
/** `raw` identifies a repeat: the values exactly as received. */
export const SecurityEventFact = z.object({
  type: z.literal('SecurityEvent'),
  event: z.string().max(50),
  time: ChargerTime,
  techInfo: z.string().max(255).optional(),
  raw: z.object({ event: z.string(), timestamp: z.string(), techInfo: z.string() }),
})
/** The charger asks for a certificate. `csr` is PEM, or base64 DER. */
export const CertificateRequestFact = z.object({ type: z.literal('CertificateRequest'), csr: z.string().max(5_500) })
/** What could be read of a start, stop or meter message, in the words of its fact: an operator decides what becomes of it. */
export const ReadableEnergy = z
  .object({
    ...evse,
    transactionId: TransactionId,
    idToken: ClearIdToken,
    meterStart: z.object({ value: Decimal, unit: z.enum(['Wh', 'kWh']) }),
    meterStop: z.object({ value: Decimal, unit: z.enum(['Wh', 'kWh']) }),
    time: ChargerTime,
    reason: z.string(),
    samples: z.array(MeterSample),
  })
  .partial()
export type ReadableEnergy = z.infer<typeof ReadableEnergy>

/** A start, stop or meter message that the schema refuses: recorded with its violations and answered, never lost. */
export const MalformedFact = z.object({
  type: z.literal('Malformed'),
  meant: z.enum(['TransactionStart', 'MeterValues', 'TransactionStop']),
  violations: z.array(z.string().max(300)).max(20),
  /** absent when nothing could */
  readable: ReadableEnergy.optional(),
})
/** The charger's answer to a command came after its time-out. */
export const LateAnswerFact = z.object({
  type: z.literal('LateAnswer'),
  commandId: z.string(),
  result: z.lazy(() => CommandResult),
})

/** What a charger answered to a command, as the edge saw it. `frames` are verbatim (secrets redacted), for evidence. */
export const CommandResult = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('result'), status: z.string(), payload: z.record(z.string(), z.json()) }),
  z.object({ outcome: z.literal('callError'), code: z.string(), description: z.string() }),
  z.object({ outcome: z.literal('invalidAnswer'), violations: z.array(z.string()), payload: z.json() }),
  z.object({ outcome: z.literal('timeout') }),
  z.object({ outcome: z.literal('notSent'), reason: z.string() }),
  /** The charger's protocol has no room for what was asked, now or later. */
  z.object({ outcome: z.literal('unsupported'), reason: z.string() }),
])
export type CommandResult = z.infer<typeof CommandResult>

export const Fact = z.discriminatedUnion('type', [
  ConnectFact,
  DisconnectFact,
  BootFact,
  ConnectorStatusFact,
  AuthorizeFact,
  TransactionStartFact,
  MeterValuesFact,
  TransactionStopFact,
  VendorDataFact,
  FirmwareStatusFact,
  LogStatusFact,
  SecurityEventFact,
  CertificateRequestFact,
  MalformedFact,
  LateAnswerFact,
])
export type Fact = z.infer<typeof Fact>
export type FactType = Fact['type']
export type FactOf<T extends FactType> = Extract<Fact, { type: T }>

/** The request that carries a fact. `frame` is the verbatim text (secrets redacted); `epoch` is absent only on `Connect`. */
export const FactRequest = z.object({
  factId: FactId,
  tenant: TenantId,
  chargerId: ChargerId,
  epoch: ConnectionEpoch.optional(),
  edge: z.string(),
  messageId: z.string().optional(),
  receivedAt: Instant,
  frame: z.string().optional(),
  normalisations: z.array(Normalisation),
  traceparent: z.string().optional(),
  /** how often this fact has failed before, as the pods that were asked said */
  failed: z.int().min(1).optional(),
  fact: Fact,
})
export type FactRequest<F extends Fact = Fact> = Omit<z.infer<typeof FactRequest>, 'fact'> & { fact: F }

/**
 * An authorisation verdict for the charger. `groupToken` is the clear text that it wants to see; `groupAlias` stands for one that
 * is too long for some protocols.
 */
export const Authorization = z.object({
  status: AuthorizationStatus,
  expiresAt: Instant.optional(),
  groupToken: z.string().optional(),
  groupAlias: z.string().optional(),
})
export type Authorization = z.infer<typeof Authorization>

export const Registration = z.enum(['Accepted', 'Pending', 'Rejected'])
export type Registration = z.infer<typeof Registration>

export const FactAnswer = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('Connect'),
    epoch: ConnectionEpoch,
    registration: Registration,
    /** whether this charger was accepted before: then it may be called soon after it connects, without a boot */
    known: z.boolean(),
    heartbeatSeconds: z.int().min(1),
    /** what is to be spoken on this connection */
    subprotocol: z.string().optional(),
    /** what the charger's record says of it, so that its quirks are known before it boots */
    settings: ChargerSettings.optional(),
    identity: z.object({ vendor: z.string(), model: z.string(), firmwareVersion: z.string().optional() }).optional(),
    /** how many EVSEs it has, as far as it has told */
    evses: z.int().min(1).optional(),
    /** its tenant wants what the official schema refuses answered with a CALLERROR */
    strict: z.literal(true).optional(),
  }),
  z.object({ type: z.literal('Disconnect') }),
  z.object({ type: z.literal('Boot'), registration: Registration, intervalSeconds: z.int().min(1) }),
  z.object({ type: z.literal('ConnectorStatus') }),
  z.object({ type: z.literal('Authorize'), authorization: Authorization }),
  z.object({ type: z.literal('TransactionStart'), transactionId: TransactionId, authorization: Authorization }),
  z.object({ type: z.literal('MeterValues') }),
  z.object({ type: z.literal('TransactionStop'), authorization: Authorization.optional() }),
  z.object({
    type: z.literal('VendorData'),
    status: z.enum(['Accepted', 'Rejected', 'UnknownMessageId', 'UnknownVendorId']),
    data: z.string().optional(),
  }),
  z.object({ type: z.literal('FirmwareStatus') }),
  z.object({ type: z.literal('LogStatus') }),
  z.object({ type: z.literal('SecurityEvent') }),
  z.object({ type: z.literal('CertificateRequest'), status: z.enum(['Accepted', 'Rejected']) }),
  /** A parked `TransactionStart` still needs a transaction id to answer with. */
  z.object({ type: z.literal('Malformed'), transactionId: TransactionId }),
  z.object({ type: z.literal('LateAnswer') }),
])
export type FactAnswer = z.infer<typeof FactAnswer>
export type FactAnswerOf<T extends FactType> = Extract<FactAnswer, { type: T }>

/**
 * - `answered`    durable; answer the charger. `pod` wants this charger's next fact.
 * - `refused`     our rules say no (an unknown charger, a wrong key, a charger that is not registered); final.
 * - `unavailable` the log or a part that deciding needs is away; not durable, ask again with the same fact id. `failed`: nothing
 *                 is away but deciding failed, for the how-many-eth time; to be sent along when asked again, so that pods count together.
 */
export const FactReply = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('answered'), pod: z.string(), answer: FactAnswer }),
  z.object({
    outcome: z.literal('refused'),
    reason: z.enum([
      'unknown-charger',
      'bad-credential',
      'contested-identity',
      'no-subprotocol',
      'not-registered',
      'invalid-request',
    ]),
    detail: z.string(),
  }),
  z.object({ outcome: z.literal('unavailable'), reason: z.string(), failed: z.int().min(1).optional() }),
])
export type FactReply = z.infer<typeof FactReply>

/** Published by central when a charger has a newer connection. */
export const ConnectedNotice = z.object({ epoch: ConnectionEpoch, edge: z.string() })
export type ConnectedNotice = z.infer<typeof ConnectedNotice>

/** Published by each central pod, each second and on every change: whether the log takes appends, as that pod sees it. */
export const LogHealthNotice = z.object({
  pod: z.string(),
  /** `recovering`: it takes appends again, but not yet for long enough to let chargers back in */
  state: z.enum(['well', 'away', 'recovering']),
})
export type LogHealthNotice = z.infer<typeof LogHealthNotice>

/** What presence keeps per charger, in the key-value bucket. */
export const Presence = z.object({ epoch: ConnectionEpoch, edge: z.string(), lastSeenAt: Instant })
export type Presence = z.infer<typeof Presence>
