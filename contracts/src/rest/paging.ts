import { z } from 'zod'

/** Query of every list. `next` of one answer is the `cursor` of the following request; it is opaque. */
export const pageQuery = {
  cursor: z.string().min(1).max(500).optional().describe('`next` of the page before; opaque'),
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('most items to answer, 1 to 500'),
}

/** A list answers its items and where the next page begins (`null` on the last one). */
export const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() })

/** Any date-time with an offset (RFC 3339) in a query or body, as the instant that it means. */
export const AnyInstant = z.iso
  .datetime({ offset: true, error: 'must be a date and time with its offset, like 2026-01-31T12:00:00Z' })
  .describe('RFC 3339 date-time')

/** Any JSON value. Not `z.json()`: its recursion has no name that a document could refer to. */
export const AnyJson = z.unknown()
