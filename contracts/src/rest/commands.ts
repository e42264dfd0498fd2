import { z } from 'zod'
import { ChargerId, CommandId, ConnectorId, EvseId, TransactionId } from '../ids.ts'
import { CertificateHash, CertificateUse, RequestId, chargerCommandTypes } from '../charger-commands.ts'
import type { ChargerCommandType } from '../charger-commands.ts'
import { ChargingProfile, ChargingProfilePurpose, ChargingRateUnit } from '../charging-profile.ts'
import { AuthorizationStatus, IdTokenType } from '../personal.ts'
import { Instant } from '../quantities.ts'
import { AnyInstant, AnyJson, page, pageQuery } from './paging.ts'

/**
 * The bodies of `POST /v1/chargers/{id}/commands/{command}`: the fields of the command without `type`. `connectorId` alone names
 * the EVSE (a 1.6 charger's connector n is EVSE n), and the field names of OCPP 1.6 are understood beside ours.
 */
const positiveEvse = EvseId.min(1)
const connectorAsEvse = ConnectorId.optional().describe('the same as `evseId`, for those who think in 1.6 connectors')
const idToken = z
  .union(
    [
      z.string().min(1).max(255),
      z.strictObject({ value: z.string().min(1).max(255), type: IdTokenType.default('ISO14443') }),
    ],
    { error: 'must be the token as text, or { "value", "type" }' },
  )
  .describe('the token as text (type ISO14443), or with its type')
const transaction = z
  .union([TransactionId, z.int().min(1)], { error: 'must be the transaction id, as text or number' })
  .describe('as the session shows it')

const forcedAt = (what: string) => ({
  force: z.literal(true).optional().describe(`sent also ${what} that the charger is not known to have`),
})
const forced = forcedAt('to a connector')

/** A charging profile whose times may have any offset and precision. */
const profileBody = ChargingProfile.extend({
  validFrom: AnyInstant.optional(),
  validTo: AnyInstant.optional(),
  schedule: ChargingProfile.shape.schedule.extend({ startAt: AnyInstant.optional() }).strict(),
}).strict()

const requestId = RequestId.optional().describe('names the transfer; made for you unless told')
const location = z
  .string()
  .max(512)
  .describe('where to, or from: a URL of http, https, ftp, ftps or sftp, with its credential')
const retrying = {
  retries: z.int().min(0).max(100).optional(),
  retryIntervalSeconds: z.int().min(0).max(86_400).optional(),
}

