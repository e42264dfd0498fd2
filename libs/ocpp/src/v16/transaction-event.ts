import { ReadableEnergy } from '@voltrail/contracts/facts'
import type { MeterSample } from '@voltrail/contracts/facts'
import { chargerTime } from './charger-time.ts'
import { text } from './fields.ts'
import { meterValue16 } from './from-version2.ts'
import { idToken } from './id-token.ts'
import { AnswerMismatch, type Fields, type InboundMessage } from './inbound-message.ts'
import { meterSamples } from './meter-samples.ts'

const meanings = { Started: 'TransactionStart', Updated: 'MeterValues', Ended: 'TransactionStop' } as const

/**
 * OCPP 2.0.1 part 2 §1.60 on a connection that speaks 1.6. It carries energy, so it is recorded and answered; but its transaction
 * has no id that 1.6 could name, so it is for an operator to say what becomes of it.
 */
export const transactionEvent: InboundMessage = {
  action: 'TransactionEvent',
  read: (payload, _received, desk) => {
    const event = text(payload, 'eventType') ?? ''
    const meant = Object.hasOwn(meanings, event) ? meanings[event as keyof typeof meanings] : 'MeterValues'
    const info = fieldsOf(payload['transactionInfo'])
    const evse = fieldsOf(payload['evse'])
    const token = text(fieldsOf(payload['idToken']), 'idToken')
    const samples = meterSamples(listOfFields(meterValue16(payload['meterValue'])), '/meterValue', desk)
    const register = registerOf(samples)
    const readable = partsOf({
      ...(evse['id'] !== undefined && { evseId: evse['id'], connectorId: evse['connectorId'] ?? 1 }),
      transactionId: info['transactionId'],
      ...(token !== undefined && { idToken: idToken(token) }),
      ...(meant === 'TransactionStart' && { meterStart: register }),
      ...(meant === 'TransactionStop' && { meterStop: register }),
      time: chargerTime(text(payload, 'timestamp') ?? '', '/timestamp', desk),
      reason: info['stoppedReason'],
      ...(samples.length > 0 && { samples }),
    })
    return {
      type: 'Malformed',
      meant,
      violations: ['TransactionEvent is a message of OCPP 2.x, on a connection that speaks OCPP 1.6'],
      readable,
    }
  },
  answer: (answer) => {
    // a start among them has the status of its token, which is left unsaid: what waits for review stops no charger of another version
    if (answer.type !== 'Malformed' && answer.type !== 'TransactionStart')
      throw new AnswerMismatch('TransactionEvent', answer)
    return {}
  },
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}

const listOfFields = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : [])

/** The newest register of the whole connector among the samples. */
const registerOf = (samples: readonly MeterSample[]): unknown => {
  const found = samples
    .flatMap(({ values }) => values)
    .findLast(
      ({ measurand, phase, value }) =>
        measurand === 'Energy.Active.Import.Register' && phase === undefined && value !== undefined,
    )
  return found === undefined ? undefined : { value: found.value, unit: found.unit }
}

/** What fits the contract, member by member: one that does not takes nothing else with it. */
const partsOf = (parts: Fields): ReadableEnergy => {
  const kept = Object.entries(parts).filter(
    ([name, value]) => value !== undefined && ReadableEnergy.safeParse({ [name]: value }).success,
  )
  return ReadableEnergy.parse(Object.fromEntries(kept))
}
