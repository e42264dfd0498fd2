import { chargerTime } from './charger-time.ts'
import { asReceived, placeOf, text } from './fields.ts'
import { idTagInfo, idToken } from './id-token.ts'
import { AnswerMismatch, type Desk, type Fields, type InboundMessage } from './inbound-message.ts'
import { meterRegister } from './meter-register.ts'
import { energyOfBoundary, flagSuspectEnergy } from './plausible-energy.ts'
import { rewrittenTag } from './tag-rewrite.ts'

/** OCPP 1.6 §4.8, §6.45. The answer always carries a transaction id and the true status of the tag. */
export const startTransaction: InboundMessage = {
  action: 'StartTransaction',
  energy: 'TransactionStart',
  read: (payload, received, desk) => {
    const place = placeOf(payload)
    if ('refused' in place) return place
    const began = beginning(payload, desk)
    flagSuspectEnergy(energyOfBoundary(began.meterStart, began.time, '/meterStart'), place, desk)
    const reservation = payload['reservationId']
    return {
      type: 'TransactionStart',
      ...place,
      ...began,
      ...(typeof reservation === 'number' && { reservationId: String(reservation) }),
      raw: {
        connector: asReceived(received, 'connectorId'),
        idToken: asReceived(received, 'idTag'),
        timestamp: asReceived(received, 'timestamp'),
        meterStart: asReceived(received, 'meterStart'),
      },
    }
  },
  placeless: (payload, desk) => beginning(payload, desk),
  answer: (answer) => {
    switch (answer.type) {
      case 'TransactionStart':
        return { transactionId: Number(answer.transactionId), idTagInfo: idTagInfo(answer.authorization) }
      case 'Malformed':
        return { transactionId: Number(answer.transactionId), idTagInfo: { status: 'Invalid' } }
      default:
        throw new AnswerMismatch('StartTransaction', answer)
    }
  },
}

/** Everything that it says but where. */
const beginning = (payload: Fields, desk: Desk) => {
  const meterStart = meterRegister(payload, 'meterStart', desk)
  return {
    idToken: idToken(rewrittenTag(text(payload, 'idTag') ?? '', desk)),
    ...(meterStart !== undefined && { meterStart }),
    time: chargerTime(text(payload, 'timestamp') ?? '', '/timestamp', desk),
  }
}
