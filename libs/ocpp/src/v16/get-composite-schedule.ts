import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.7, §6.21. At connector 0 the charger tells what it expects to draw from the grid. */
export const getCompositeSchedule: OutboundMessage<'GetCompositeSchedule'> = {
  action: 'GetCompositeSchedule',
  write: ({ evseId, durationSeconds, unit }) => ({
    payload: { connectorId: evseId, duration: durationSeconds, ...(unit !== undefined && { chargingRateUnit: unit }) },
  }),
  read: ({ connectorId, duration, chargingRateUnit }) => ({
    evseId: connectorId,
    durationSeconds: duration,
    unit: chargingRateUnit,
  }),
}
