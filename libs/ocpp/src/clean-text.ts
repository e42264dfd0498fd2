/** Deeper JSON than this is not a message; every walk below may therefore recurse. OCPP itself needs 6. */
export const deepest = 64

export type OnClean = (rule: TextRule, path: string, raw: unknown) => void
export type TextRule = 'nul-stripped' | 'lone-surrogate-replaced' | 'number-out-of-range'

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
    onClean('nul-stripped', path, text)
    clean = clean.replace(nul, '')
  }
  if (!clean.isWellFormed()) {
    onClean('lone-surrogate-replaced', path, text)
    clean = clean.toWellFormed()
  }
  return clean
}

/**
 * A copy of a JSON value that can be stored anywhere: see `cleanString`; a number outside of the double range becomes null.
 * The copy is deep, so that later repairs never touch what was received. Throws `TooDeep`.
 */
export const cleanJson = (value: unknown, onClean: OnClean, path = '', depth = 0): unknown => {
  if (typeof value === 'object' && depth > deepest) throw new TooDeep()
  if (typeof value === 'string') return cleanString(value, path, onClean)
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value === 0 ? 0 : value
    onClean('number-out-of-range', path, String(value))
    return null
  }
  if (Array.isArray(value)) return value.map((item, i) => cleanJson(item, onClean, `${path}/${i}`, depth + 1))
  if (typeof value === 'object' && value !== null) {
    // fromEntries defines own members, so a key named __proto__ stays data
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const at = `${path}/${pointerToken(key)}`
        return [cleanString(key, at, onClean), cleanJson(member, onClean, at, depth + 1)]
      }),
    )
  }
  return value
}

/** One step of a JSON pointer (RFC 6901). */
export const pointerToken = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
