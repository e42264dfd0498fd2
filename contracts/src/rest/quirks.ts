import { z } from 'zod'
import { ChargerId } from '../ids.ts'
import { Instant } from '../quantities.ts'

/** One way in which real chargers deviate, what is done about it, and where it was seen to be needed. */
export const QuirkView = z
  .object({
    id: z.string().describe('stands in the normalisations of events; `rulesOff` and `rulesOn` of a charger name it'),
    kind: z
      .enum(['format', 'correlation', 'transport', 'command'])
      .describe('how a message is written; what belongs together; the connection below messages'),
    what: z.string(),
    evidence: z.array(z.string()).describe('public threads and sources where it was seen'),
    matches: z.string().describe('the makes that it is for: `all`, or patterns for what they say at boot'),
    default: z.enum(['on', 'off']).describe('for those makes, unless a charger’s settings say otherwise'),
    switchable: z.boolean().describe('whether a charger’s settings may switch it'),
    proof: z.object({ file: z.string(), test: z.string() }).nullable().describe('the test that proves it'),
    open: z.string().nullable().describe('what is not done yet'),
    fired: z
      .int()
      .describe('messages in which it was needed, of those that the log holds; only what changes a message is counted'),
    lastAt: Instant.nullable(),
    chargerCount: z.int(),
    chargers: z
      .array(
        z.object({
          chargerId: ChargerId,
          vendor: z.string().nullable(),
          model: z.string().nullable(),
          firmwareVersion: z.string().nullable(),
          fired: z.int(),
          lastAt: Instant,
        }),
      )
      .describe('where it fired most, 50 at most'),
  })
  .meta({ id: 'Quirk' })
export type QuirkView = z.infer<typeof QuirkView>

export const ListQuirksQuery = z.strictObject({})
export const QuirkList = z.object({ items: z.array(QuirkView) }).meta({ id: 'QuirkList' })
export type QuirkList = z.infer<typeof QuirkList>
