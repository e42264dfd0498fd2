import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import { asText } from './fields.ts'
import type { OutboundMessage } from './outbound-message.ts'

type Message = Extract<ChargerCommand, { type: 'TriggerMessage' }>['message']

/** What only the security extension can ask for, in its words (security white paper §5.6). */
const extended: Partial<Record<Message, string>> = {
  LogStatusNotification: 'LogStatusNotification',
  SignChargingStationCertificate: 'SignChargePointCertificate',
}

const neutral = new Map(Object.entries(extended).map(([message, said]) => [said, message]))

/** OCPP 1.6 §5.17, §6.51: the connector is above 0, so that the whole station is meant by leaving it out. */
export const triggerMessage: OutboundMessage<'TriggerMessage'> = {
  action: ({ message }) => (extended[message] === undefined ? 'TriggerMessage' : 'ExtendedTriggerMessage'),
  actions: ['TriggerMessage', 'ExtendedTriggerMessage'],
  write: ({ message, evseId }) => ({
    payload: {
      requestedMessage: extended[message] ?? message,
      ...(evseId !== undefined && evseId > 0 && { connectorId: evseId }),
    },
  }),
  read: ({ requestedMessage, connectorId }) => ({
    message: neutral.get(asText(requestedMessage) ?? '') ?? requestedMessage,
    evseId: connectorId,
  }),
}
