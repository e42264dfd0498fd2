import type { Violation } from '../schemas.ts'
import type { Fields } from './inbound-message.ts'

/** The member if it is text, else undefined: absent and empty differ only where the fact says so. */
export const text = (payload: Fields, field: string): string | undefined => {
  const value = payload[field]
  return typeof value === 'string' ? value : undefined
}

/** `{ [as]: text }`, or nothing when the field is absent: for optional members of facts. */
export const optionalText = <K extends string>(payload: Fields, field: string, as: K): { [P in K]?: string } => {
  const value = text(payload, field)
  return value === undefined ? {} : ({ [as]: value } as { [P in K]?: string })
}

/** `{ [as]: number }`, or nothing when the field is no safe whole number. */
export const wholeNumber = <K extends string>(payload: Fields, field: string, as: K): { [P in K]?: number } => {
  const value = payload[field]
  return Number.isSafeInteger(value) ? ({ [as]: value } as { [P in K]?: number }) : {}
}

/** A value exactly as received, as JSON text; '' when absent. Identifies repeats, so no rule ever touches it. */
export const asReceived = (received: Fields, field: string): string => {
  const value = received[field]
  return value === undefined ? '' : JSON.stringify(value)
}

const mostConnectors = 999

/** OCPP 1.6 connector n is EVSE n with connector 1; 0 is the charging station as a whole. */
export const placeOf = (payload: Fields): { evseId: number; connectorId: number } | { refused: Violation[] } => {
  const connector = payload['connectorId']
  if (typeof connector === 'number' && Number.isInteger(connector) && connector >= 0 && connector <= mostConnectors) {
    return { evseId: connector, connectorId: connector === 0 ? 0 : 1 }
  }
  const message = `must be a connector from 0 to ${mostConnectors}`
  return { refused: [{ path: '/connectorId', keyword: 'maximum', message, code: 'PropertyConstraintViolation' }] }
}

/** Without the members that are `undefined`. */
export const defined = (fields: { readonly [field: string]: unknown }): { [field: string]: unknown } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** A text, or a number as text; of anything else nothing. */
export const asText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
