import { instant, type Instant } from '@voltrail/contracts/quantities'
import type { FormatRuleId } from './quirks.ts'

/**
 * Reads the times that chargers write, and writes ours. OCPP 1.6 §3.13 wants ISO 8601 / RFC 3339; the field sends more.
 */
export type TimestampRule = Extract<FormatRuleId, `Q1-time-${string}` | `Q2-time-${string}`>

export type ReadTime = { at?: Instant; rules: TimestampRule[] }

const shape =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:([.,])(\d{0,12}))?)?)?\s*([Zz]|[+-]\d{2}(?::?\d{2})?)?$/

/** What a sound charger writes. */
const usual = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/

/**
 * @param raw the text as received
 * @param zone what a missing zone means at this charger: an IANA name or `+02:00`; unknown ones count as UTC
 * @returns `at` unless nothing sensible can be read; the rules that it took, none for RFC 3339
 */
export const readTimestamp = (raw: string, zone?: string): ReadTime => {
  if (usual.test(raw)) {
    const ms = Date.parse(raw)
    // the engine's own reader lets 30 February pass as 2 March
    if (ms >= dayMs && new Date(ms).toISOString().startsWith(raw.slice(0, 19))) return { at: instant(ms), rules: [] }
  }
  const rules: TimestampRule[] = []
  const text = raw
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim()
  if (text === '') return { rules: ['Q2-time-missing'] }
  if (text !== raw) rules.push('Q2-time-spaces')

  if (/^\d{9,10}$|^\d{12,13}$|^0$/.test(text)) {
    const number = Number(text)
    return found(number * (text.length > 10 ? 1 : 1000), [...rules, 'Q2-time-epoch'])
  }
  const match = shape.exec(text)
  if (match === null) return { rules: ['Q2-time-unreadable'] }
  const [, year, month, day, separator, hour, minute, second, mark, fraction, offset] = match
  const wall = wallTime(
    [year, month, day, hour ?? '0', minute ?? '0', second ?? '0'].map(Number) as Wall,
    Number(`0.${fraction === undefined || fraction === '' ? '0' : fraction}`),
  )
  if (wall === undefined) return { rules: ['Q2-time-unreadable'] }
  if (separator === undefined) rules.push('Q2-time-date-only')
  if (separator === ' ' && !rules.includes('Q2-time-spaces')) rules.push('Q2-time-spaces')
  const single = month!.length < 2 || day!.length < 2 || (hour !== undefined && hour.length < 2)
  if (single || separator === 't' || offset === 'z' || mark === ',' || (hour !== undefined && second === undefined)) {
    rules.push('Q2-time-loose')
  }
  if (offset === undefined) return found(inZone(wall, zone), [...rules, 'Q1-time-no-zone'])
  if (offset === 'Z' || offset === 'z') return found(wall, rules)
  if (offset.length !== 6) rules.push('Q2-time-short-zone')
  return found(wall - offsetMs(offset), rules)
}

/** Ours on the wire: `2026-01-31T12:00:00.000Z`, UTC with Z (https://github.com/lbbrhzn/ocpp/issues/512). */
export const writeTimestamp = (at: Instant): string => at

/** A time of an operator's own call, which the schema has taken; `undefined` for what is none. */
export const readInstant = (raw: unknown): Instant | undefined =>
  typeof raw === 'string' ? readTimestamp(raw).at : undefined

const dayMs = 86_400_000

const found = (ms: number, rules: TimestampRule[]): ReadTime => {
  // Instant has four digits of a year; nothing before 1970 can come from a clock
  if (!Number.isFinite(ms) || ms < -dayMs || ms >= 253_402_300_800_000) return { rules: ['Q2-time-unreadable'] }
  return { at: instant(ms), rules: Math.abs(ms) < dayMs ? [...rules, 'Q2-time-zero'] : rules }
}

type Wall = [number, number, number, number, number, number]

const wallTime = ([year, month, day, hour, minute, second]: Wall, fraction: number): number | undefined => {
  const midnight = Date.UTC(year, month - 1, day)
  const real = new Date(midnight)
  if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day || real.getUTCFullYear() !== year) return undefined
  // 24:00:00 is ISO 8601's end of a day; second 60 is a leap second
  if (hour > 24 || (hour === 24 && minute + second > 0) || minute > 59 || second > 60) return undefined
  return midnight + ((hour * 60 + minute) * 60 + second) * 1000 + Math.floor(fraction * 1000)
}

const offsetMs = (offset: string): number => {
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000
}

const formats = new Map<string, Intl.DateTimeFormat | undefined>()

/** The instant at which clocks of the zone show this wall time. In the hour that comes twice, the first of both. */
const inZone = (wall: number, zone: string | undefined): number => {
  if (zone === undefined || zone === '' || zone === 'Z') return wall
  if (/^[+-]\d{2}(:?\d{2})?$/.test(zone)) return wall - offsetMs(zone)
  const earlier = wall - zoneOffset(wall - dayMs, zone)
  const later = wall - zoneOffset(wall + dayMs, zone)
  const first = Math.min(earlier, later)
  return first + zoneOffset(first, zone) === wall ? first : Math.max(earlier, later)
}

/** What a zone's clocks are ahead of UTC, in milliseconds. */
const zoneOffset = (at: number, zone: string): number => {
  const format = formatOf(zone)
  if (format === undefined) return 0
  const part: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(at)) part[type] = Number(value)
  const shown = Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second'])
  return shown - Math.floor(at / 1000) * 1000
}

const formatOf = (zone: string): Intl.DateTimeFormat | undefined => {
  if (formats.has(zone)) return formats.get(zone)
  let format: Intl.DateTimeFormat | undefined
  try {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  } catch (error) {
    // RangeError: no such zone. A wrong setting must not cost a session
    if (!(error instanceof RangeError)) throw error
  }
  // names come from chargers' records, a few hundred at most; a flood of wrong ones must not stay
  if (formats.size > 1000) formats.clear()
  formats.set(zone, format)
  return format
}
