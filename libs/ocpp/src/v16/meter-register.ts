import type { Decimal } from '@voltrail/contracts/quantities'
import { numberOrWithheld } from '../private-fields.ts'
import { decimalInForce } from '../reading-in-force.ts'
import type { Desk, Fields } from './inbound-message.ts'

const energyUnits: ReadonlyMap<string, 'Wh' | 'kWh'> = new Map([
  ['wh', 'Wh'],
  ['kwh', 'kWh'],
])

/** meterStart and meterStop, exact. OCPP 1.6 §6.45, §6.49: in Wh, unless the charger wrote kWh behind the number. */
export const meterRegister = (
  payload: Fields,
  field: 'meterStart' | 'meterStop',
  desk: Desk,
): { value: Decimal; unit: 'Wh' | 'kWh' } | undefined => {
  const raw = payload[field]
  if (raw === undefined) return undefined
  const { value, unit = 'Wh', rules } = decimalInForce(raw, desk.context)
  for (const rule of rules) desk.notes.add(rule, `/${field}`, () => numberOrWithheld(raw))
  const known = energyUnits.get(unit.toLowerCase())
  if (known === undefined) desk.notes.add('Q23-decimal-unreadable', `/${field}`, () => numberOrWithheld(raw))
  return value === undefined || known === undefined ? undefined : { value, unit: known }
}
