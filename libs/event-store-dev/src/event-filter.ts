/** Which events of `$all` a reader wants: by stream name or by event type, by any of some prefixes or by a regular expression. */
export interface EventFilter {
  readonly on: 'stream' | 'type'
  matches(name: string): boolean
}

/** A regular expression that cannot be compiled. */
export class FilterError extends Error {
  override readonly name = 'FilterError'
}

/** The real server uses .NET expressions; what both dialects share (nearly everything that filters use) behaves alike. */
export function eventFilter(on: 'stream' | 'type', prefixes: readonly string[], regex: string): EventFilter {
  if (prefixes.length > 0) return { on, matches: (name) => prefixes.some((prefix) => name.startsWith(prefix)) }
  let expression: RegExp
  try {
    expression = new RegExp(regex, 'u')
  } catch {
    try {
      expression = new RegExp(regex)
    } catch (error) {
      throw new FilterError(
        `the filter's regular expression ${JSON.stringify(regex)} is not valid: ${(error as Error).message}`,
      )
    }
  }
  return { on, matches: (name) => expression.test(name) }
}

/** Remembers the verdict per interned name: names repeat, expressions are slow. */
export function memoised(filter: EventFilter, nameOf: (id: number) => string): (id: number) => boolean {
  const verdicts: (boolean | undefined)[] = []
  return (id) => (verdicts[id] ??= filter.matches(nameOf(id)))
}
