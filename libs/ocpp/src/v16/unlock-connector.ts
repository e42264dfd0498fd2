import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.18, §6.53. A 1.6 connector n is EVSE n with connector 1. */
export const unlockConnector: OutboundMessage<'UnlockConnector'> = {
  action: 'UnlockConnector',
  write: ({ evseId, connectorId }) =>
    connectorId === undefined || connectorId === 1
      ? { payload: { connectorId: evseId } }
      : { unsupported: 'an EVSE of an OCPP 1.6 charger has one connector, number 1' },
  read: ({ connectorId }) => ({ evseId: connectorId }),
}
