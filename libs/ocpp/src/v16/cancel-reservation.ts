import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.1, §6.5. */
export const cancelReservation: OutboundMessage<'CancelReservation'> = {
  action: 'CancelReservation',
  write: ({ reservationId }) => ({ payload: { reservationId } }),
  read: ({ reservationId }) => ({ reservationId }),
}
