/** Deeper JSON than this is not a message; every walk below may therefore recurse. OCPP itself needs 6. */
export const deepest = 64

export type OnClean = (rule: TextRule, path: string, raw: unknown) => void
export type TextRule = 'Q24-nul-stripped' | 'Q24-lone-surrogate-replaced' | 'Q24-number-out-of-range'

export class TooDeep extends Error {
  constructor() {
    super(`the message is nested deeper than ${deepest} levels`)
    this.name = 'TooDeep'
  }
}

// eslint-disable-next-line no-control-regex
const nul = /\u0000/g

/** One text without NUL (databases refuse it) and without lone surrogates (they have no UTF-8). */
export const cleanString = (text: string, path: string, onClean: OnClean): string => {
  let clean = text
  if (clean.includes('\u0000')) {
    onClean('Q24-nul-stripped', path, text)
    clean = clean.replace(nul, '')
  }
  if (!clean.isWellFormed()) {
    onClean('Q24-lone-surrogate-replaced', path, text)
    clean = clean.toWellFormed()
  }
  return clean
}

/**
 * A copy of a JSON value that can be stored anywhere: see `cleanString`; a number outside of the double range becomes null.
 * The copy is deep, so that later repairs never touch what was received. Throws `TooDeep`.
 */
export const cleanJson = (value: unknown, onClean: OnClean, path = ''): unknown => {
  const copied = copyIfClean(value, 0)
  return copied === unclean ? cleanSlowly(value, onClean, path, 0) : copied
}

const unclean = Symbol('something to clean')

/** Nearly every message is clean: no path is built for it. */
const copyIfClean = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return value.includes('\u0000') || !value.isWellFormed() ? unclean : value
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : unclean
  if (typeof value !== 'object' || value === null) return value
  if (depth > deepest) throw new TooDeep()
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    for (const item of value) {
      const copied = copyIfClean(item, depth + 1)
      if (copied === unclean) return unclean
      copy.push(copied)
    }
    return copy
  }
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    if (key === '__proto__' || key.includes('\u0000') || !key.isWellFormed()) return unclean
    const copied = copyIfClean((value as Record<string, unknown>)[key], depth + 1)
    if (copied === unclean) return unclean
    copy[key] = copied
  }
  return copy
}

const cleanSlowly = (value: unknown, onClean: OnClean, path: string, depth: number): unknown => {
  if (typeof value === 'object' && depth > deepest) throw new TooDeep()
  if (typeof value === 'string') return cleanString(value, path, onClean)
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value === 0 ? 0 : value
    onClean('Q24-number-out-of-range', path, String(value))
    return null
  }
  if (Array.isArray(value)) return value.map((item, i) => cleanSlowly(item, onClean, `${path}/${i}`, depth + 1))
  if (typeof value === 'object' && value !== null) {
    // fromEntries defines own members, so a key named __proto__ stays data
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const at = `${path}/${pointerToken(key)}`
        return [cleanString(key, at, onClean), cleanSlowly(member, onClean, at, depth + 1)]
      }),
    )
  }
  return value
}

/** One step of a JSON pointer (RFC 6901). */
export const pointerToken = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
