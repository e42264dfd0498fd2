import type { Violation } from '../schemas.ts'
import type { Fields } from './inbound-message.ts'

/**
 * A payload without what violates the schema, so that the rest can be read: of lists the element, of other fields the whole of it.
 * `undefined` when it is wrong as a whole.
 */
export const withoutViolations = (payload: Fields, violations: readonly Violation[]): Fields | undefined => {
  const parts = violations.map(({ path }) => path.split('/').slice(1).map(unescaped))
  if (parts.some((path) => path.length === 0)) return undefined
  return pruned(payload, parts.map(removable)) as Fields
}

/** RFC 6901 §3. */
const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~')

/** Up to the innermost element of a list, or to the field itself. */
const removable = (path: readonly string[]): readonly string[] => {
  const element = path.findLastIndex((part) => /^[0-9]+$/.test(part))
  return path.slice(0, element < 0 ? 1 : element + 1)
}

const pruned = (value: unknown, paths: readonly (readonly string[])[]): unknown => {
  if (paths.length === 0 || typeof value !== 'object' || value === null) return value
  const inside = (key: string) => paths.filter(([first, ...more]) => first === key && more.length > 0)
  const goes = (key: string): boolean => paths.some(([first, ...more]) => first === key && more.length === 0)
  const entries = Object.entries(value)
    .filter(([key]) => !goes(key))
    .map(
      ([key, member]) =>
        [
          key,
          pruned(
            member,
            inside(key).map(([, ...more]) => more),
          ),
        ] as const,
    )
  return Array.isArray(value) ? entries.map(([, member]) => member) : Object.fromEntries(entries)
}
