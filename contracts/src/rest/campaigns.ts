import { z } from 'zod'
import { Actor } from '../charger-commands.ts'
import { CampaignWindow, ChargerOutcome } from '../events/campaign.ts'
import { CampaignId, ChargerId } from '../ids.ts'
import { Instant } from '../quantities.ts'
import { page, pageQuery } from './paging.ts'
import { bothOrNone, firmware, oneSource } from './transfers.ts'

const word = z.string().min(1).max(100)

/** Which chargers: those that match all that is given, as they are when the campaign is made. */
export const CampaignFilter = z
  .strictObject({
    vendor: word.optional(),
    model: word.optional(),
    firmwareVersion: word.optional().describe('what they report now'),
    chargerIds: z.array(ChargerId).min(1).max(5_000).optional(),
  })
  .refine((filter) => Object.values(filter).some((value) => value !== undefined), {
    error: 'give at least one of vendor, model, firmwareVersion, chargerIds',
  })
export type CampaignFilter = z.infer<typeof CampaignFilter>

export const CampaignBody = z
  .strictObject({
    campaignId: CampaignId.optional().describe(
      'made by us unless given; a repeat with the same id and content is the same campaign, other content a conflict',
    ),
    filter: CampaignFilter,
    ...firmware,
    version: z
      .string()
      .min(1)
      .max(50)
      .optional()
      .describe('what a charger must report at its boot for success; may be left out with an image: it is the image’s'),
    concurrency: z.int().min(1).max(500).default(5).describe('chargers at once'),
    stopAfterFailures: z
      .union([
        z.strictObject({ count: z.int().min(1).max(5_000) }),
        z.strictObject({ share: z.number().gt(0).max(1).describe('of all chargers') }),
      ])
      .default({ count: 3 })
      .describe('it stops by itself when so many have failed'),
    window: CampaignWindow.optional().describe('time of day (UTC) at which chargers may be begun with'),
    minutesPerCharger: z.int().min(5).max(10_080).default(120),
  })
  .refine(oneSource[0], { ...oneSource[1], path: [...oneSource[1].path] })
  .refine(bothOrNone[0], { ...bothOrNone[1], path: [...bothOrNone[1].path] })
  .refine(({ image, version }) => image !== undefined || version !== undefined, {
    path: ['version'],
    error: 'is needed with a location: what a charger must report at its boot',
  })
  .meta({
    id: 'CreateCampaign',
    examples: [
      { filter: { vendor: 'Acme', model: 'One' }, image: 'acme-one-2.0.1.bin', version: '2.0.1', concurrency: 10 },
    ],
  })

export const CampaignParams = z.object({ id: CampaignId })
export const CampaignActionParams = z.object({ id: CampaignId, action: z.enum(['pause', 'resume', 'cancel']) })

const CampaignPhase = z.enum(['running', 'paused', 'stopped', 'cancelled', 'completed'])
const howFar = {
  campaignId: CampaignId,
  phase: CampaignPhase.describe('stopped: by itself, for its failures; it can be resumed'),
  version: z.string(),
  location: z.string().nullable(),
  image: z.string().nullable(),
  concurrency: z.int(),
  stopAfterFailures: z.int(),
  counts: z.object({ waiting: z.int(), taken: z.int(), done: z.int(), failed: z.int(), skipped: z.int() }),
}

export const ListCampaignsQuery = z.strictObject({ ...pageQuery, phase: CampaignPhase.optional() })
export const CampaignSummary = z
  .object({ ...howFar, createdAt: Instant, createdBy: Actor, changedAt: Instant })
  .meta({ id: 'CampaignSummary' })
export type CampaignSummary = z.infer<typeof CampaignSummary>
export const CampaignPage = page(CampaignSummary).meta({ id: 'CampaignPage' })

export const CampaignView = z
  .object({
    ...howFar,
    window: CampaignWindow.nullable(),
    chargers: z.array(
      z.object({
        chargerId: ChargerId,
        state: z.enum(['waiting', 'taken', 'finished']),
        requestId: z.int().nullable().describe('of its transfer'),
        takenAt: Instant.nullable().describe('while it is under way'),
        outcome: ChargerOutcome.nullable(),
        detail: z
          .string()
          .nullable()
          .describe(
            'how it ended; of one that waits, why: offline, not accepted, charging, busy with request N, or what holds the campaign ' +
              '(the first hundred that wait are looked at, one by one)',
          ),
      }),
    ),
  })
  .meta({ id: 'Campaign' })
export type CampaignView = z.infer<typeof CampaignView>
