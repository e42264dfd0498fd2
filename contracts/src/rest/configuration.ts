import { z } from 'zod'
import { Actor } from '../charger-commands.ts'
import { KeyOutcome, SeenKey } from '../events/device.ts'
import { ChargerId } from '../ids.ts'
import { Instant } from '../quantities.ts'
import { AnyInstant } from './paging.ts'

export const ConfigurationQuery = z.strictObject({
  since: AnyInstant.optional().describe('changes from then on; absent: those of the newest events'),
})

export const ConfigurationView = z
  .object({
    chargerId: ChargerId,
    keys: z.array(SeenKey).describe('as the charger showed them last; a secret by its digest'),
    fullAt: Instant.nullable().describe('when it was asked for all of them last'),
    changes: z
      .array(z.object({ at: Instant, full: z.boolean(), set: z.array(SeenKey), gone: z.array(z.string()) }))
      .describe('what it showed other than before, newest first, 200 at most'),
  })
  .meta({ id: 'ChargerConfiguration' })
export type ConfigurationView = z.infer<typeof ConfigurationView>

export const PutDesiredConfigurationBody = z
  .strictObject({
    keys: z
      .array(z.strictObject({ key: z.string().min(1).max(50), value: z.string().max(500) }))
      .max(200)
      .describe(
        'each replaces what was desired of it; the others stay. Said again, a key that was left alone is tried anew',
      ),
    released: z.array(z.string().min(1).max(50)).max(200).optional().describe('keys that are no longer desired'),
    mayReset: z
      .boolean()
      .optional()
      .describe(
        'whether the charger may be reset (softly, while nobody charges) for a key that needs it; no unless told',
      ),
  })
  .meta({
    id: 'PutDesiredConfiguration',
    examples: [{ keys: [{ key: 'MeterValueSampleInterval', value: '60' }], mayReset: true }],
  })

export const DesiredConfigurationView = z
  .object({
    chargerId: ChargerId,
    mayReset: z.boolean(),
    waitsFor: z
      .string()
      .nullable()
      .describe(
        'what has to come before any key is set: its acceptance, connection, boot, first reading; null: nothing',
      ),
    keys: z.array(
      z.object({
        key: z.string(),
        value: z.string(),
        of: z
          .enum(['charger', 'model'])
          .describe('whether it is desired of this charger, or of every one of its model'),
        shown: z.string().nullable().describe('what the charger shows'),
        outcome: KeyOutcome.nullable().describe('of the newest try; null: not tried yet, or nothing had to be done'),
        attempts: z.int(),
        boots: z.int().describe('how often the charger booted soon after it was set'),
        at: Instant.nullable(),
        nextAt: Instant.nullable().describe('null: not tried again by itself'),
        by: Actor.nullable().describe('of `Suspended`: who set it by hand, at `at`'),
      }),
    ),
  })
  .meta({ id: 'DesiredConfiguration' })
export type DesiredConfigurationView = z.infer<typeof DesiredConfigurationView>

export const ModelParams = z.object({
  vendor: z.string().min(1).max(100).describe('as the charger says it at boot, in any case'),
  model: z.string().min(1).max(100),
})
export const ModelConfigurationView = z
  .object({
    vendor: z.string(),
    model: z.string(),
    mayReset: z.boolean(),
    keys: z.array(z.object({ key: z.string(), value: z.string(), since: Instant })),
  })
  .meta({ id: 'ModelConfiguration' })
export type ModelConfigurationView = z.infer<typeof ModelConfigurationView>