export const commandBodies = {
  RemoteStart: z.strictObject({
    idToken,
    evseId: positiveEvse.optional(),
    connectorId: connectorAsEvse,
    chargingProfile: profileBody.optional().describe('a TxProfile for the transaction that begins'),
    force: z
      .literal(true)
      .optional()
      .describe(
        'also where the charger is not known to have the connector, where it is reserved for somebody else, for an id token that may not charge, and with a profile of times for a clock that is not known to be right',
      ),
  }),
  RemoteStop: z.strictObject({ transactionId: transaction, ...forcedAt('for a transaction') }),
  Reset: z.strictObject({ kind: z.enum(['Soft', 'Hard']) }),
  UnlockConnector: z.strictObject({ evseId: positiveEvse.optional(), connectorId: ConnectorId.optional(), ...forced }),
  ChangeConfiguration: z.strictObject({ key: z.string().min(1).max(50), value: z.string().max(500) }),
  GetConfiguration: z.strictObject({ keys: z.array(z.string().min(1).max(50)).max(500).optional() }),
  ChangeAvailability: z.strictObject({
    evseId: EvseId.optional().describe('0, or none: the whole charger'),
    connectorId: connectorAsEvse,
    availability: z.enum(['Operative', 'Inoperative']),
    ...forced,
  }),
  ClearCache: z.strictObject({}),
  TriggerMessage: z.strictObject({
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
    connectorId: connectorAsEvse,
    ...forced,
  }),
  DataTransfer: z.strictObject({
    vendorId: z.string().min(1).max(255),
    messageId: z.string().max(50).optional(),
    data: z.string().optional(),
  }),
  ReserveNow: z.strictObject({
    reservationId: z.int().min(0).max(2_147_483_647).optional().describe('made for you unless told'),
    evseId: EvseId.optional().describe('0: any'),
    connectorId: connectorAsEvse,
    idToken,
    groupIdToken: idToken.optional(),
    expiresAt: AnyInstant,
  }),
  CancelReservation: z.strictObject({ reservationId: z.int() }),
  SendLocalList: z.strictObject({
    listVersion: z.int().min(1),
    updateType: z.enum(['Full', 'Differential']),
    entries: z
      .array(
        z.strictObject({
          idToken,
          authorization: z
            .strictObject({
              status: AuthorizationStatus,
              expiresAt: AnyInstant.optional(),
              groupToken: z.string().max(36).optional(),
            })
            .optional()
            .describe('absent: taken off the list'),
        }),
      )
      .max(10_000),
  }),
  GetLocalListVersion: z.strictObject({}),
  SetChargingProfile: z.strictObject({
    evseId: EvseId.optional().describe('0, or none: the whole charger'),
    connectorId: connectorAsEvse,
    profile: profileBody,
    force: z
      .literal(true)
      .optional()
      .describe(
        'also for a connector that the charger is not known to have, and with times where its clock is not known to be right to within 60 s',
      ),
  }),
  ClearChargingProfile: z.strictObject({
    profileId: z.int().optional(),
    evseId: EvseId.optional(),
    connectorId: connectorAsEvse,
    purpose: ChargingProfilePurpose.optional(),
    stackLevel: z.int().min(0).optional(),
  }),
  GetCompositeSchedule: z.strictObject({
    evseId: EvseId.optional().describe('0, or none: the whole charger'),
    connectorId: connectorAsEvse,
    durationSeconds: z.int().min(1).max(31_536_000).default(86_400),
    unit: ChargingRateUnit.optional(),
    ...forced,
  }),
  UpdateFirmware: z.strictObject({
    requestId,
    location,
    retrieveAt: AnyInstant.optional().describe('now, unless told'),
    installAt: AnyInstant.optional(),
    ...retrying,
    signature: z.string().max(800).optional().describe('base64; with `signingCertificate`: the signed update'),
    signingCertificate: z.string().max(5_500).optional().describe('PEM'),
  }),
  GetLog: z.strictObject({
    requestId,
    log: z.enum(['DiagnosticsLog', 'SecurityLog']).default('DiagnosticsLog'),
    location,
    from: AnyInstant.optional(),
    until: AnyInstant.optional(),
    ...retrying,
  }),
  InstallCertificate: z.strictObject({ use: CertificateUse, pem: z.string().max(5_500) }),
  DeleteCertificate: z.strictObject({ certificate: CertificateHash }),
  GetInstalledCertificateIds: z.strictObject({ use: CertificateUse }),
  CertificateSigned: z.strictObject({ chain: z.string().max(10_000).describe('PEM, the charger’s own first') }),
  RawCall: z.strictObject({ action: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/), payload: AnyJson }),
} as const satisfies Record<ChargerCommandType, z.ZodType>

/** What each command does, in one sentence. */
export const commandSummaries: Readonly<Record<ChargerCommandType, string>> = {
  RemoteStart: 'asks the charger to start a session for an id token (RemoteStartTransaction)',
  RemoteStop: 'asks the charger to end a session (RemoteStopTransaction)',
  Reset: 'restarts the charger: Soft ends sessions first, Hard does not wait',
  UnlockConnector: 'releases a cable',
  ChangeConfiguration: 'sets one configuration key',
  GetConfiguration: 'reads configuration keys, or all of them',
  ChangeAvailability: 'takes an EVSE, or the whole charger, in or out of service',
  ClearCache: 'empties the authorisation cache of the charger',
  TriggerMessage: 'asks the charger to send a message now',
  DataTransfer: 'sends vendor data',
  ReserveNow: 'reserves an EVSE for an id token until it expires',
  CancelReservation: 'takes a reservation back',
  SendLocalList: 'writes the local authorisation list, whole or in part',
  GetLocalListVersion: 'reads the version of the local authorisation list',
  SetChargingProfile: 'limits power by a charging profile',
  ClearChargingProfile: 'takes charging profiles away, by criteria or all',
  GetCompositeSchedule: 'asks what limits the charger will keep',
  UpdateFirmware: 'lets the charger fetch and install firmware; signed when a signature is given',
  GetLog: 'lets the charger upload its diagnostics or its security log',
  InstallCertificate: 'installs a root certificate',
  DeleteCertificate: 'deletes a root certificate',
  GetInstalledCertificateIds: 'lists the root certificates of the charger',
  CertificateSigned: 'sends the charger the certificate that it asked for',
  RawCall: 'sends any call, as the charger’s own OCPP version has it',
}

export const CommandBody = z
  .union(
    chargerCommandTypes.map((type) => commandBodies[type].meta({ title: type, description: commandSummaries[type] })),
  )
  .meta({ id: 'CommandBody', examples: [{ evseId: 1, idToken: '04A1B2C3' }] })

