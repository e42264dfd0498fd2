import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifySchemaCompiler,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { $ZodType } from 'zod/v4/core'
import type { AdminCommand, AdminCommandReply } from '@voltrail/contracts/admin-commands'
import { instant } from '@voltrail/contracts/quantities'
import { Problem } from '@voltrail/contracts/rest/problem'
import type { ProblemKind } from '@voltrail/contracts/rest/problem'
import { traceHeaders } from '@voltrail/runtime/trace'
import { ApiProblem, problemMediaType, unavailable } from './problem.ts'
import type { Sources } from './sources.ts'

/** A Fastify whose routes take their types from zod schemas. */
export type Routes = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

const problemMeanings = {
  400: 'The request is wrong: `errors` says where.',
  401: 'The operator key is missing or wrong.',
  403: 'The operator key does not have the role that this needs.',
  404: 'There is no such thing.',
  410: 'There was one, and it is not kept any more.',
  409: 'It was decided otherwise before.',
  413: 'The body is larger than 1 MiB.',
  415: 'The body is not announced as JSON.',
  422: 'Understood and refused.',
  503: 'Something that the answer needs is away; ask again later.',
} as const

/** For a route whose body may be left out: a request without one has `null` for it. */
export const withoutBody: FastifySchemaCompiler<$ZodType> = ({ schema, method, url, httpPart = '' }) => {
  const validate = validatorCompiler({ schema, method, url, httpPart })
  return httpPart === 'body' ? (value: unknown) => validate(value ?? undefined) : validate
}

/** The problem responses of a route, for its schema. Every route may answer 401 and 503. */
export function problems<const S extends keyof typeof problemMeanings>(...statuses: readonly S[]) {
  const entries = ([...statuses, 401, 503] as const).map((status) => [
    status,
    { description: problemMeanings[status], content: { [problemMediaType]: { schema: Problem } } },
  ])
  return Object.fromEntries(entries) as Record<
    S | 401 | 503,
    { description: string; content: Record<string, { schema: typeof Problem }> }
  >
}

/** Refusals that have a status of their own. */
const refusals: Readonly<Record<string, ProblemKind>> = {
  'unknown-review': 'not-found',
  'unknown-meter-key': 'not-found',
  'already-settled': 'conflict',
  'campaign-exists': 'conflict',
  'unknown-transfer': 'not-found',
  'unknown-charger': 'not-found',
}

/**
 * Has central decide; a refusal becomes a 422 (or what `refusals` says), an outage a 503.
 * @param requestId names the request where its repeat must be known
 */
export async function decide(
  sources: Sources,
  command: AdminCommand,
  requestId: string = sources.newId(),
): Promise<Extract<AdminCommandReply, { outcome: 'done' }>> {
  const { traceparent } = traceHeaders()
  const reply = await sources.central.decide({
    requestId,
    actor: { kind: 'operator', id: sources.actorId },
    requestedAt: instant(sources.now()),
    ...(traceparent !== undefined && { traceparent }),
    command,
  })
  switch (reply.outcome) {
    case 'done':
      return reply
    case 'refused':
      throw new ApiProblem(refusals[reply.reason] ?? 'refused', `${reply.detail}.`, { reason: reply.reason })
    case 'unavailable':
      throw unavailable(`This could not be decided now: ${reply.reason}. Ask again.`)
    default:
      return reply satisfies never
  }
}

/** 201 when the decision began its stream, else 200: the thing was there. */
export const createdOrKnown = (reply: { readonly changed: boolean; readonly revision: string }): 200 | 201 =>
  reply.changed && reply.revision === '0' ? 201 : 200
