import { z } from 'zod'
import { RequestId } from '../charger-commands.ts'
import { CampaignId, ChargerId, Sha256 } from '../ids.ts'
import { Instant } from '../quantities.ts'

/** Events of the stream `campaign-<tenant>.<id>`: one firmware for many chargers, a few at a time. */

/** At which time of day (UTC, `HH:MM`) chargers may be begun with; over midnight where `until` is not after `from`. */
export const CampaignWindow = z.object({
  from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM'),
  until: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM'),
})
export type CampaignWindow = z.infer<typeof CampaignWindow>

/** What is rolled out. `location` has no credential in it; `image` is what our own file service has. */
export const CampaignFirmware = z.object({
  location: z.string().max(200).optional(),
  image: z.string().max(100).optional(),
  version: z.string().min(1).max(50),
  signature: z.string().max(800).optional(),
  signingCertificate: z.string().max(5_500).optional(),
})
export type CampaignFirmware = z.infer<typeof CampaignFirmware>

export const campaignTerms = {
  firmware: CampaignFirmware,
  /** frozen when it is made: what a filter meant then */
  chargers: z.array(ChargerId).min(1).max(5_000),
  /** so many at once */
  concurrency: z.int().min(1).max(500),
  /** it stops when so many have failed since it was begun or resumed */
  stopAfterFailures: z.int().min(1).max(5_000),
  window: CampaignWindow.optional(),
  /** how long one charger may take */
  minutesPerCharger: z.int().min(5).max(10_080),
  /** digest of the request that it was made by: which repeat is the same; not in the oldest events */
  request: Sha256.optional(),
} as const

/** `Skipped`: it had the version already. */
export const ChargerOutcome = z.enum(['Done', 'Failed', 'Skipped'])
export type ChargerOutcome = z.infer<typeof ChargerOutcome>

export const campaignEvents = {
  CampaignCreated: z.object({ campaignId: CampaignId, ...campaignTerms }),
  /** The charger is asked to update next, by this request. */
  ChargerTaken: z.object({ chargerId: ChargerId, requestId: RequestId, at: Instant }),
  /** The request never reached it: it waits for another turn. */
  ChargerPutBack: z.object({ chargerId: ChargerId, requestId: RequestId, detail: z.string().max(300) }),
  ChargerFinished: z.object({
    chargerId: ChargerId,
    requestId: RequestId.optional(),
    outcome: ChargerOutcome,
    detail: z.string().max(300).optional(),
  }),
  /** `failures`: by itself, for so many failed. What is under way goes on to its end. */
  CampaignPaused: z.object({ reason: z.enum(['operator', 'failures']), failures: z.int() }),
  CampaignResumed: z.object({}),
  CampaignCancelled: z.object({}),
  CampaignCompleted: z.object({ done: z.int(), failed: z.int(), skipped: z.int() }),
} as const
