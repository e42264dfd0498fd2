import { z } from 'zod'
import { CommandId, EvseId, TokenRef, TransactionId } from '../ids.ts'
import { StoredIdToken } from '../personal.ts'
import { Instant } from '../quantities.ts'

/** Reservations of a device: events of the stream `device-<tenant>.<id>` (OCPP 1.6 §5.2 CancelReservation, §5.13 ReserveNow). */

const terms = {
  /** unique at its charger, never used again */
  reservationId: z.int(),
  /** 0: any */
  evseId: EvseId,
  tokenRef: TokenRef,
  /** whoever has this parent may use it too; of a reservation for a group alone it is the token as well */
  groupRef: TokenRef.optional(),
  expiresAt: Instant,
  /** the token, readable as long as its key is there; absent in the oldest events */
  idToken: StoredIdToken.optional(),
}

export const Reservation = z.object({
  ...terms,
  /** `requested`: asked for, and not answered yet; absent: the charger took it */
  state: z.literal('requested').optional(),
  requestedAt: Instant.optional(),
  /** the command that asked for it */
  askedBy: CommandId.optional(),
})
export type Reservation = z.infer<typeof Reservation>

/**
 * How a reservation ended. Refused by the charger, in its own word: `rejected`, `occupied`, `faulted`, `unavailable`, or because it
 * knows none: `unsupported`. Refused before it was sent: `unknown-connector`, `token-refused`. `unsent`: it never reached the charger.
 * Held, and then: `used` by a transaction, `expired`, `cancelled`, or `lost`: the charger let go of it before its time.
 */
export const ReservationEnd = z.enum([
  'used',
  'expired',
  'cancelled',
  'lost',
  'rejected',
  'occupied',
  'faulted',
  'unavailable',
  'unsupported',
  'unknown-connector',
  'token-refused',
  'unsent',
  'removed',
])
export type ReservationEnd = z.infer<typeof ReservationEnd>

const end = {
  reason: ReservationEnd,
  detail: z.string().max(300).optional(),
  /** that used it; of one that is lost: that took its place */
  transactionId: TransactionId.optional(),
}
export const EndedReservation = z.object({ ...Reservation.shape, ...end, endedAt: Instant })
export type EndedReservation = z.infer<typeof EndedReservation>

/** The part of a device's summary. */
export const reservationSummary = {
  reservations: z.array(Reservation).optional(),
  /** the newest that ended, oldest first */
  endedReservations: z.array(EndedReservation).optional(),
  /** the highest number that was used, of those that we make */
  lastReservationId: z.int().optional(),
} as const

export const reservationEvents = {
  /** It is about to be asked of the charger. */
  ReservationRequested: z.object({ ...terms, commandId: CommandId }),
  /** The charger took it; under a number that it holds already it is a change of that one. */
  ReservationMade: z.object({ ...terms, commandId: CommandId.optional() }),
  /** Told again of one that had ended, by a charger that used it all the same, it is the truth. */
  ReservationEnded: z.object({ reservationId: z.int(), ...end, commandId: CommandId.optional() }),
} as const
