import { chargerTime } from './charger-time.ts'
import { asReceived, optionalText, text } from './fields.ts'
import { idTagInfo, idToken } from './id-token.ts'
import { AnswerMismatch, type InboundMessage } from './inbound-message.ts'
import { meterRegister } from './meter-register.ts'
import { meterSamples } from './meter-samples.ts'
import { energyOfBoundary, energyOfSamples, flagSuspectEnergy } from './plausible-energy.ts'
import { rewrittenTag } from './tag-rewrite.ts'
import { transactionId } from './transaction-id.ts'

/** OCPP 1.6 §4.10, §6.49. It is always answered: a charger that hears nothing repeats it for ever and starts nothing else. */
export const stopTransaction: InboundMessage = {
  action: 'StopTransaction',
  energy: 'TransactionStop',
  read: (payload, received, desk) => {
    const transaction = transactionId(payload, 'Q13-transaction-none', desk)
    const meterStop = meterRegister(payload, 'meterStop', desk)
    const idTag = text(payload, 'idTag')
    const time = chargerTime(text(payload, 'timestamp') ?? '', '/timestamp', desk)
    const samples = meterSamples(payload['transactionData'], '/transactionData', desk)
    const told = [...energyOfSamples(samples, '/transactionData'), ...energyOfBoundary(meterStop, time, '/meterStop')]
    flagSuspectEnergy(told, { transaction }, desk)
    return {
      type: 'TransactionStop',
      ...(transaction !== undefined && { transactionId: transaction }),
      ...(idTag !== undefined && { idToken: idToken(rewrittenTag(idTag, desk)) }),
      ...(meterStop !== undefined && { meterStop }),
      time,
      ...optionalText(payload, 'reason', 'reason'),
      samples,
      raw: {
        transaction: asReceived(received, 'transactionId'),
        idToken: asReceived(received, 'idTag'),
        timestamp: asReceived(received, 'timestamp'),
        meterStop: asReceived(received, 'meterStop'),
      },
    }
  },
  answer: (answer) => {
    switch (answer.type) {
      case 'TransactionStop':
        return answer.authorization === undefined ? {} : { idTagInfo: idTagInfo(answer.authorization) }
      case 'Malformed':
        return {}
      default:
        throw new AnswerMismatch('StopTransaction', answer)
    }
  },
}
