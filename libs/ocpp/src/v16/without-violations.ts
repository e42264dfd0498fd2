import type { Violation } from '../schemas.ts'
import type { Fields } from './inbound-message.ts'

/**
 * A payload without what violates the schema, so that the rest can be read: of lists the element, of other fields the whole of it.
 * `undefined` when it is wrong as a whole. Takes as long as the payload and the paths are, however many they are: a charger may
 * send a list of a hundred thousand wrong elements.
 */
export const withoutViolations = (payload: Fields, violations: readonly Violation[]): Fields | undefined => {
  const wrong: Branch = new Map()
  for (const { path } of violations) {
    const parts = path.split('/').slice(1).map(unescaped)
    if (parts.length === 0) return undefined
    mark(wrong, removable(parts))
  }
  return pruned(payload, wrong) as Fields
}

/** What goes, by key: the member as a whole, or what is marked within it. */
type Branch = Map<string, Branch | 'goes'>

const mark = (root: Branch, path: readonly string[]): void => {
  let branch = root
  for (const [depth, key] of path.entries()) {
    const inner = branch.get(key)
    if (inner === 'goes') return
    if (depth === path.length - 1) {
      branch.set(key, 'goes')
      return
    }
    const next: Branch = inner ?? new Map()
    branch.set(key, next)
    branch = next
  }
}

/** RFC 6901 §3. */
const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~')

/** Up to the innermost element of a list, or to the field itself. */
const removable = (path: readonly string[]): readonly string[] => {
  const element = path.findLastIndex((part) => /^[0-9]+$/.test(part))
  return path.slice(0, element < 0 ? 1 : element + 1)
}

const pruned = (value: unknown, branch: Branch): unknown => {
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
    const wrong = branch.get(key)
    if (wrong === 'goes') return []
    return [[key, wrong === undefined ? member : pruned(member, wrong)]]
  })
  return Array.isArray(value) ? entries.map(([, member]) => member) : Object.fromEntries(entries)
}
