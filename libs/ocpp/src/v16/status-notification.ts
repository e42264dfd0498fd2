import { ConnectorStatus } from '@voltrail/contracts/facts'
import { rawText } from '../notes.ts'
import { chargerTime } from './charger-time.ts'
import { optionalText, placeOf, text } from './fields.ts'
import { AnswerMismatch, type Desk, type InboundMessage } from './inbound-message.ts'

/** OCPP 1.6 §4.9, §6.47. */
export const statusNotification: InboundMessage = {
  action: 'StatusNotification',
  read: (payload, _received, desk) => {
    const place = placeOf(payload)
    if ('refused' in place) return place
    const timestamp = text(payload, 'timestamp')
    return {
      type: 'ConnectorStatus',
      ...place,
      status: statusOf(text(payload, 'status') ?? '', desk),
      errorCode: text(payload, 'errorCode') ?? 'NoError',
      ...optionalText(payload, 'info', 'info'),
      ...optionalText(payload, 'vendorId', 'vendorId'),
      ...optionalText(payload, 'vendorErrorCode', 'vendorErrorCode'),
      ...(timestamp !== undefined && { time: chargerTime(timestamp, '/timestamp', desk) }),
    }
  },
  answer: (answer) => {
    if (answer.type !== 'ConnectorStatus') throw new AnswerMismatch('StatusNotification', answer)
    return {}
  },
}

/** Unavailable ends no session and offers no connector: the safest reading of a word that nobody defined. */
const statusOf = (raw: string, desk: Desk): ConnectorStatus => {
  const known = ConnectorStatus.safeParse(raw)
  if (known.success) return known.data
  desk.notes.add('Q26-unknown-status', '/status', () => rawText(raw))
  return 'Unavailable'
}
