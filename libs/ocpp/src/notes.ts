import type { Normalisation } from '@voltrail/contracts/facts'

/** How many notes of one rule are kept; a long list of the same repair says no more than its count. */
const perRule = 8
const rawLimit = 200

/** A value as JSON text, cut to a length that an event can carry. Escapes NUL and lone surrogates. Absent is ''. */
export const rawText = (value: unknown): string => {
  if (value === undefined) return ''
  const text = JSON.stringify(value) ?? ''
  return text.length <= rawLimit ? text : `${text.slice(0, rawLimit).toWellFormed()}…`
}

/** Collects normalisations of one frame: each rule and path once, a bounded number per rule, then only their count. */
export const createNotes = () => {
  const kept: Normalisation[] = []
  const seen = new Set<string>()
  const counts = new Map<string, number>()
  return {
    /** @param raw makes the JSON text of what stood there, free of personal data and secrets; asked only if it is kept */
    add(rule: string, path: string, raw: () => string): void {
      const name = `${rule} ${path}`
      if (seen.has(name)) return
      seen.add(name)
      const count = (counts.get(rule) ?? 0) + 1
      counts.set(rule, count)
      if (count <= perRule) kept.push({ rule, path: path.slice(0, rawLimit).toWellFormed(), raw: raw() })
    },
    list(): Normalisation[] {
      const more = [...counts].filter(([, count]) => count > perRule)
      return [...kept, ...more.map(([rule, count]) => ({ rule, path: '*', raw: `${count - perRule} more` }))]
    },
  }
}
export type Notes = ReturnType<typeof createNotes>
