import { ApiProblem } from './problem.ts'

/**
 * Text that neither the log nor Postgres holds: with NUL, or with a lone surrogate, which has no UTF-8. From chargers it is
 * cleaned; an operator is told, for what he asked for would not be what he gets.
 */
export const unstorableText = (value: unknown, path: string): { path: string; message: string } | undefined => {
  if (typeof value === 'string') {
    if (value.includes('\u0000')) return { path, message: 'holds a NUL character' }
    if (!value.isWellFormed()) return { path, message: 'holds half of a surrogate pair: it is not well-formed Unicode' }
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, member] of Object.entries(value)) {
    const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    // a field of such a name is unknown: the schema says so
    const found = unstorableText(member, at)
    if (found !== undefined) return found
  }
  return undefined
}

/** @throws {ApiProblem} 400 with the field, when a part of the request holds such text */
export const refuseUnstorableText = (request: { params: unknown; query: unknown; body: unknown }): void => {
  for (const [part, value] of [
    ['path', request.params],
    ['query', request.query],
    ['body', request.body],
  ] as const) {
    const found = unstorableText(value, `/${part}`)
    if (found === undefined) continue
    const field = found.path.slice(part.length + 2).replaceAll('/', '.')
    throw new ApiProblem('invalid-request', `The ${part} is not as it should be: ${field} ${found.message}.`, {
      errors: [found],
    })
  }
}
