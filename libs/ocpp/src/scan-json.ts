/** Where the values of a JSON text stand, so that one can be exchanged and every other byte stays. Offsets are UTF-16 units. */
export type ScannedObject = Span & { kind: 'object'; members: { key: string; value: ScannedValue }[] }
export type ScannedArray = Span & { kind: 'array'; items: ScannedValue[] }
export type ScannedValue = ScannedObject | ScannedArray | (Span & { kind: 'string' | 'number' | 'word' })
type Span = { start: number; end: number }

const deepestScanned = 200
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y
const space = /[ \t\n\r]*/y

/** Undefined when the text is not JSON, or is nested deeper than any message. */
export const scanJson = (text: string): ScannedValue | undefined => scan(text).root

/** Where a text stops being JSON: the engine's own message would quote the text, which may be personal. */
export const firstDefect = (text: string): number => scan(text).at

const scan = (text: string): { root: ScannedValue | undefined; at: number } => {
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  /** by hand: a pattern with alternatives runs out of stack on a string of megabytes */
  const string = (): string | undefined => {
    if (text[at] !== '"') return undefined
    for (let i = at + 1; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code < 0x20) return undefined
      if (code === 0x22) {
        const literal = text.slice(at, i + 1)
        at = i + 1
        return literal
      }
      if (code === 0x5c) {
        const escape = text[++i]
        if (escape === undefined || !'"\\/bfnrtu'.includes(escape)) return undefined
        if (escape === 'u' && !/^[0-9a-fA-F]{4}$/.test(text.slice(i + 1, i + 5))) return undefined
      }
    }
    return undefined
  }
  const take = (character: string): boolean => {
    match(space)
    if (text[at] !== character) return false
    at++
    return true
  }
  const key = (): string | undefined => {
    match(space)
    const literal = string()
    return literal === undefined ? undefined : (JSON.parse(literal) as string)
  }

  const value = (depth: number): ScannedValue | undefined => {
    match(space)
    const start = at
    if (depth > deepestScanned) return undefined
    if (take('{')) {
      const members: ScannedObject['members'] = []
      if (take('}')) return { kind: 'object', start, end: at, members }
      for (;;) {
        const name = key()
        if (name === undefined || !take(':')) return undefined
        const member = value(depth + 1)
        if (member === undefined) return undefined
        members.push({ key: name, value: member })
        if (take('}')) return { kind: 'object', start, end: at, members }
        if (!take(',')) return undefined
      }
    }
    if (take('[')) {
      const items: ScannedValue[] = []
      if (take(']')) return { kind: 'array', start, end: at, items }
      for (;;) {
        const item = value(depth + 1)
        if (item === undefined) return undefined
        items.push(item)
        if (take(']')) return { kind: 'array', start, end: at, items }
        if (!take(',')) return undefined
      }
    }
    if (string() !== undefined) return { kind: 'string', start, end: at }
    if (match(number) !== undefined) return { kind: 'number', start, end: at }
    if (match(word) !== undefined) return { kind: 'word', start, end: at }
    return undefined
  }

  const root = value(0)
  match(space)
  return { root: at === text.length ? root : undefined, at }
}
