import type { Decimal } from '@voltrail/contracts/quantities'
import { rawText } from '../notes.ts'
import { decimalInForce } from '../reading-in-force.ts'
import type { Desk, Fields } from './inbound-message.ts'

/** meterStart and meterStop, exact. OCPP 1.6 §6.45, §6.49: in Wh. */
export const meterRegister = (
  payload: Fields,
  field: 'meterStart' | 'meterStop',
  desk: Desk,
): { value: Decimal; unit: 'Wh' } | undefined => {
  const raw = payload[field]
  if (raw === undefined) return undefined
  const { value, rules } = decimalInForce(raw, desk.context)
  for (const rule of rules) desk.notes.add(rule, `/${field}`, () => rawText(raw))
  return value === undefined ? undefined : { value, unit: 'Wh' }
}
