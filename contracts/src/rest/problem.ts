import { z } from 'zod'

/** RFC 9457: what every answer from 400 upwards holds, as `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string().describe('names the kind of problem; `about:blank` when the status says it all'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().describe('what was wrong with this request, and what to do'),
    instance: z.string().describe('the path that was asked for'),
    reason: z.string().optional().describe('why it was refused, as a word for programs: `already-settled`'),
    errors: z
      .array(
        z.object({
          path: z.string().describe('JSON pointer into the part that was wrong: `/body/status`, `/query/limit`'),
          message: z.string(),
        }),
      )
      .optional(),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'urn:voltrail:problem:invalid-request',
        title: 'Invalid request',
        status: 400,
        detail: 'The body is not as it should be: status must be one of "Accepted", "Blocked", "Expired", "Invalid".',
        instance: '/v1/id-tokens',
        errors: [{ path: '/body/status', message: 'must be one of "Accepted", "Blocked", "Expired", "Invalid"' }],
      },
    ],
  })
export type Problem = z.infer<typeof Problem>

/** Every kind of problem that the API tells apart: the last part of `type`, and its title. */
export const problemKinds = {
  'invalid-request': 'Invalid request',
  'not-json': 'The body is not JSON',
  unauthorized: 'The operator key is missing or wrong',
  forbidden: 'The key does not have the role for this',
  gone: 'Not kept any more',
  'not-found': 'Not found',
  'method-not-allowed': 'Method not allowed',
  'too-large': 'The body is too large',
  'unsupported-media-type': 'Unsupported media type',
  conflict: 'Already decided',
  refused: 'Refused',
  'too-many-streams': 'Too many event streams',
  unavailable: 'Temporarily unavailable',
  internal: 'Internal error',
} as const
export type ProblemKind = keyof typeof problemKinds
export const problemType = (kind: ProblemKind): string => `urn:voltrail:problem:${kind}`