/** Words of OCPP 1.6 that mean a field of ours, per command. */
export const fieldAliases: Partial<Record<ChargerCommandType, Readonly<Record<string, string>>>> = {
  RemoteStart: { idTag: 'idToken' },
  Reset: { type: 'kind' },
  ChangeAvailability: { type: 'availability' },
  GetConfiguration: { key: 'keys' },
  TriggerMessage: { requestedMessage: 'message' },
  ReserveNow: { idTag: 'idToken', parentIdTag: 'groupIdToken', expiryDate: 'expiresAt' },
  SendLocalList: { localAuthorizationList: 'entries' },
  SetChargingProfile: { csChargingProfiles: 'profile' },
  ClearChargingProfile: { id: 'profileId', chargingProfilePurpose: 'purpose' },
  GetCompositeSchedule: { duration: 'durationSeconds', chargingRateUnit: 'unit' },
  UpdateFirmware: { retrieveDate: 'retrieveAt' },
  InstallCertificate: { certificateType: 'use', certificate: 'pem' },
  DeleteCertificate: { certificateHashData: 'certificate' },
  GetInstalledCertificateIds: { certificateType: 'use' },
  CertificateSigned: { certificateChain: 'chain' },
}
/** Names of OCPP 1.6 that mean a command of ours. */
export const commandAliases: Readonly<Record<string, ChargerCommandType>> = {
  RemoteStartTransaction: 'RemoteStart',
  RemoteStopTransaction: 'RemoteStop',
  GetDiagnostics: 'GetLog',
  SignedUpdateFirmware: 'UpdateFirmware',
  ExtendedTriggerMessage: 'TriggerMessage',
}

export const CommandParams = z.object({
  id: ChargerId,
  command: z
    .string()
    .min(1)
    .max(50)
    .describe(`one of ${chargerCommandTypes.join(', ')}; kebab-case is understood too`),
})
export const CommandQuery = z.strictObject({
  timeoutMs: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(120_000)
    .optional()
    .describe('how long the charger has to answer, in milliseconds; 30000 unless told'),
})
export const CommandHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('a repeat with the same key is the same command: it is not sent again and gets the same outcome'),
})

const outcomes = ['result', 'callError', 'timeout', 'offline', 'unknown'] as const
/** What the charger's word means, whatever its OCPP version and the command. */
export const AnswerMeaning = z
  .enum(['accepted', 'done', 'scheduled', 'rebootRequired', 'refused', 'failed', 'notSupported', 'notFound'])
  .describe(
    'what the charger’s word means: done: it says that it has done it (Unlocked); scheduled: it will, once the transactions in its way have ended, see `GET …/commands`; ' +
      'refused: it will not; failed: it tried (UnlockFailed); notSupported: it cannot; notFound: there was nothing that fits',
  )
export type AnswerMeaning = z.infer<typeof AnswerMeaning>

export const CommandAnswer = z
  .object({
    commandId: CommandId,
    outcome: z
      .enum(outcomes)
      .describe(
        'result: the charger answered (its word is `status`); callError: it refused the message; timeout: no answer in time, a late one is still recorded; offline: it is not connected; unknown: it may or may not have been carried out',
      ),
    status: z.string().optional().describe('the charger’s word: Accepted, Rejected, …'),
    meaning: AnswerMeaning.optional(),
    payload: z.record(z.string(), AnyJson).optional().describe('the whole answer of the charger'),
    detail: z.string().optional(),
  })
  .meta({
    id: 'CommandAnswer',
    examples: [
      {
        commandId: '0199b3c0-7f7e-7000-8000-1b2c3d4e5f60',
        outcome: 'result',
        status: 'Accepted',
        meaning: 'accepted',
        payload: {},
      },
    ],
  })
export type CommandAnswer = z.infer<typeof CommandAnswer>

export const CommandView = z
  .object({
    commandId: CommandId,
    type: z.string(),
    requestedAt: Instant,
    requestedBy: z.string(),
    deadline: Instant,
    outcome: z
      .enum([...outcomes, 'pending', 'invalidAnswer', 'notSent', 'unsupported'])
      .describe('pending until it is settled'),
    status: z.string().nullable().describe('the charger’s word: Accepted, Rejected, …'),
    meaning: AnswerMeaning.nullable(),
    detail: z.string().nullable().describe('why, or what became of it after the charger had agreed'),
    late: z.boolean().describe('the answer came after the deadline'),
    settledAt: Instant.nullable(),
  })
  .meta({ id: 'Command' })
export type CommandView = z.infer<typeof CommandView>
export const CommandPage = page(CommandView).meta({ id: 'CommandPage' })
export const ListCommandsQuery = z.strictObject(pageQuery)
