import { z } from 'zod'
import { Instant } from '../quantities.ts'
import { ChargerId, DecimalString } from '../ids.ts'
import { AnyInstant, page, pageQuery } from './paging.ts'

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

/** Over all chargers. */
export const ListAllSecurityEventsQuery = z.strictObject({
  ...pageQuery,
  severity: Severity.optional(),
  chargerId: ChargerId.optional(),
  from: AnyInstant.optional().describe('received at or after'),
  to: AnyInstant.optional().describe('received before'),
})
export const ChargerSecurityEventView = SecurityEventView.extend({ chargerId: ChargerId }).meta({
  id: 'ChargerSecurityEvent',
})
export type ChargerSecurityEventView = z.infer<typeof ChargerSecurityEventView>
export const ChargerSecurityEventPage = page(ChargerSecurityEventView).meta({ id: 'ChargerSecurityEventPage' })
