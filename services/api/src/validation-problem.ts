import { ApiProblem } from './problem.ts'
import type { FieldError } from './problem.ts'

/** What we use of an issue of zod, as thrown by zod itself or carried by the type provider. */
export type Issue = {
  readonly code?: string
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly values?: readonly unknown[]
  readonly keys?: readonly string[]
  readonly origin?: string
  readonly minimum?: number | bigint
  readonly maximum?: number | bigint
  /** of a union: the issues of each member */
  readonly errors?: readonly (readonly Issue[])[]
}

const partNames: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
}

/**
 * The problem that says every field that is wrong and what is allowed there.
 * @param part where the issues are: `body`, `querystring`, `params`, `headers`
 */
export function validationProblem(part: string, issues: readonly Issue[], allowed?: readonly string[]): ApiProblem {
  const name = partNames[part] ?? part
  const errors = issues.flatMap((issue) => fieldErrors(issue, `/${name}`, allowed))
  const said = errors.map(({ path, message }) => `${fieldName(path, name)} ${message}`).join('; ')
  return new ApiProblem('invalid-request', `The ${name} is not as it should be: ${said}.`, { errors })
}

function fieldName(path: string, part: string): string {
  const field = path.slice(part.length + 2)
  return field === '' ? 'it' : field.replaceAll('/', '.')
}

function fieldErrors(issue: Issue, parent: string, allowed?: readonly string[]): FieldError[] {
  const path = [parent, ...issue.path.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/')
  switch (issue.code) {
    case 'unrecognized_keys': {
      const fields = (issue.keys ?? []).map((key) => JSON.stringify(key)).join(', ')
      const here = allowed && issue.path.length === 0 ? `; there are ${allowed.join(', ') || 'no fields'}` : ''
      return [{ path, message: `has no field ${fields}${here}` }]
    }
    case 'invalid_value':
      return [
        {
          path,
          message: `must be ${(issue.values ?? []).length > 1 ? 'one of ' : ''}${(issue.values ?? []).map((value) => JSON.stringify(value)).join(', ')}`,
        },
      ]
    case 'too_small':
      return [{ path, message: `must ${bound(issue.origin, 'at least', issue.minimum)}` }]
    case 'too_big':
      return [{ path, message: `must ${bound(issue.origin, 'at most', issue.maximum)}` }]
    case 'invalid_type': {
      const [, expected, received] = /expected (\w+), received (\w+)/.exec(issue.message) ?? []
      if (expected === undefined) return [{ path, message: issue.message }]
      if (path === '/body' && received === 'null')
        return [{ path, message: 'is missing: send a JSON object, announced by "Content-Type: application/json"' }]
      if (received === 'NaN') return [{ path, message: `must be ${article(expected)}` }]
      if (received === 'undefined') return [{ path, message: `is missing (${article(expected)})` }]
      return [{ path, message: `must be ${article(expected)}, not ${article(received ?? 'nothing')}` }]
    }
    case 'invalid_union': {
      const [, expected] = /^Invalid discriminator value\. Expected (.+)$/.exec(issue.message) ?? []
      if (expected !== undefined)
        return [{ path, message: `must be one of ${expected.replaceAll("'", '"').replaceAll(' | ', ', ')}` }]
      // zod's own words say nothing; words that a schema brings along do
      if (issue.message !== 'Invalid input') return [{ path, message: issue.message }]
      const nearest = [...(issue.errors ?? [])].sort((a, b) => depth(b) - depth(a))[0]
      return nearest ? nearest.flatMap((inner) => fieldErrors(inner, path)) : [{ path, message: issue.message }]
    }
    default:
      return [{ path, message: issue.message }]
  }
}

function bound(origin: string | undefined, which: string, limit: number | bigint | undefined): string {
  if (origin === 'string') return `have ${which} ${limit} character${Number(limit) === 1 ? '' : 's'}`
  if (origin === 'array') return `have ${which} ${limit} item${Number(limit) === 1 ? '' : 's'}`
  return `be ${which} ${limit}`
}

const article = (type: string): string =>
  ({
    int: 'a whole number',
    number: 'a number',
    string: 'a text',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
    record: 'an object',
    null: 'null',
  })[type] ?? `a ${type}`

/** How far into the input the issues of a union's member reach: the deepest is the one that was meant. */
const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map((issue) => issue.path.length))
