import { problemKinds, problemType } from '@voltrail/contracts/rest/problem'
import type { Problem, ProblemKind } from '@voltrail/contracts/rest/problem'

export const problemMediaType = 'application/problem+json'

const statuses: Readonly<Record<ProblemKind, number>> = {
  'invalid-request': 400,
  'not-json': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  gone: 410,
  'method-not-allowed': 405,
  'too-large': 413,
  'unsupported-media-type': 415,
  conflict: 409,
  refused: 422,
  'too-many-streams': 503,
  unavailable: 503,
  internal: 500,
}

export type FieldError = { readonly path: string; readonly message: string }

/** Thrown by a route, answered as an RFC 9457 problem of its kind. `detail` is for the caller: what was wrong and what to do. */
export class ApiProblem extends Error {
  readonly kind: ProblemKind
  readonly errors: readonly FieldError[]
  /** why central refused it, as a word for programs */
  readonly reason: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    kind: ProblemKind,
    detail: string,
    more: {
      errors?: readonly FieldError[]
      reason?: string
      headers?: Readonly<Record<string, string>>
      cause?: unknown
    } = {},
  ) {
    super(detail, { cause: more.cause })
    this.name = 'ApiProblem'
    this.kind = kind
    this.errors = more.errors ?? []
    this.reason = more.reason
    this.headers = more.headers ?? {}
  }
}

/** @param path of the request, without its query: it may be logged and shown */
export const problemDocument = (problem: ApiProblem, path: string): Problem => ({
  type: problemType(problem.kind),
  title: problemKinds[problem.kind],
  status: statuses[problem.kind],
  detail: problem.message,
  instance: path,
  ...(problem.reason !== undefined && { reason: problem.reason }),
  ...(problem.errors.length > 0 && { errors: [...problem.errors] }),
})

/** Something that the request needs is away for now: asking again later is right. */
export const unavailable = (detail: string, cause?: unknown): ApiProblem =>
  new ApiProblem('unavailable', detail, { headers: { 'retry-after': '2' }, cause })

export const notFound = (detail: string): ApiProblem => new ApiProblem('not-found', detail)
