import type { OpenTransaction } from '@voltrail/contracts/events/charger'
import type { Instant } from '@voltrail/contracts/quantities'
import type { TenantSettings } from '@voltrail/contracts/admin-commands'
import type { Verdict } from './id-token.ts'

/** A start that is older than this when we hear of it is a fact, not a question. */
const judgedWithinMs = 120_000

/**
 * The verdict on a start whose token charges elsewhere (OCPP 1.6 §7.2 ConcurrentTx), where the tenant refuses that. Judged only
 * in the answer to a start, at its own time; never for one that waited in a queue, nor for a token of a fleet or group.
 * @param others open sessions of the token, those on silent chargers left out
 */
export const judgeConcurrentUse = (
  verdict: Verdict,
  start: { readonly effectiveAt: Instant; readonly receivedAt: Instant },
  others: readonly Pick<OpenTransaction, 'startedAt'>[],
  settings: Pick<TenantSettings, 'concurrentUse'>,
): Verdict => {
  if (settings.concurrentUse !== 'refused' || verdict.status !== 'Accepted' || verdict.groupRef !== undefined)
    return verdict
  if (Date.parse(start.receivedAt) - Date.parse(start.effectiveAt) > judgedWithinMs) return verdict
  return others.some((one) => one.startedAt.effectiveAt <= start.effectiveAt)
    ? { ...verdict, status: 'ConcurrentTx', reason: 'its token charges elsewhere' }
    : verdict
}
