import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { ApiProblem } from './problem.ts'

/**
 * What a key may do only if its configuration says so. `grid`: to change the limits of chargers by calls of one's own.
 * `firmware`: to add and remove what chargers install.
 */
export const operatorRoles = ['grid', 'firmware'] as const
export type OperatorRole = (typeof operatorRoles)[number]

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()

/**
 * A check that refuses every request without `Authorization: Bearer <key>` (RFC 6750). Digests of equal length are compared,
 * in constant time, so that neither the length nor the first wrong character of a guess can be measured.
 */
export function operatorKeyCheck(key: string): (request: FastifyRequest) => Promise<void> {
  const expected = digest(key)
  return async (request) => {
    const given = /^Bearer +([^\s]+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return
    const challenge = `Bearer realm="voltrail"${given === undefined ? '' : ', error="invalid_token"'}`
    const detail =
      given === undefined
        ? 'Send the operator key: "Authorization: Bearer <key>".'
        : 'This is not the operator key. It was made at the first start and stands in the file that OPERATOR_KEY_FILE names.'
    throw new ApiProblem('unauthorized', detail, { headers: { 'www-authenticate': challenge } })
  }
}
