import { z } from 'zod'
import {
  ChargerId,
  ConnectorId,
  DecimalString,
  EvseId,
  Sha256,
  SessionId,
  TariffId,
  TokenRef,
  TransactionId,
} from '../ids.ts'
import { AuthorizationStatus, IdTokenType } from '../personal.ts'
import { Currency, Instant, MinorUnits, SocPermille, Watt, Wh } from '../quantities.ts'
import { PriceLine } from '../events/billing.ts'
import { ChargingState, EnergySource } from '../events/session.ts'
import { Causation } from '../envelope.ts'
import { Actor } from '../charger-commands.ts'
import { Normalisation } from '../facts.ts'
import { PersonalText } from './id-tokens.ts'
import { AnyInstant, AnyJson, page, pageQuery } from './paging.ts'

export const SessionState = z
  .enum(['active', 'stopped', 'settled'])
  .describe('active until its stop is known; settled once nothing more is expected of it')

const summary = {
  sessionId: SessionId,
  chargerId: ChargerId,
  transactionId: TransactionId,
  evseId: EvseId,
  connectorId: ConnectorId,
  state: SessionState,
  chargingState: ChargingState.nullable().describe('`null` once it has ended'),
  idToken: z.object({ ref: TokenRef, type: IdTokenType, token: PersonalText, erased: z.boolean() }),
  authorization: AuthorizationStatus.describe('what the token was worth when the session began'),
  startedAt: Instant,
  stoppedAt: Instant.nullable(),
  settledAt: Instant.nullable(),
  stopReason: z.string().nullable(),
  inferred: z.boolean().describe('its stop was inferred, the charger never told it'),
  corrections: z.int().describe('how often the truth about its end changed'),
  meterStartWh: Wh.nullable(),
  meterStopWh: Wh.nullable(),
  energyWh: Wh,
  energySource: EnergySource.nullable().describe('where the billed energy comes from; known with the stop'),
  powerW: Watt.nullable(),
  socPermille: SocPermille.nullable().describe('state of charge of the car in tenths of a per cent'),
  measuredAt: Instant.nullable(),
  billing: z
    .enum(['open', 'provisional', 'final', 'unpriced'])
    .describe('unpriced: there is no price yet, `unpricedReason` says why'),
  unpricedReason: z
    .enum(['no-tariff', 'out-of-range', 'suspect-energy'])
    .nullable()
    .describe('suspect-energy: it waits for review'),
  currency: Currency.nullable(),
  netMinor: MinorUnits.nullable(),
  vatMinor: MinorUnits.nullable(),
  costMinor: MinorUnits.nullable().describe(
    'with VAT, in the minor unit of the currency (cents); `null` while there is no price',
  ),
}
export const SessionView = z.object(summary).meta({ id: 'Session' })
export type SessionView = z.infer<typeof SessionView>
export const SessionPage = page(SessionView).meta({ id: 'SessionPage' })
export const ListSessionsQuery = z.strictObject({
  ...pageQuery,
  chargerId: ChargerId.optional(),
  state: SessionState.optional(),
  authorization: AuthorizationStatus.optional().describe('what the token was worth when the session began'),
  from: AnyInstant.optional().describe('started at or after'),
  to: AnyInstant.optional().describe('started before'),
})
export const SessionParams = z.object({ id: SessionId })

export const BillView = z.object({
  kind: z.enum(['final', 'provisional']),
  revision: DecimalString.describe('of the billing stream'),
  sessionRevision: DecimalString.describe('the session’s revision that was rated'),
  ratedAt: Instant,
  tariffId: TariffId,
  tariffRevision: DecimalString,
  chargedFrom: Instant,
  chargedTo: Instant,
  energyWh: Wh,
  parkingSeconds: z.int(),
  free: z.boolean(),
  currency: Currency,
  lines: z.array(PriceLine),
  vat: z.array(z.object({ rate: z.string(), netMinor: MinorUnits, vatMinor: MinorUnits })),
  netMinor: MinorUnits,
  vatMinor: MinorUnits,
  costMinor: MinorUnits,
})
export type BillView = z.infer<typeof BillView>
export const BillingEntry = z.object({
  revision: DecimalString,
  kind: z.enum(['rated', 'credited', 'unpriced']),
  at: Instant,
  sessionRevision: DecimalString,
  currency: Currency.nullable(),
  costMinor: MinorUnits.nullable(),
  creditedRevision: DecimalString.nullable(),
  cause: z.string().nullable(),
})
export const SessionDetail = z
  .object({
    ...summary,
    bill: BillView.nullable().describe('what holds now; `null` while there is no price'),
    billingEntries: z.array(BillingEntry).describe('every time that the price was decided or taken back, oldest first'),
    energy: z
      .array(z.object({ at: Instant, registerWh: Wh, energyWh: Wh, context: z.string().nullable() }))
      .describe('the energy register as it was read, and the energy since the start; oldest first'),
  })
  .meta({ id: 'SessionDetail' })
export type SessionDetail = z.infer<typeof SessionDetail>

/** The verbatim frame behind an event, opened for the operator. */
export const FrameView = z.union([
  z.object({ text: z.string(), sealed: z.boolean().describe('whether it lies encrypted in the log') }),
  z.object({ erased: z.literal(true) }),
  z.object({ broken: z.string().describe('it is there but does not open: it was altered') }),
  z.object({
    sha256: Sha256,
    bytes: z.int(),
    stream: z.string().describe('where the frame, too large for an event, lies in parts'),
  }),
])
export type FrameView = z.infer<typeof FrameView>

/** The inputs of a decision: enough to run it again. */
export const DecisionView = z.object({
  build: z.string().describe('of the decider'),
  clock: Instant.describe('what the decision took as now'),
  command: AnyJson.optional(),
  lookups: z
    .array(z.object({ stream: z.string(), revision: z.int().nullable(), value: AnyJson }))
    .describe('what it read elsewhere, and at which revision'),
  settings: z.record(z.string(), AnyJson),
})

export const HistoryEntry = z
  .object({
    stream: z.string(),
    revision: DecimalString,
    eventId: z.string(),
    type: z.string(),
    version: z.int(),
    occurredAt: Instant.nullable().describe('by the charger, as we read it; `null` when the event is ours'),
    receivedAt: Instant,
    data: AnyJson.describe('as it stands in the log: personal data is ciphertext'),
    personal: z
      .array(
        z.object({
          path: z.string().describe('JSON pointer into `data`'),
          text: PersonalText,
          erased: z.boolean(),
          broken: z.string().optional(),
        }),
      )
      .describe('what the ciphertexts in `data` say'),
    frame: FrameView.nullable().describe('the message that caused it; `null` when none did'),
    frameKeptBy: z
      .string()
      .optional()
      .describe('the event (`<stream>@<revision>`) of the same message that keeps the frame, when it is another'),
    frames: z
      .object({ sent: FrameView.nullable(), received: FrameView.nullable() })
      .optional()
      .describe('of a settled command: what went to the charger, and what it answered'),
    normalisations: z.array(Normalisation),
    decision: DecisionView,
    causation: Causation,
    actor: Actor,
    prevHash: Sha256,
    hash: Sha256,
  })
  .meta({ id: 'HistoryEntry' })
export type HistoryEntry = z.infer<typeof HistoryEntry>
export const SessionHistory = z
  .object({ sessionId: SessionId, items: z.array(HistoryEntry), next: z.string().nullable() })
  .meta({ id: 'SessionHistory' })
