import { contentHash } from '../content-hash.ts'
import { asReceived, placeOf } from './fields.ts'
import { AnswerMismatch, type Desk, type InboundMessage } from './inbound-message.ts'
import { rulesInForce } from '../quirks.ts'
import { meterSamples } from './meter-samples.ts'
import { energyOfSamples, flagSuspectEnergy } from './plausible-energy.ts'
import { transactionId } from './transaction-id.ts'

/** OCPP 1.6 §4.7, §6.31. */
export const meterValues: InboundMessage = {
  action: 'MeterValues',
  energy: 'MeterValues',
  read: (payload, received, desk) => {
    const told = placeOf(payload)
    if ('refused' in told) return told
    const place = placeMeant(told, desk)
    const transaction = transactionId(payload, 'Q18-transaction-zero', desk)
    const samples = meterSamples(payload['meterValue'], '/meterValue', desk)
    flagSuspectEnergy(energyOfSamples(samples, '/meterValue'), place, desk, transaction)
    return {
      type: 'MeterValues',
      ...place,
      ...(transaction !== undefined && { transactionId: transaction }),
      samples,
      raw: {
        connector: asReceived(received, 'connectorId'),
        transaction: asReceived(received, 'transactionId'),
        contentHash: contentHash(received['meterValue']),
      },
    }
  },
  placeless: (payload, desk) => {
    const transaction = transactionId(payload, 'Q18-transaction-zero', desk)
    const samples = meterSamples(payload['meterValue'], '/meterValue', desk)
    flagSuspectEnergy(energyOfSamples(samples, '/meterValue'), { transaction }, desk, transaction)
    return { ...(transaction !== undefined && { transactionId: transaction }), samples }
  },
  answer: (answer) => {
    if (answer.type !== 'MeterValues' && answer.type !== 'Malformed') throw new AnswerMismatch('MeterValues', answer)
    return {}
  },
}

type Place = { evseId: number; connectorId: number }

/** A box that is known to have one connector means that one by 0. */
const placeMeant = (told: Place, desk: Desk): Place => {
  if (told.evseId !== 0 || !rulesInForce(desk.context).has('Q18-connector-zero')) return told
  desk.notes.add('Q18-connector-zero', '/connectorId', () => '0')
  return { evseId: 1, connectorId: 1 }
}
