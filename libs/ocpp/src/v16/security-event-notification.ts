import { asReceived, optionalText, text } from './fields.ts'
import { AnswerMismatch, type InboundMessage } from './inbound-message.ts'
import { chargerTime } from './charger-time.ts'

/** Security white paper §5.16. */
export const securityEventNotification: InboundMessage = {
  action: 'SecurityEventNotification',
  read: (payload, received, desk) => ({
    type: 'SecurityEvent',
    event: text(payload, 'type') ?? '',
    time: chargerTime(text(payload, 'timestamp') ?? '', '/timestamp', desk),
    ...optionalText(payload, 'techInfo', 'techInfo'),
    raw: {
      event: asReceived(received, 'type'),
      timestamp: asReceived(received, 'timestamp'),
      techInfo: asReceived(received, 'techInfo'),
    },
  }),
  answer: (answer) => {
    if (answer.type !== 'SecurityEvent') throw new AnswerMismatch('SecurityEventNotification', answer)
    return {}
  },
}
