import type { FormatRuleId } from './quirks.ts'

/** What is done about text that is no JSON, and where it stood first. */
export type JsonRepair = Extract<FormatRuleId, `Q24-${string}`>
export type RepairedJson = { text: string; repairs: ReadonlyMap<JsonRepair, number> }

const controlEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * The known ways in which chargers write broken JSON, repaired in one pass; to be used only on text that JSON.parse refuses.
 * The result may still be no JSON. Repairs hold where (in UTF-16 units) each was needed first: never what stood there, which
 * may be personal.
 * @param allowed tells whether a repair is in force for the charger
 */
export const repairJson = (text: string, allowed: (rule: JsonRepair) => boolean): RepairedJson => {
  const repairs = new Map<JsonRepair, number>()
  const may = (rule: JsonRepair, at: number): boolean => {
    if (!allowed(rule)) return false
    if (!repairs.has(rule)) repairs.set(rule, at)
    return true
  }
  const parts: string[] = []
  /** the last character outside of texts that is no space; `"` for a text */
  let last = ''
  let at = 0
  while (at < text.length) {
    const char = text[at]!
    if (char === '"' || (char === "'" && may('Q24-single-quotes', at))) {
      const read = quoted(text, at, char, may)
      parts.push(read.json)
      at = read.end
      last = '"'
      continue
    }
    if ((char === '\u0000' || char === '\ufeff') && may('Q24-nul-padding', at)) {
      at++
      continue
    }
    if (char === ',') {
      const next = nextCharacter(text, at + 1)
      if (last === ':' && may('Q24-missing-value', at)) parts.push('null')
      else if (('[{,'.includes(last) || next === ']' || next === '}') && may('Q24-stray-comma', at)) {
        at++
        continue
      }
    }
    if ((char === '}' || char === ']') && last === ':' && may('Q24-missing-value', at)) parts.push('null')
    parts.push(char)
    if (!/\s/.test(char)) last = char
    at++
  }
  return { text: parts.join(''), repairs }
}

const nextCharacter = (text: string, from: number): string => {
  for (let at = from; at < text.length; at++) if (!/\s/.test(text[at]!)) return text[at]!
  return ''
}

/** One text with its quotes, from `start` on; to the end if it never ends. */
const quoted = (
  text: string,
  start: number,
  quote: string,
  may: (rule: JsonRepair, at: number) => boolean,
): { json: string; end: number } => {
  const parts: string[] = ['"']
  let copied = start + 1
  let at = copied
  const put = (instead: string, skip: number): void => {
    parts.push(text.slice(copied, at), instead)
    at += skip
    copied = at
  }
  while (at < text.length) {
    const char = text[at]!
    if (char === quote) {
      put('"', 1)
      return { json: parts.join(''), end: at }
    }
    if (char === '\\') {
      // \' is no escape of JSON
      if (text[at + 1] === "'") put("'", 2)
      else at += 2
    } else if (char === '"') {
      put('\\"', 1)
    } else if (char < ' ' && may('Q24-control-character', at)) {
      put(controlEscapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`, 1)
    } else {
      at++
    }
  }
  parts.push(text.slice(copied))
  return { json: parts.join(''), end: text.length }
}
