import { FactId } from '@voltrail/contracts/ids'
import type { ChargerId, ConnectionEpoch, TenantId } from '@voltrail/contracts/ids'
import type { Fact, FactRequest, Normalisation } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'

export type FactOrigin = {
  readonly receivedAt: number
  readonly messageId?: string
  /** redacted */
  readonly frame?: string
  readonly normalisations?: readonly Normalisation[]
  readonly traceparent?: string | undefined
}

/** Makes the fact requests of one connection; each names its frame for ever by `<epoch>.<counter>`. */
export type FactSource = (fact: Fact, origin: FactOrigin) => FactRequest

export const createFactSource = (who: {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  readonly epoch: ConnectionEpoch
  readonly edge: string
}): FactSource => {
  let counter = 0
  return (fact, { receivedAt, messageId, frame, normalisations = [], traceparent }) => ({
    factId: FactId.parse(`${who.epoch}.${++counter}`),
    tenant: who.tenant,
    chargerId: who.chargerId,
    epoch: who.epoch,
    edge: who.edge,
    receivedAt: instant(receivedAt),
    normalisations: [...normalisations],
    fact,
    ...(messageId !== undefined && { messageId }),
    ...(frame !== undefined && { frame }),
    ...(traceparent !== undefined && { traceparent }),
  })
}
