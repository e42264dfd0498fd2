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
