import type { Evidence } from '@voltrail/contracts/envelope'
import type { FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { parkFrame } from '@voltrail/domain/charger/transactions'
import { deriveTransactionId, frameKey } from '@voltrail/domain/content-key'
import type { CentralDeps } from '../central-deps.ts'
import { factMetadata, sealText } from '../evidence.ts'
import { answered } from './answered.ts'

/** A start, stop or meter message that cannot be read: parked with its violations, and answered so that the queue goes on. */
export const malformed = async (request: FactRequest<FactOf<'Malformed'>>, deps: CentralDeps): Promise<FactReply> => {
  const { meant, violations } = request.fact
  return park(request, meant, 'malformed', violations.join('; '), deps)
}

/**
 * Parks the frame of a fact. It may name an id token anywhere, so it is sealed whole, under a key that stands for what
 * belongs to nobody that we know.
 */
export const park = async (
  request: Omit<FactRequest, 'fact'>,
  meant: FactOf<'Malformed'>['meant'],
  reason: 'malformed' | 'poison',
  detail: string,
  deps: CentralDeps,
): Promise<FactReply> => {
  const { tenant, chargerId, factId } = request
  const contentKey = frameKey(chargerId, meant, request.frame === undefined ? factId : withoutMessageId(request.frame))
  const transactionId = deriveTransactionId(contentKey, 0)
  const shortDetail = detail.replaceAll('\u0000', '').slice(0, 2000).toWellFormed()
  const frame: Evidence | undefined =
    request.frame === undefined
      ? undefined
      : await sealText(deps, tenant, deps.vault.tokenRef(tenant, ''), request.frame)
  await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => parkFrame({ factId, parked: { meant, reason, detail: shortDetail, contentKey, transactionId } }, state),
    factMetadata(deps, request, { frame }),
  )
  return answered(deps, { type: 'Malformed', transactionId })
}

/** What a frame says, whatever id it has: many chargers tell the same again under a new one. */
const withoutMessageId = (frame: string): string => {
  try {
    const parsed: unknown = JSON.parse(frame)
    return Array.isArray(parsed) ? JSON.stringify([parsed[0], ...parsed.slice(2)]) : frame
  } catch {
    return frame
  }
}
