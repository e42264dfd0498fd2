import { z } from 'zod'
import { ChargerId, ConnectionEpoch, ConnectorId, EvseId, SessionId, TransactionId } from '../ids.ts'
import { ConnectorStatus, Registration } from '../facts.ts'
import { Instant } from '../quantities.ts'
import { page, pageQuery } from './paging.ts'

export const ConnectorView = z
  .object({
    evseId: EvseId,
    connectorId: ConnectorId,
    status: ConnectorStatus,
    errorCode: z.string().describe('`NoError` when well'),
    info: z.string().nullable(),
    vendorId: z.string().nullable(),
    vendorErrorCode: z.string().nullable(),
    statusAt: Instant.describe('when we heard of this status'),
  })
  .meta({ id: 'Connector' })
export type ConnectorView = z.infer<typeof ConnectorView>

const charger = {
  chargerId: ChargerId,
  registration: Registration.nullable().describe('`null`: never registered nor adopted'),
  registeredBy: z.enum(['operator', 'adoption']).nullable(),
  securityProfile: z
    .int()
    .nullable()
    .describe('0 no credential, 1 Basic, 2 Basic over TLS, 3 client certificate (OCPP 1.6 security white paper §4)'),
  passwordShort: z
    .boolean()
    .describe(
      'its password has fewer than 16 bytes, the least of a key (OCPP 1.6 security white paper §2): rotate it by a security upgrade',
    ),
  connected: z.boolean().describe('whether a socket of this charger is open, by the newest event of the log'),
  connectedAt: Instant.nullable(),
  disconnectedAt: Instant.nullable(),
  disconnectReason: z.string().nullable(),
  epoch: ConnectionEpoch.nullable().describe('names the newest connection'),
  subprotocol: z.string().nullable(),
  remoteAddress: z.string().nullable(),
  tls: z.boolean().nullable(),
  vendor: z.string().nullable(),
  model: z.string().nullable(),
  serialNumber: z.string().nullable(),
  firmwareVersion: z.string().nullable(),
  meterType: z.string().nullable(),
  meterSerialNumber: z.string().nullable(),
  lastBootAt: Instant.nullable(),
  lastEventAt: Instant,
  heartbeatSeconds: z.int().nullable().describe('how often it was told to send a heartbeat'),
  lastRefusedAt: Instant.nullable().describe('when it was last refused a connection'),
  lastRefusal: z.string().nullable().describe('and why'),
  connectors: z.array(ConnectorView),
  openTransactions: z
    .array(z.object({ transactionId: TransactionId, sessionId: SessionId, evseId: EvseId, startedAt: Instant }))
    .describe('the sessions that go on here'),
}
export const ChargerView = z.object(charger).meta({ id: 'Charger' })
export type ChargerView = z.infer<typeof ChargerView>

export const ChargerDetail = z
  .object({
    ...charger,
    faults: z
      .array(
        z.object({
          evseId: EvseId,
          connectorId: ConnectorId,
          errorCode: z.string(),
          vendorErrorCode: z.string().nullable(),
          info: z.string().nullable(),
          raisedAt: Instant,
          clearedAt: Instant.nullable(),
        }),
      )
      .describe('newest first, 50 at most'),
    parkedFrames: z.int().describe('messages with energy facts that could not be attributed or read, kept for review'),
  })
  .meta({ id: 'ChargerDetail' })
export type ChargerDetail = z.infer<typeof ChargerDetail>

export const ChargerPage = page(ChargerView).meta({ id: 'ChargerPage' })
export const ListChargersQuery = z.strictObject({
  ...pageQuery,
  connected: z.stringbool({ truthy: ['true'], falsy: ['false'], error: 'must be true or false' }).optional(),
})

export const ChargerParams = z.object({ id: ChargerId.describe('as in its connection URL, percent-decoded') })

/** Registering a charger, or changing how it may connect. Absent fields stay as they are. */
export const RegisterChargerBody = z
  .strictObject({
    registration: Registration.optional().describe(
      'what its BootNotification is answered; unless told, a new charger is Accepted and a known one stays as it is',
    ),
    password: z
      .string()
      .min(1)
      .max(128)
      .nullable()
      .optional()
      .describe(
        'its Basic password (AuthorizationKey), as text or as hex digits of the bytes; only a keyed hash is kept. `null` removes it. OCPP 1.6 has 16 to 20 bytes, or 32 to 40 hex digits; another is refused without `force`',
      ),
    securityProfile: z.int().min(0).max(3).optional(),
    force: z
      .literal(true)
      .optional()
      .describe('also a password that OCPP forbids, of a charger that has it already and could not connect without it'),
  })
  .meta({
    id: 'RegisterCharger',
    examples: [{ registration: 'Accepted', password: '0123456789abcdef0123', securityProfile: 1 }],
  })
export type RegisterChargerBody = z.infer<typeof RegisterChargerBody>

export const RegisteredCharger = z
  .object({
    chargerId: ChargerId,
    registration: Registration,
    changed: z.boolean().describe('false when all of it held already'),
    revision: z.string().describe('of the charger’s stream, where the decision stands'),
  })
  .meta({ id: 'RegisteredCharger' })
