import type { AdminCommand } from '@voltrail/contracts/admin-commands'
import type { ChargerId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import {
  ListReviewsQuery,
  ReviewDetail,
  ReviewPage,
  ReviewParams,
  SettledReview,
  SettleReviewBody,
} from '@voltrail/contracts/rest/reviews'
import { notFound } from '../problem.ts'
import { chargerOf, readReview } from '../review-evidence.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Reviews']
const words = { dismiss: 'dismissed', attribute: 'attributed', correct: 'corrected' } as const

export function reviewRoutes(app: Routes, sources: Sources): void {
  app.route({
    method: 'GET',
    url: '/reviews',
    schema: {
      tags,
      operationId: 'listReviews',
      summary: 'What waits for an operator, or did; newest first',
      description:
        'Frames that could not be read or attributed, sessions whose end was inferred, whose clock or meter cannot be trusted, ' +
        'identities that two boxes share, and prices beyond what money can be.',
      querystring: ListReviewsQuery,
      response: { 200: ReviewPage, ...problems(400) },
    },
    handler: ({ query }) => sources.reporting.listReviews(query),
  })

  app.route({
    method: 'GET',
    url: '/reviews/:id',
    schema: {
      tags,
      operationId: 'getReview',
      summary: 'One review, with the event that waits and the message behind it',
      params: ReviewParams,
      response: { 200: ReviewDetail, ...problems(404) },
    },
    handler: async ({ params }) => {
      const review = await sources.reporting.getReview(params.id)
      const evidence = review && (await readReview(sources, params.id))
      if (review === undefined || evidence === undefined) throw notFound(`Nothing waits for review at ${params.id}.`)
      return { ...review, ...evidence }
    },
  })

  app.route({
    method: 'POST',
    url: '/reviews/:id/settle',
    schema: {
      tags,
      operationId: 'settleReview',
      summary: 'Decide what becomes of something that waits',
      description:
        'The session, its bill and the read models follow. Asking again with the same decision is harmless; another decision on ' +
        'what is settled is refused.',
      params: ReviewParams,
      body: SettleReviewBody,
      response: { 200: SettledReview, ...problems(400, 404, 409, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      const chargerId = chargerOf(params.id, sources.tenant)
      if (chargerId === undefined) throw notFound(`Nothing waits for review at ${params.id}.`)
      const decided = await decide(sources, command(params.id, chargerId, body))
      const { decision } = body
      return {
        id: params.id,
        decision: words[decision.kind],
        transactionId: decision.kind === 'dismiss' ? null : decision.transactionId,
        changed: decided.changed,
        revision: decided.revision,
      }
    },
  })
}

const command = (subject: string, chargerId: ChargerId, { decision, note }: SettleReviewBody): AdminCommand => ({
  type: 'SettleReview',
  chargerId,
  subject,
  decision:
    decision.kind === 'correct'
      ? {
          kind: decision.kind,
          transactionId: decision.transactionId,
          ...(decision.energyWh !== undefined && { energyWh: decision.energyWh }),
          ...(decision.startedAt !== undefined && { startedAt: instant(Date.parse(decision.startedAt)) }),
          ...(decision.stoppedAt !== undefined && { stoppedAt: instant(Date.parse(decision.stoppedAt)) }),
        }
      : decision,
  ...(note !== undefined && { note }),
})
