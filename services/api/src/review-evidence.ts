import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { parseReviewId } from '@voltrail/contracts/rest/reviews'
import type { ReviewDetail } from '@voltrail/contracts/rest/reviews'
import { parseStream, sessionParts } from '@voltrail/contracts/streams'
import type { EventLog } from '@voltrail/event-store/event-log'
import type { Vault } from '@voltrail/key-store/vault'
import { frameView } from './session-history.ts'

/** The charger that a review is about; `undefined` for an id that names nothing of this tenant. */
export const chargerOf = (reviewId: string, tenant: TenantId): ChargerId | undefined => {
  const address = parseStream(parseReviewId(reviewId)?.stream ?? '')
  if (address === undefined || address.tenant !== tenant) return undefined
  if (address.category === 'charger') return address.chargerId
  if (address.category !== 'session' && address.category !== 'billing') return undefined
  try {
    return sessionParts(address.sessionId).chargerId
  } catch {
    return undefined
  }
}

/** The event that waits, from the log, with its frame opened for the operator. `undefined` when it is not there. */
export const readReview = async (
  sources: {
    readonly log: Pick<EventLog, 'readForward'>
    readonly tenant: TenantId
    readonly vault: Pick<Vault, 'open'>
  },
  reviewId: string,
): Promise<Pick<ReviewDetail, 'type' | 'data' | 'frame' | 'normalisations'> | undefined> => {
  const place = parseReviewId(reviewId)
  if (place === undefined || chargerOf(reviewId, sources.tenant) === undefined) return undefined
  for await (const event of sources.log.readForward(place.stream, place.revision, 1)) {
    const { frame, normalisations } = event.metadata
    return {
      type: event.type,
      data: event.data,
      frame: frame === undefined ? null : await frameView(sources.vault, sources.tenant, frame),
      normalisations: normalisations ?? [],
    }
  }
  return undefined
}
