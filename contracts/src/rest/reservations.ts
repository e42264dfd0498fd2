import { z } from 'zod'
import { ChargerId, ConnectorId, EvseId, SessionId, TokenRef, TransactionId } from '../ids.ts'
import { ReservationEnd } from '../events/reservations.ts'
import { IdTokenType } from '../personal.ts'
import { Instant } from '../quantities.ts'
import { CommandAnswer } from './commands.ts'
import { AnyInstant, page, pageQuery } from './paging.ts'

export const PostReservationBody = z
  .strictObject({
    evseId: EvseId.optional().describe('0: any, where the charger supports that (ReserveConnectorZeroSupported)'),
    connectorId: ConnectorId.optional().describe('the same as `evseId`, for those who think in 1.6 connectors'),
    idToken: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('whom it is for; others of the group that it was issued with may use it too'),
    group: z.string().min(1).max(36).optional().describe('instead of a token: whoever is of this group'),
    expiresAt: AnyInstant.describe('when it is over if nobody comes'),
  })
  .refine(({ evseId, connectorId }) => (evseId === undefined) !== (connectorId === undefined), {
    path: ['evseId'],
    error: 'give either evseId or connectorId',
  })
  .refine(({ idToken, group }) => (idToken === undefined) !== (group === undefined), {
    path: ['idToken'],
    error: 'give either idToken or group',
  })
  .meta({ id: 'PostReservation', examples: [{ evseId: 1, idToken: '04A1B2C3', expiresAt: '2026-01-31T12:30:00Z' }] })

export const ReservationState = z.enum(['requested', 'accepted', ...ReservationEnd.options])

export const ReservationView = z
  .object({
    id: z.string().describe('names it over all chargers'),
    chargerId: ChargerId,
    reservationId: z.int().describe('its number at the charger, never used again'),
    evseId: EvseId.describe('0: any'),
    idToken: z
      .object({
        ref: TokenRef,
        type: IdTokenType.nullable(),
        token: z.string().nullable().describe('`null` when it was erased'),
      })
      .describe('of a reservation for a group alone: the group'),
    groupRef: TokenRef.nullable(),
    requestedAt: Instant.nullable(),
    expiresAt: Instant,
    state: ReservationState.describe(
      'requested: not answered yet; accepted: the charger holds it; used, expired, cancelled, lost (the charger let go of it ' +
        'before its time); refused by the charger: rejected, occupied, faulted, unavailable, unsupported; refused before it was sent: ' +
        'unknown-connector, token-refused; unsent: it never reached the charger',
    ),
    detail: z.string().nullable(),
    transactionId: TransactionId.nullable().describe('that used it; of one that is lost: that took its place'),
    sessionId: SessionId.nullable(),
    endedAt: Instant.nullable(),
  })
  .meta({ id: 'Reservation' })
export type ReservationView = z.infer<typeof ReservationView>

export const ReservationAnswer = z
  .object({
    reservation: ReservationView,
    command: CommandAnswer.describe('what came of asking the charger'),
  })
  .meta({ id: 'ReservationAnswer' })

export const ReservationList = z
  .object({ items: z.array(ReservationView).describe('newest first; those that go on and the newest that ended') })
  .meta({ id: 'Reservations' })
export const ReservationPage = page(ReservationView).meta({ id: 'ReservationPage' })

export const ReservationParams = z.object({ id: z.string().min(1).max(200).describe('`id` of the reservation') })
export const ListReservationsQuery = z.strictObject({
  ...pageQuery,
  limit: pageQuery.limit.describe('most chargers to look at, 1 to 500'),
  state: z.enum(['open', 'ended', 'all']).default('open').describe('open: requested and accepted'),
})
