import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { BusError } from '@voltrail/bus/bus-error'
import { LogUnavailable } from '@voltrail/event-store/event-log'
import { VaultUnavailable } from '@voltrail/key-store/vault-errors'
import { InvalidCursor } from '@voltrail/read-models/cursor'
import { RemoteStoreAway } from '@voltrail/object-store/remote-store'
import { ApiProblem, problemDocument, problemMediaType, unavailable } from './problem.ts'
import { ReportingUnavailable } from './reporting.ts'
import { validationProblem } from './validation-problem.ts'
import type { Issue } from './validation-problem.ts'

/** Every answer from 400 upwards is a problem; what nobody foresaw is a 500 that tells the caller nothing but the log everything. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error))
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const problem = problemOf(error, request)
  if (problem.kind === 'internal') request.log.error({ err: error }, 'a request failed')
  else if (problem.kind === 'unavailable')
    request.log.warn({ err: problem.cause ?? problem }, 'a request could not be answered now')
  const document = problemDocument(problem, pathOf(request.url))
  // a serializer of the route would look for a schema of this status
  return reply
    .code(document.status)
    .headers(problem.headers)
    .header('content-type', problemMediaType)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(document)
}

export const pathOf = (url: string): string => url.split('?', 1)[0] ?? '/'

function problemOf(error: unknown, request: FastifyRequest): ApiProblem {
  if (error instanceof ApiProblem) return error
  if (error instanceof LogUnavailable) return unavailable('The event log is away for now. Ask again.', error)
  if (error instanceof VaultUnavailable) return unavailable('The key store is away for now. Ask again.', error)
  if (error instanceof RemoteStoreAway) return unavailable('The file service is away for now. Ask again.', error)
  if (error instanceof InvalidCursor)
    return new ApiProblem('invalid-request', `The cursor is wrong: ${error.message}.`, {
      errors: [{ path: '/query/cursor', message: error.message }],
    })
  if (error instanceof ReportingUnavailable) return unavailable('The read model is away for now. Ask again.', error)
  if (error instanceof BusError && (error.fault === 'disconnected' || error.fault === 'timeout')) {
    return unavailable('The message bus is away for now. Ask again.', error)
  }
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error, request)
  return fastifyProblem(error as FastifyError)
}

function invalid(error: FastifyError & { validation: readonly unknown[] }, request: FastifyRequest): ApiProblem {
  const issues = error.validation.map((one): Issue => {
    const { keyword, instancePath, message, params } = one as {
      keyword: string
      instancePath: string
      message: string
      params: Partial<Issue>
    }
    return { ...params, code: keyword, message, path: instancePath.split('/').filter((part) => part !== '') }
  })
  const part = (error as { validationContext?: string }).validationContext ?? 'body'
  const problem = validationProblem(part, issues)
  // an id that cannot be one names nothing
  const looksUp = part === 'params' && (request.method === 'GET' || request.method === 'HEAD')
  return looksUp ? new ApiProblem('not-found', problem.message, { errors: problem.errors }) : problem
}

function fastifyProblem(error: FastifyError): ApiProblem {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiProblem('too-large', 'The body is larger than 1 MiB, the most that is accepted.')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiProblem('unsupported-media-type', 'Send JSON, announced by "Content-Type: application/json".')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new ApiProblem('invalid-request', 'The body is not as long as its Content-Length says.')
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new ApiProblem('not-json', 'The body is not JSON.')
    default:
      if (error instanceof SyntaxError) return new ApiProblem('not-json', `The body is not JSON: ${error.message}.`)
      if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
        return new ApiProblem('invalid-request', error.message)
      return new ApiProblem(
        'internal',
        'Something failed here that should not. It is in the log of the api under this request’s time.',
        { cause: error },
      )
  }
}
