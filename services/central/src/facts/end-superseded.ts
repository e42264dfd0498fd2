import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { OpenTransaction } from '@voltrail/contracts/events/charger'
import type { ChargerId, FactId, TenantId, TransactionId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { chargerStream, sessionId, sessionStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { closedOnEvseAt } from '@voltrail/domain/charger/closed-transactions'
import { closeTransaction, supersededBy } from '@voltrail/domain/charger/transactions'
import { inferStop } from '@voltrail/domain/inference'
import { session } from '@voltrail/domain/session'
import { endByNextStart, wholeSession } from '@voltrail/domain/session-end'
import type { CentralDeps } from '../central-deps.ts'
import { isAway } from '../unavailable.ts'

export interface Superseding {
  readonly tenant: TenantId
  readonly chargerId: ChargerId
  readonly factId?: FactId | undefined
  readonly receivedAt: Instant
  readonly metadata: (correlation: string) => MetadataInput
}

/**
 * A start on an EVSE proves that the sessions before it have ended; what they used is known from their last register. Where the
 * last of them was ended before this start was known, as by silence, what was measured since is this one's.
 */
export const endSuperseded = async (
  newer: OpenTransaction,
  state: ChargerState,
  by: Superseding,
  deps: CentralDeps,
): Promise<void> => {
  const ending = (transactionId: TransactionId, ended: Promise<void>): Promise<void> =>
    ended.catch((error: unknown) => {
      if (isAway(error)) throw error
      // this start stands in the log: what is wrong with an older session must not keep its answer back
      deps.log.error(
        { err: error, chargerId: by.chargerId, transactionId },
        'a session could not be ended by inference',
      )
    })
  for (const older of supersededBy(state, newer)) await ending(older.transactionId, endInferred(older, newer, by, deps))
  const others = state.closedTransactions?.filter((one) => one.transactionId !== newer.transactionId)
  const before = closedOnEvseAt({ closedTransactions: others }, newer.evseId, newer.startedAt.effectiveAt)
  // its own stop ended it: that is final
  if (others?.find((one) => one.transactionId === before)?.stopped === true) return
  if (before !== undefined) await ending(before, endBefore(before, newer, by, deps))
}

/** The end of a session that was inferred already: it is not after the start of the next one. */
const endBefore = async (
  transactionId: TransactionId,
  { startedAt }: OpenTransaction,
  { tenant, chargerId, factId, metadata }: Superseding,
  deps: CentralDeps,
): Promise<void> => {
  const id = sessionId(chargerId, transactionId)
  const stream = sessionStream(tenant, id)
  const nextStartAt = startedAt.effectiveAt
  // its newest event tells whether anything was measured since; only then all of it is read
  const { summary } = (await deps.load(session, stream)).state
  if (summary.stop?.inferred !== true || (summary.registers?.lastAt ?? nextStartAt) <= nextStartAt) return
  await deps.decide(wholeSession, stream, (state) => endByNextStart({ nextStartAt, factId }, state), metadata(id))
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
