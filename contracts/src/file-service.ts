import { z } from 'zod'
import { RequestId } from './charger-commands.ts'
import { CampaignId, ChargerId } from './ids.ts'

/** What the file service tells the api of a firmware image: who has still to fetch it. */
export const ImageUses = z.object({
  campaigns: z.array(CampaignId),
  transfers: z.array(z.object({ chargerId: ChargerId, requestId: RequestId })),
})
export type ImageUses = z.infer<typeof ImageUses>
