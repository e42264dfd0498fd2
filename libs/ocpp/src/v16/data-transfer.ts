import { optionalText, text } from './fields.ts'
import { AnswerMismatch, type InboundMessage } from './inbound-message.ts'

/** OCPP 1.6 §4.3, §6.13: from the charger. */
export const dataTransfer: InboundMessage = {
  action: 'DataTransfer',
  read: (payload) => ({
    type: 'VendorData',
    vendorId: text(payload, 'vendorId') ?? '',
    ...optionalText(payload, 'messageId', 'messageId'),
    ...optionalText(payload, 'data', 'data'),
  }),
  answer: (answer) => {
    if (answer.type !== 'VendorData') throw new AnswerMismatch('DataTransfer', answer)
    return { status: answer.status, ...(answer.data !== undefined && { data: answer.data }) }
  },
}
