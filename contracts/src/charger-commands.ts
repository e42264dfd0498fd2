import { z } from 'zod'
import { ChargerId, CommandId, ConnectionEpoch, ConnectorId, EvseId, TenantId, TransactionId } from './ids.ts'
import { ClearIdToken, StoredIdToken } from './personal.ts'
import { Instant } from './quantities.ts'
import { CommandResult } from './facts.ts'

/**
 * What we may ask of a charger, in version-neutral words. `evseId` alone names the EVSE; a 1.6 charger's connector n is EVSE n.
 * `StoredChargerCommand` is the same with personal data sealed and secrets digested: the form in the log.
 */
const remoteStart = { type: z.literal('RemoteStart'), evseId: EvseId.min(1).optional() }
const setConfiguration = { type: z.literal('ChangeConfiguration'), key: z.string().min(1).max(50) }

const plainCommands = [
  z.object({ type: z.literal('RemoteStop'), transactionId: TransactionId }),
  z.object({ type: z.literal('Reset'), kind: z.enum(['Soft', 'Hard']) }),
  z.object({ type: z.literal('UnlockConnector'), evseId: EvseId.min(1), connectorId: ConnectorId.optional() }),
  z.object({ type: z.literal('GetConfiguration'), keys: z.array(z.string().min(1).max(50)).optional() }),
  z.object({
    type: z.literal('ChangeAvailability'),
    evseId: EvseId,
    availability: z.enum(['Operative', 'Inoperative']),
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
    ]),
    evseId: EvseId.optional(),
  }),
  z.object({
    type: z.literal('DataTransfer'),
    vendorId: z.string().min(1).max(255),
    messageId: z.string().max(50).optional(),
    data: z.string().optional(),
  }),
] as const

export const ChargerCommand = z.discriminatedUnion('type', [
  z.object({
    ...remoteStart,
    idToken: ClearIdToken,
    /** stands for a token that is too long for some protocols; central knows it, whoever asks leaves it out */
    alias: z.string().optional(),
  }),
  z.object({ ...setConfiguration, value: z.string().max(500) }),
  ...plainCommands,
])
export type ChargerCommand = z.infer<typeof ChargerCommand>
export type ChargerCommandType = ChargerCommand['type']

export const StoredChargerCommand = z.discriminatedUnion('type', [
  z.object({ ...remoteStart, idToken: StoredIdToken }),
  z.object({ ...setConfiguration, value: z.string(), redacted: z.boolean() }),
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
})
export type EpochCommandReply = z.infer<typeof EpochCommandReply>
