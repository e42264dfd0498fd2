import type { Decimal } from '@voltrail/contracts/quantities'
import type { FormatRuleId } from './quirks.ts'

/** Reads the numbers that meters write into exact decimal text: no binary fraction ever stands between. */
export type DecimalRule = Extract<FormatRuleId, `Q23-decimal-${string}`>

/** `unit`: what stood behind the number, as it stood there */
export type ReadDecimal = { value?: Decimal; unit?: string; rules: DecimalRule[] }

const strict = /^-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,40})?$/
const loose = /^([+-]?)(\d*)(?:([.,])(\d*))?(?:[eE]([+-]?\d{1,3}))?\s*(%|[A-Za-z°]{1,6})?$/

/** A terawatt-hour in watt-hours: what is above is a defect or a sentinel (2^64-1), and no safe integer when scaled. */
const mostWholeDigits = 12
const mostFractionDigits = 40

/** @param raw text or number as received */
export const readDecimal = (raw: unknown): ReadDecimal => {
  const unreadable: ReadDecimal = { rules: ['Q23-decimal-unreadable'] }
  if (typeof raw !== 'string' && typeof raw !== 'number') return unreadable
  const received = String(raw)
  if (strict.test(received)) return { value: received, rules: [] }
  if (received.length > 100) return unreadable

  const rules: DecimalRule[] = []
  const text = received.replace(/^[\s"']+|[\s"']+$/g, '')
  if (text !== received) rules.push('Q23-decimal-spaces')
  const match = loose.exec(text)
  if (match === null) return unreadable
  const [, sign, whole = '', mark, fraction = '', exponent, unit] = match
  if (whole === '' && fraction === '') return unreadable
  if (mark === ',') rules.push('Q23-decimal-comma')
  if (exponent !== undefined) rules.push('Q23-decimal-exponent')
  if (unit !== undefined) rules.push('Q23-decimal-unit')
  const shifted = shift(whole, fraction, Number(exponent ?? 0))
  if (shifted === undefined) return unreadable
  const value = `${sign === '-' ? '-' : ''}${shifted}`
  const respelled = sign === '+' || whole === '' || (mark !== undefined && fraction === '') || /^0\d/.test(whole)
  if (respelled) rules.push('Q23-decimal-spelling')
  return { value, ...(unit !== undefined && { unit }), rules }
}

/** digits and a power of ten, written out plainly; undefined when no meter shows such a number */
const shift = (whole: string, fraction: string, exponent: number): string | undefined => {
  const digits = whole + fraction
  const point = whole.length + exponent
  if (point > 100 || point < -100) return undefined
  const left = (point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0')).replace(/^0+(?=\d)/, '')
  const right = point < 0 ? '0'.repeat(-point) + digits : digits.slice(point)
  if (left.length > mostWholeDigits || right.length > mostFractionDigits) return undefined
  return `${left === '' ? '0' : left}${right === '' ? '' : `.${right}`}`
}
