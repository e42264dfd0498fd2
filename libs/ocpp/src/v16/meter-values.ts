import { contentHash } from '../content-hash.ts'
import { asReceived, placeOf } from './fields.ts'
import { AnswerMismatch, type InboundMessage } from './inbound-message.ts'
import { meterSamples } from './meter-samples.ts'
import { transactionId } from './transaction-id.ts'

/** OCPP 1.6 §4.7, §6.31. */
export const meterValues: InboundMessage = {
  action: 'MeterValues',
  energy: 'MeterValues',
  read: (payload, received, desk) => {
    const place = placeOf(payload)
    if ('refused' in place) return place
    const transaction = transactionId(payload['transactionId'])
    return {
      type: 'MeterValues',
      ...place,
      ...(transaction !== undefined && { transactionId: transaction }),
      samples: meterSamples(payload['meterValue'], '/meterValue', desk),
      raw: { transaction: asReceived(received, 'transactionId'), contentHash: contentHash(received['meterValue']) },
    }
  },
  answer: (answer) => {
    if (answer.type !== 'MeterValues' && answer.type !== 'Malformed') throw new AnswerMismatch('MeterValues', answer)
    return {}
  },
}
