import { readDecimal, type ReadDecimal } from './decimal.ts'
import type { InboundContext } from './inbound-context.ts'
import { rulesInForce } from './quirks.ts'
import { readTimestamp, type ReadTime } from './timestamp.ts'

/** The time as the rules of this charger read it: what takes a rule that is switched off for it is unreadable. */
export const timeInForce = (raw: string, context: InboundContext): ReadTime => {
  const read = readTimestamp(raw, context.zone)
  if (read.rules.length === 0) return read
  const inForce = rulesInForce(context)
  return read.rules.every((rule) => inForce.has(rule)) ? read : { rules: ['Q2-time-unreadable'] }
}

/** The same for a number of a meter. */
export const decimalInForce = (raw: unknown, context: InboundContext): ReadDecimal => {
  const read = readDecimal(raw)
  if (read.rules.length === 0) return read
  const inForce = rulesInForce(context)
  return read.rules.every((rule) => inForce.has(rule)) ? read : { rules: ['Q23-decimal-unreadable'] }
}
