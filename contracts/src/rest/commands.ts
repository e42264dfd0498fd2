import { z } from 'zod'
import { ChargerId, CommandId, ConnectorId, EvseId, TransactionId } from '../ids.ts'
import { chargerCommandTypes } from '../charger-commands.ts'
import type { ChargerCommandType } from '../charger-commands.ts'
import { IdTokenType } from '../personal.ts'
import { Instant } from '../quantities.ts'
import { AnyJson, page, pageQuery } from './paging.ts'

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

export const commandBodies = {
  RemoteStart: z.strictObject({ idToken, evseId: positiveEvse.optional(), connectorId: connectorAsEvse }),
  RemoteStop: z.strictObject({ transactionId: transaction }),
  Reset: z.strictObject({ kind: z.enum(['Soft', 'Hard']) }),
  UnlockConnector: z.strictObject({ evseId: positiveEvse.optional(), connectorId: ConnectorId.optional() }),
  ChangeConfiguration: z.strictObject({ key: z.string().min(1).max(50), value: z.string().max(500) }),
  GetConfiguration: z.strictObject({ keys: z.array(z.string().min(1).max(50)).max(500).optional() }),
  ChangeAvailability: z.strictObject({
    evseId: EvseId.optional().describe('0, or none: the whole charger'),
    connectorId: connectorAsEvse,
    availability: z.enum(['Operative', 'Inoperative']),
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
    ]),
    evseId: EvseId.optional(),
    connectorId: connectorAsEvse,
  }),
  DataTransfer: z.strictObject({
    vendorId: z.string().min(1).max(255),
    messageId: z.string().max(50).optional(),
    data: z.string().optional(),
  }),
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
}
/** Names of OCPP 1.6 that mean a command of ours. */
export const commandAliases: Readonly<Record<string, ChargerCommandType>> = {
  RemoteStartTransaction: 'RemoteStart',
  RemoteStopTransaction: 'RemoteStop',
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
export const CommandAnswer = z
  .object({
    commandId: CommandId,
    outcome: z
      .enum(outcomes)
      .describe(
        'result: the charger answered (its word is `status`); callError: it refused the message; timeout: no answer in time, a late one is still recorded; offline: it is not connected; unknown: it may or may not have been carried out',
      ),
    status: z.string().optional().describe('the charger’s word: Accepted, Rejected, …'),
    payload: z.record(z.string(), AnyJson).optional().describe('the whole answer of the charger'),
    detail: z.string().optional(),
  })
  .meta({
    id: 'CommandAnswer',
    examples: [
      { commandId: '0199b3c0-7f7e-7000-8000-1b2c3d4e5f60', outcome: 'result', status: 'Accepted', payload: {} },
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
    detail: z.string().nullable(),
    late: z.boolean().describe('the answer came after the deadline'),
    settledAt: Instant.nullable(),
  })
  .meta({ id: 'Command' })
export type CommandView = z.infer<typeof CommandView>
export const CommandPage = page(CommandView).meta({ id: 'CommandPage' })
export const ListCommandsQuery = z.strictObject(pageQuery)
