import { z } from 'zod'
import { ChargerId, DecimalString, EvseId, SessionId, TransactionId } from '../ids.ts'
import { Instant, Wh } from '../quantities.ts'
import { ReviewDecision } from '../events/charger.ts'
import { Actor } from '../charger-commands.ts'
import { Normalisation } from '../facts.ts'
import { AnyInstant, AnyJson, page, pageQuery } from './paging.ts'
import { FrameView } from './sessions.ts'

/**
 * Why something waits for an operator. The first four are frames that were parked; then sessions whose time, meter or end cannot
 * be vouched for (suspect energy is not billed before its review; without a readable register it is that between the other readings), and starts that may be an earlier one told again, or are of a charger that was not accepted; two boxes under one identity; and an amount that is beyond what money can be.
 */
export const ReviewKind = z.enum([
  'malformed',
  'unknown-transaction',
  'ambiguous',
  'poison',
  'inferred-end',
  'untrusted-clock',
  'meter-reset',
  'suspect-energy',
  'unreadable-register',
  'ambiguous-start',
  'unapproved-charger',
  'contested-identity',
  'unpriced',
])
export type ReviewKind = z.infer<typeof ReviewKind>

export const ReviewState = z.enum(['open', 'settled'])

/** `<stream>@<revision>` of the event that waits. It has only characters that a path may hold as they are (RFC 3986 §3.3). */
export const ReviewId = z
  .string()
  .max(1_000)
  .regex(
    /^(charger|session|billing)-[a-z0-9_-]+\.[A-Za-z0-9_=.-]+@(0|[1-9][0-9]{0,15})$/,
    'must be <stream>@<revision>, as the list of reviews shows it',
  )
export type ReviewId = z.infer<typeof ReviewId>

/** Where the event stands that a review id names; `undefined` for what is none. */
export const parseReviewId = (id: string): { readonly stream: string; readonly revision: number } | undefined => {
  if (!ReviewId.safeParse(id).success) return undefined
  const at = id.lastIndexOf('@')
  return { stream: id.slice(0, at), revision: Number(id.slice(at + 1)) }
}

const review = {
  id: ReviewId.describe('names the event that waits: `<stream>@<revision>`'),
  kind: ReviewKind.describe('the gravest of `kinds`'),
  kinds: z.array(ReviewKind).describe('every reason why this waits'),
  chargerId: ChargerId,
  sessionId: SessionId.nullable().describe('`null` while it belongs to no session'),
  detail: z.string(),
  since: Instant,
  state: ReviewState,
  settledAt: Instant.nullable(),
  settledBy: Actor.nullable().describe(
    'an operator; or the charger or a service whose later event settled it by itself',
  ),
  decision: z
    .enum([...ReviewDecision.options, 'late-stop', 'rated'])
    .nullable()
    .describe(
      'while it is open: what it was decided to be, which is not done yet: the same decision again carries it on, another is ' +
        'refused; late-stop: the true stop came after all; rated: a price could be made after all',
    ),
  transactionId: TransactionId.nullable().describe(
    'the transaction that it is about: what the charger was answered to a parked start, what another parked message names, or the ' +
      'session’s; once settled, what it was attributed to or whose session was corrected',
  ),
  after: ReviewId.nullable().describe('the parked start of its transaction, which must be settled before it'),
  relatedReviews: z.array(ReviewId).describe('the others of its transaction, oldest first; of very many the oldest'),
  note: z.string().nullable(),
}
export const ReviewView = z.object(review).meta({ id: 'Review' })
export type ReviewView = z.infer<typeof ReviewView>
export const ReviewPage = page(ReviewView).meta({ id: 'ReviewPage' })
export const ListReviewsQuery = z.object({
  ...pageQuery,
  state: ReviewState.optional(),
  chargerId: ChargerId.optional(),
  kind: ReviewKind.optional(),
})
export const ReviewParams = z.object({ id: ReviewId })

export const ReviewDetail = z
  .object({
    ...review,
    type: z.string().describe('of the event that waits'),
    data: AnyJson.describe('as it stands in the log: personal data is ciphertext'),
    frame: FrameView.nullable().describe('the message that caused it, opened for the operator; `null` when none did'),
    normalisations: z.array(Normalisation),
  })
  .meta({ id: 'ReviewDetail' })
export type ReviewDetail = z.infer<typeof ReviewDetail>

const time = AnyInstant.optional()
export const SettleReviewBody = z
  .strictObject({
    decision: z.discriminatedUnion('kind', [
      z
        .strictObject({ kind: z.literal('dismiss') })
        .describe('It stays as it is; energy that was suspect is right, and is billed.'),
      z
        .strictObject({
          kind: z.literal('attribute'),
          transactionId: TransactionId,
          evseId: EvseId.min(1)
            .optional()
            .describe(
              'where a start began whose connector could not be read or is 0; not needed when the charger is known to have one EVSE',
            ),
        })
        .describe(
          'The parked stop ends the session of this transaction, the parked meter values are its readings. A parked start ' +
            'becomes the session of the transaction that the charger was answered.',
        ),
      z
        .strictObject({
          kind: z.literal('correct'),
          transactionId: TransactionId,
          energyWh: Wh.refine((wh) => wh >= 0, 'is 0 or more').optional(),
          startedAt: time,
          stoppedAt: time,
        })
        .refine(
          ({ energyWh, startedAt, stoppedAt }) => (energyWh ?? startedAt ?? stoppedAt) !== undefined,
          'says what is corrected: energyWh, startedAt or stoppedAt',
        )
        .describe('What is given holds of the session from now on, the rest stays; its bill follows.'),
    ]),
    note: z.string().max(500).optional().describe('why; it stands in the log for good, so it must name no person'),
  })
  .meta({
    id: 'SettleReview',
    examples: [
      { decision: { kind: 'attribute', transactionId: '1724510933' }, note: 'seen on the meter' },
      {
        decision: { kind: 'attribute', transactionId: '1724510933', evseId: 2 },
        note: 'the driver was at the right socket',
      },
      { decision: { kind: 'correct', transactionId: '1724510933', energyWh: 7400, stoppedAt: '2026-01-31T12:55:00Z' } },
      { decision: { kind: 'dismiss' } },
    ],
  })
export type SettleReviewBody = z.infer<typeof SettleReviewBody>

export const SettledReview = z
  .object({
    id: ReviewId,
    decision: ReviewDecision,
    transactionId: TransactionId.nullable(),
    changed: z.boolean().describe('false when it was settled so before'),
    revision: DecimalString.describe('of the charger’s stream, where the decision stands'),
  })
  .meta({ id: 'SettledReview' })
