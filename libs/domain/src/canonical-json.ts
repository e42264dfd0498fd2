/**
 * JSON in one spelling only (RFC 8785), so that equal values have equal bytes and equal hashes. Narrower than the RFC: numbers
 * are safe integers (a fraction is text, `"0.39"`), and text is well-formed and without NUL, because not every store keeps it.
 */

/** A value that has no canonical form. `path` is like `$.registers[2].raw`. */
export class CanonicalError extends Error {
  readonly path: string

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`)
    this.name = 'CanonicalError'
    this.path = path
  }
}

/** deeper than anything we store; a cycle ends here and not in a stack overflow */
const maxDepth = 200

/**
 * The canonical text of a value. Properties that are `undefined` are left out; it holds no raw line break.
 * @throws {CanonicalError} on what JSON cannot hold and on what we refuse: fractions, unsafe integers, lone surrogates, NUL
 */
export const canonicalJson = (value: unknown): string => write(value, '$', 0)

function write(value: unknown, path: string, depth: number): string {
  switch (typeof value) {
    case 'string':
      return quote(value, path)
    case 'number':
      if (Number.isSafeInteger(value)) return String(value)
      throw new CanonicalError(path, `is ${value}: only safe integers are kept as numbers, write it as text`)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth === maxDepth) throw new CanonicalError(path, `is nested deeper than ${maxDepth} levels`)
      return Array.isArray(value) ? writeArray(value, path, depth + 1) : writeObject(value, path, depth + 1)
    default:
      throw new CanonicalError(path, `is of type ${typeof value}, which JSON does not have`)
  }
}

function writeArray(values: readonly unknown[], path: string, depth: number): string {
  let text = '['
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ','
    text += write(values[i], `${path}[${i}]`, depth)
  }
  return text + ']'
}

function writeObject(value: object, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  // plain in any realm: its prototype, if it has one, is the end of the chain
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new CanonicalError(path, `is a ${value.constructor?.name ?? 'class instance'}, not a plain object`)
  }
  // RFC 8785 §3.2.3: names in the order of their UTF-16 code units, which is what sort() does
  const keys = Object.keys(value).sort()
  let text = '{'
  for (const key of keys) {
    const property = (value as Record<string, unknown>)[key]
    if (property === undefined) continue
    const at = `${path}.${key}`
    if (text.length > 1) text += ','
    text += quote(key, at) + ':' + write(property, at, depth)
  }
  return text + '}'
}

// eslint-disable-next-line no-control-regex
const needsCare = /[\u0000-\u001f"\\\ud800-\udfff]/

function quote(text: string, path: string): string {
  if (!needsCare.test(text)) return `"${text}"`
  if (!text.isWellFormed())
    throw new CanonicalError(path, 'holds a lone surrogate: the text is not well-formed Unicode')
  if (text.includes('\u0000')) throw new CanonicalError(path, 'holds a NUL character')
  // ECMAScript's escapes are those of RFC 8785 §3.2.2.2
  return JSON.stringify(text)
}
