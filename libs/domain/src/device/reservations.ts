import type { Outcome } from './command-outcome.ts'
import type { Part } from './device-state.ts'

/** The reservations that the charger holds. */
export const reservationsWith: Part = (state, event) => {
  const others = (id: number) => (state.reservations ?? []).filter(({ reservationId }) => reservationId !== id)
  switch (event.type) {
    case 'ReservationMade': {
      const { commandId: _, ...reservation } = event.data
      return { ...state, reservations: [...others(reservation.reservationId), reservation] }
    }
    case 'ReservationEnded':
      return { ...state, reservations: others(event.data.reservationId) }
    default:
      return state
  }
}

/** A reservation that the charger took, or gave back. */
export const reservationOutcome: Outcome = ({ command, commandId, result }, state) => {
  if (result.outcome !== 'result' || result.status !== 'Accepted') return []
  if (command.type === 'ReserveNow') {
    const { reservationId, evseId, expiresAt, idToken, groupIdToken } = command
    const group = groupIdToken === undefined ? {} : { groupRef: groupIdToken.ref }
    const data = { reservationId, evseId, tokenRef: idToken.ref, ...group, expiresAt, commandId }
    return [{ type: 'ReservationMade', data }]
  }
  const known = state.reservations?.some(
    (one) => command.type === 'CancelReservation' && one.reservationId === command.reservationId,
  )
  return command.type === 'CancelReservation' && known === true
    ? [{ type: 'ReservationEnded', data: { reservationId: command.reservationId, reason: 'cancelled' } }]
    : []
}
