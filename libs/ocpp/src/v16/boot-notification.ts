import { writeTimestamp } from '../timestamp.ts'
import { AnswerMismatch, type InboundMessage } from './inbound-message.ts'
import { optionalText, text } from './fields.ts'

/** OCPP 1.6 §4.2, §6.5. The older chargeBoxSerialNumber counts when the newer field is absent or empty. */
export const bootNotification: InboundMessage = {
  action: 'BootNotification',
  read: (payload) => ({
    type: 'Boot',
    vendor: text(payload, 'chargePointVendor') ?? '',
    model: text(payload, 'chargePointModel') ?? '',
    ...optionalText(
      payload,
      text(payload, 'chargePointSerialNumber') ? 'chargePointSerialNumber' : 'chargeBoxSerialNumber',
      'serialNumber',
    ),
    ...optionalText(payload, 'firmwareVersion', 'firmwareVersion'),
    ...optionalText(payload, 'iccid', 'iccid'),
    ...optionalText(payload, 'imsi', 'imsi'),
    ...optionalText(payload, 'meterType', 'meterType'),
    ...optionalText(payload, 'meterSerialNumber', 'meterSerialNumber'),
  }),
  answer: (answer, now) => {
    if (answer.type !== 'Boot') throw new AnswerMismatch('BootNotification', answer)
    return { status: answer.registration, currentTime: writeTimestamp(now), interval: answer.intervalSeconds }
  },
}
