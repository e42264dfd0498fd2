import { z } from 'zod'
import { Actor } from '../charger-commands.ts'
import { ChargingProfile, ChargingProfilePurpose, ChargingRateUnit, CompositeSchedule } from '../charging-profile.ts'
import { ChargerId, EvseId } from '../ids.ts'
import { Instant } from '../quantities.ts'
import { CommandAnswer } from './commands.ts'

const whole = EvseId.default(0 as EvseId).describe('0, or none: the whole charger')

export const PutChargingProfileBody = z
  .strictObject({
    evseId: whole,
    profile: ChargingProfile,
    force: z
      .literal(true)
      .optional()
      .describe('also with times where the clock of the charger is not known to be right to within 60 s'),
  })
  .meta({
    id: 'PutChargingProfile',
    examples: [
      {
        evseId: 1,
        profile: {
          profileId: 1,
          stackLevel: 0,
          purpose: 'TxDefaultProfile',
          kind: 'Absolute',
          schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '16', numberPhases: 3 }] },
        },
      },
    ],
  })

export const ClearChargingProfilesQuery = z.strictObject({
  profileId: z.coerce.number().int().min(0).optional().describe('one profile; without it all that fit the rest'),
  evseId: z.coerce.number().int().min(0).optional(),
  purpose: ChargingProfilePurpose.optional(),
  stackLevel: z.coerce.number().int().min(0).optional(),
})

export const CompositeScheduleQuery = z.strictObject({
  evseId: z.coerce.number().int().min(0).default(0).describe('0: what the charger means to draw in all'),
  durationSeconds: z.coerce.number().int().min(1).max(31_536_000).default(86_400),
  unit: ChargingRateUnit.optional(),
})

export const ChargingProfilesView = z
  .object({
    chargerId: ChargerId,
    profiles: z
      .array(z.object({ evseId: EvseId, profile: ChargingProfile, at: Instant.describe('when the charger took it') }))
      .describe('as they were asked; in its dialect a charger may have been told otherwise, see its commands'),
    verified: z
      .array(z.object({ evseId: EvseId, agrees: z.boolean(), detail: z.string().optional(), at: Instant }))
      .describe('what the charger said last of what it will do, held against its profiles'),
    limitsUnverifiedSince: Instant.nullable().describe(
      'an operator’s own call touched its limits: nobody can vouch for them until its composite schedule agrees',
    ),
    limitsUnverifiedBy: Actor.nullable().describe('whose call that was, as far as it is known'),
  })
  .meta({ id: 'ChargingProfiles' })
export type ChargingProfilesView = z.infer<typeof ChargingProfilesView>

export const CompositeScheduleAnswer = z
  .object({
    ...CommandAnswer.shape,
    schedule: CompositeSchedule.nullable().describe('what the charger will do; null: it did not say'),
    agrees: z.boolean().nullable().describe('whether it stays at or below what its profiles say'),
    disagreement: z.string().nullable(),
  })
  .meta({ id: 'CompositeScheduleAnswer' })
export type CompositeScheduleAnswer = z.infer<typeof CompositeScheduleAnswer>

export const StaticLimitBody = z
  .strictObject({
    amperes: z
      .number()
      .min(0)
      .max(1_000)
      .describe('for the whole charger, per phase; rounded down to what it counts in'),
  })
  .meta({ id: 'StaticLimit', examples: [{ amperes: 16 }] })
