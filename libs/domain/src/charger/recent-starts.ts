import type { ChargerSummary } from '@voltrail/contracts/events/charger'
import type { SessionSummary } from '@voltrail/contracts/events/session'
import type { TransactionId } from '@voltrail/contracts/ids'
import type { Instant, RegisterReading } from '@voltrail/contracts/quantities'
import { isPlausible, toleratedSkewMs } from '../occurred-at.ts'

type RecentStarts = NonNullable<ChargerSummary['recentStarts']>

const keptStarts = 16

/** The newest starts with one more. */
export const startsWith = (
  state: Pick<ChargerSummary, 'recentStarts'>,
  start: { readonly startKey: string; readonly transactionId: TransactionId; readonly charger?: Instant | undefined },
): RecentStarts => {
  const { startKey, transactionId, charger } = start
  const one = { startKey, transactionId, ...(charger === undefined ? {} : { charger }) }
  return [...(state.recentStarts ?? []).slice(1 - keptStarts), one]
}

/** The transaction that a re-stamped start belongs to, also after it was closed. */
export const restampedBefore = (
  state: Pick<ChargerSummary, 'recentStarts'>,
  startKey: string,
): TransactionId | undefined => state.recentStarts?.findLast((one) => one.startKey === startKey)?.transactionId

/**
 * Whether a start with the facts of an ended session is that start told again. Only a time that identifies it says so: one that
 * can be true, is not from before the last boot (the clock of some begins at the same date with each boot), and that no other
 * start of this charger has.
 */
export const identifiesStart = (
  state: Pick<ChargerSummary, 'recentStarts' | 'lastBootAt'>,
  start: { readonly startKey: string; readonly charger: Instant | undefined; readonly receivedAt: Instant },
): boolean => {
  const { startKey, charger, receivedAt } = start
  if (!isPlausible(charger, receivedAt)) return false
  if (state.lastBootAt !== undefined && Date.parse(charger) < Date.parse(state.lastBootAt) - toleratedSkewMs)
    return false
  return !(state.recentStarts ?? []).some((one) => one.charger === charger && one.startKey !== startKey)
}

/**
 * Whether a start with the facts of this session can be no other, whatever the charger's clock says: the register stood above zero
 * when it began and has gone on, so no later session can begin at the same reading. A register that begins at zero may be one that
 * counts each session anew.
 */
export const registerWentOn = (
  start: { readonly meterStart?: RegisterReading | undefined },
  { stop, registers }: Pick<SessionSummary, 'stop' | 'registers'>,
): boolean => {
  const began = start.meterStart?.wh ?? 0
  return began > 0 && Math.max(stop?.meterStop?.wh ?? 0, registers?.last.wh ?? 0) > began
}
