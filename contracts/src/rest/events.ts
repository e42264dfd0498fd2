import { z } from 'zod'
import { DecimalString, Sha256 } from '../ids.ts'
import { Instant } from '../quantities.ts'
import { Actor } from '../charger-commands.ts'
import { Causation } from '../envelope.ts'
import { AnyJson } from './paging.ts'

/** A place in the log: decimal text, `commit` or (where the two differ) `commit/prepare`. Ordered, not dense. */
export const PositionText = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,19})(\/(0|[1-9][0-9]{0,19}))?$/, 'must be a position: the id of an event of this stream')

export const EventsQuery = z.strictObject({
  after: z
    .union([PositionText, z.literal('end')], {
      error: 'must be a position (the id of an event), 0 for everything, or end for only what comes',
    })
    .optional()
    .describe('only events after this position; `0` (or none) for everything, `end` for only what comes'),
  category: z.string().optional().describe('charger, session, billing, tariff, token, tenant; several with commas'),
  types: z.string().optional().describe('event types, several with commas: SessionStarted,SessionStopped'),
})
export const EventsHeaders = z.object({
  'last-event-id': z.string().optional().describe('resumes after this event; goes before `after`'),
})

/** The `data` of one server-sent event. Personal data stays ciphertext here. */
export const FeedEvent = z
  .object({
    stream: z.string(),
    revision: DecimalString,
    type: z.string(),
    version: z.int(),
    data: AnyJson,
    metadata: z.object({
      tenant: z.string(),
      receivedAt: Instant,
      decidedAt: Instant,
      correlation: z.string(),
      actor: Actor,
      causation: Causation,
      hash: Sha256,
    }),
  })
  .meta({ id: 'FeedEvent' })
export type FeedEvent = z.infer<typeof FeedEvent>
