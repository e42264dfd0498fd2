import type { FactAnswer } from '@voltrail/contracts/facts'
import { text, wholeNumber } from './fields.ts'
import { AnswerMismatch, type InboundMessage } from './inbound-message.ts'

const answer = (action: string) => (given: FactAnswer) => {
  if (given.type !== 'FirmwareStatus') throw new AnswerMismatch(action, given)
  return {}
}

/** OCPP 1.6 §4.5, §6.19: it names no request; it is of the newest. */
export const firmwareStatusNotification: InboundMessage = {
  action: 'FirmwareStatusNotification',
  read: (payload) => ({ type: 'FirmwareStatus', status: text(payload, 'status') ?? '' }),
  answer: answer('FirmwareStatusNotification'),
}

/** Security white paper §5.18. */
export const signedFirmwareStatusNotification: InboundMessage = {
  action: 'SignedFirmwareStatusNotification',
  read: (payload) => ({
    type: 'FirmwareStatus',
    status: text(payload, 'status') ?? '',
    ...wholeNumber(payload, 'requestId', 'requestId'),
  }),
  answer: answer('SignedFirmwareStatusNotification'),
}
