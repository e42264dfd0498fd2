import { z } from 'zod'
import { Instant } from '../quantities.ts'
import { page, pageQuery } from './paging.ts'
import { DecimalString } from '../ids.ts'

export const Severity = z.enum(['critical', 'warning', 'info'])
export const ListSecurityEventsQuery = z.strictObject({
  ...pageQuery,
  cursor: DecimalString.optional().describe('`next` of the page before; opaque'),
  severity: Severity.optional(),
})

export const SecurityEventView = z
  .object({
    event: z.string().describe('as the charger names it'),
    severity: Severity.describe('critical: the security white paper says so; a vendor’s own event is a warning'),
    at: Instant.nullable().describe('by the charger’s clock, where it can be read'),
    receivedAt: Instant,
    techInfo: z.string().nullable(),
  })
  .meta({ id: 'SecurityEvent' })
export type SecurityEventView = z.infer<typeof SecurityEventView>
export const SecurityEventPage = page(SecurityEventView).meta({ id: 'SecurityEventPage' })
