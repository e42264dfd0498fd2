import type { FactAnswer } from '@voltrail/contracts/facts'
import { text, wholeNumber } from './fields.ts'
import { AnswerMismatch, type InboundMessage } from './inbound-message.ts'

const answer = (action: string) => (given: FactAnswer) => {
  if (given.type !== 'LogStatus') throw new AnswerMismatch(action, given)
  return {}
}

/** OCPP 1.6 §4.4, §6.17. */
export const diagnosticsStatusNotification: InboundMessage = {
  action: 'DiagnosticsStatusNotification',
  read: (payload) => ({ type: 'LogStatus', log: 'DiagnosticsLog', status: text(payload, 'status') ?? '' }),
  answer: answer('DiagnosticsStatusNotification'),
}

/** Security white paper §5.14. */
export const logStatusNotification: InboundMessage = {
  action: 'LogStatusNotification',
  read: (payload) => ({
    type: 'LogStatus',
    log: 'SecurityLog',
    status: text(payload, 'status') ?? '',
    ...wholeNumber(payload, 'requestId', 'requestId'),
  }),
  answer: answer('LogStatusNotification'),
}
