import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { OpenTransaction } from '@voltrail/contracts/events/charger'
import type { ChargerId, FactId, TenantId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { charger, type ChargerState } from '@voltrail/domain/charger/charger'
import { closeTransaction, supersededBy } from '@voltrail/domain/charger/transactions'
import { inferStop } from '@voltrail/domain/inference'
import { wholeSession } from '@voltrail/domain/session-end'
import type { CentralDeps } from '../central-deps.ts'
import { isAway } from '../unavailable.ts'

export interface Superseding {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  readonly factId?: FactId | undefined
  readonly receivedAt: Instant
  readonly metadata: (correlation: string) => MetadataInput
}

/** A start on an EVSE proves that the sessions before it have ended; what they used is known from their last register. */
export const endSuperseded = async (
  newer: OpenTransaction,
  state: ChargerState,
  by: Superseding,
  deps: CentralDeps,
): Promise<void> => {
  for (const older of supersededBy(state, newer))
    await endInferred(older, newer, by, deps).catch((error: unknown) => {
      if (isAway(error)) throw error
      // this start stands in the log: what is wrong with an older session must not keep its answer back
      deps.log.error(
        { err: error, chargerId: by.chargerId, transactionId: older.transactionId },
        'a session could not be ended by inference',
      )
    })
}

const endInferred = async (
  { transactionId }: OpenTransaction,
  newer: OpenTransaction,
  { tenant, chargerId, factId, receivedAt, metadata }: Superseding,
  deps: CentralDeps,
): Promise<void> => {
  const id = sessionId(chargerId, transactionId)
  const meta = metadata(id)
  await deps.decide(
    wholeSession,
    sessionStream(tenant, id),
    (state) => inferStop({ factId, because: 'NextStart', provenAt: newer.startedAt.effectiveAt, receivedAt }, state),
    meta,
  )
  await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (state) => closeTransaction({ transactionId, reason: 'inferred' }, state),
    meta,
  )
}
