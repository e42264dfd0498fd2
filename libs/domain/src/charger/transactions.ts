import type { FactId, TransactionId, TokenRef } from '@voltrail/contracts/ids'
import type { OpenTransaction } from '@voltrail/contracts/events/charger'
import type { ChargerEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { Instant, RegisterReading } from '@voltrail/contracts/quantities'
import { accept, type Decision } from '../decider.ts'
import { compareReadings, isSameReading, wentBack } from '../registers.ts'
import { toleratedSkewMs } from '../occurred-at.ts'
import type { TimedReading } from '../timed-reading.ts'
import { answeredBefore } from './charger.ts'
import type { ChargerState } from './charger-state.ts'

/** The register of a charger's open transactions: what names no transaction is resolved from it. */

/** Opened before the session starts, so that a crash between the two is met again by the charger's retry. */
export const openTransaction = (
  open: EventNamed<'TransactionOpened'>['data'],
  state: ChargerState,
): Decision<ChargerEvent> =>
  openWithKey(state, open.startKey) !== undefined
    ? accept()
    : accept<ChargerEvent>({ type: 'TransactionOpened', data: open })

/** Closed after the session's stop, before the charger is answered. */
export const closeTransaction = (
  command: {
    readonly transactionId: TransactionId
    readonly reason: 'stopped' | 'inferred' | 'resolved'
    readonly contentKey?: string | undefined
    readonly restampKey?: string | undefined
  },
  state: ChargerState,
): Decision<ChargerEvent> =>
  state.openTransactions.some((known) => known.transactionId === command.transactionId)
    ? accept<ChargerEvent>({ type: 'TransactionClosed', data: closed(command) })
    : accept()

const closed = ({ transactionId, reason, contentKey, restampKey }: Parameters<typeof closeTransaction>[0]) => ({
  transactionId,
  reason,
  ...(contentKey === undefined ? {} : { contentKey }),
  ...(restampKey === undefined ? {} : { restampKey }),
})

/** The open transaction of a start that is told again, also by a key that it got from a re-stamp. */
export const openWithKey = (state: ChargerState, startKey: string): OpenTransaction | undefined =>
  state.openTransactions.find((open) => open.startKey === startKey || open.otherKeys?.includes(startKey) === true)

/**
 * The open transactions that a start with another key may be: those on its connector (on any, where it is at connector 0) with its tag and its raw meter start. It is
 * one of them, re-stamped, if no later frame has carried that one's transaction id.
 */
export const restampable = (
  state: ChargerState,
  start: Pick<OpenTransaction, 'tokenRef' | 'meterStart' | 'startedAt'> &
    Partial<Pick<OpenTransaction, 'evseId' | 'connectorId'>>,
): readonly OpenTransaction[] =>
  state.openTransactions
    .filter(
      (open) =>
        (start.evseId === undefined || open.evseId === start.evseId) &&
        (start.connectorId === undefined || open.connectorId === start.connectorId) &&
        open.tokenRef === start.tokenRef &&
        open.meterStart?.raw === start.meterStart?.raw &&
        open.meterStart?.unit === start.meterStart?.unit &&
        (open.freedAt === undefined || start.startedAt.effectiveAt < open.freedAt),
    )
    .toReversed()

/** The start of an open transaction, told again with another time. */
export const restampTransaction = (
  restamp: EventNamed<'TransactionRestamped'>['data'],
  state: ChargerState,
): Decision<ChargerEvent> =>
  openWithKey(state, restamp.startKey) !== undefined
    ? accept()
    : accept<ChargerEvent>({ type: 'TransactionRestamped', data: restamp })

/** The open transaction on an EVSE at a time: what was measured before it began is not of it. */
export const openOnEvseAt = (state: ChargerState, evseId: number, at: Instant): OpenTransaction | undefined => {
  const open = openOnEvse(state, evseId)
  return open !== undefined && Date.parse(open.startedAt.effectiveAt) - toleratedSkewMs <= Date.parse(at)
    ? open
    : undefined
}

/**
 * Whether values that `openOnEvseAt` gives to a transaction may be of the one before it: within the tolerated skew before its
 * start, and not above its meter start.
 */
export const isBeforeStart = (
  { startedAt, meterStart }: OpenTransaction,
  { measuredAt, registers }: { readonly measuredAt: Instant; readonly registers: readonly TimedReading[] },
): boolean => {
  const last = registers.at(-1)
  if (last === undefined || meterStart === undefined || last.context === 'Transaction.Begin') return false
  return measuredAt < startedAt.effectiveAt && compareReadings(last.reading, meterStart) <= 0
}

/**
 * Whether values that name the charger itself (EVSE 0) are of another meter than that of its one open transaction: its main meter
 * has a register of its own (OCPP 1.6 §4.7), and one below the meter start is never of the session.
 */
export const isOfMainMeter = (
  evseId: number,
  { meterStart }: OpenTransaction,
  { registers }: { readonly registers: readonly TimedReading[] },
): boolean =>
  evseId === 0 && meterStart !== undefined && registers.some(({ reading }) => compareReadings(reading, meterStart) < 0)

/** The open transaction on an EVSE; a charger that meters as a whole (EVSE 0) has it only if it is the one open. */
export const openOnEvse = (state: ChargerState, evseId: number): OpenTransaction | undefined =>
  evseId === 0
    ? state.openTransactions.length === 1
      ? state.openTransactions[0]
      : undefined
    : state.openTransactions.findLast((open) => open.evseId === evseId)

/** Transactions that began before a new start on the same EVSE, which proves that they have ended. */
export const supersededBy = (state: ChargerState, newer: OpenTransaction): readonly OpenTransaction[] =>
  state.openTransactions.filter(
    (open) =>
      open.evseId === newer.evseId &&
      open.transactionId !== newer.transactionId &&
      open.startedAt.effectiveAt <= newer.startedAt.effectiveAt,
  )

export type StopMatch =
  | { readonly kind: 'one'; readonly transactionId: TransactionId }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly transactionIds: readonly TransactionId[] }

export interface UnnamedStop {
  readonly at: Instant
  readonly meterStop?: RegisterReading | undefined
  readonly tokenRef?: TokenRef | undefined
  /** the group of the token that stopped it */
  readonly groupRef?: TokenRef | undefined
  /** what came with it (1.6 transactionData), oldest first */
  readonly registers?: readonly TimedReading[] | undefined
}

/**
 * Which open transaction a stop without a usable id means: those that began before it with a meter not above its own; of the tag
 * (or its group) where the stop names one; then narrowed by the registers that came with it, then by the connector that last
 * left Charging. Exactly one is a match.
 */
export const matchStop = (state: ChargerState, stop: UnnamedStop): StopMatch => {
  const possible = state.openTransactions.filter(
    (open) =>
      open.startedAt.effectiveAt <= stop.at &&
      (stop.meterStop === undefined || open.meterStart === undefined || !wentBack(open.meterStart, stop.meterStop)),
  )
  // a tag that fits none of them ends none of them
  const byTag = stop.tokenRef === undefined ? possible : possible.filter((open) => isOfTag(open, stop))
  const byRegisters = narrowed(byTag, (list) => ofRegisters(list, stop.registers ?? []))
  const candidates = narrowed(byRegisters, (list) => lastLeftCharging(list, state, stop.at))
  const [first] = candidates
  if (first === undefined) return { kind: 'none' }
  return candidates.length === 1
    ? { kind: 'one', transactionId: first.transactionId }
    : { kind: 'several', transactionIds: candidates.map((open) => open.transactionId) }
}

const isOfTag = (open: OpenTransaction, { tokenRef, groupRef }: UnnamedStop): boolean =>
  open.tokenRef === tokenRef ||
  (open.groupRef !== undefined && (open.groupRef === tokenRef || open.groupRef === groupRef))

/** What tells nothing narrows nothing. */
const narrowed = (
  list: readonly OpenTransaction[],
  by: (list: readonly OpenTransaction[]) => readonly OpenTransaction[],
): readonly OpenTransaction[] => {
  if (list.length < 2) return list
  const fewer = by(list)
  return fewer.length === 0 ? list : fewer
}

/** Those whose meter start the first register is; without such, those in whose range all of them lie. */
const ofRegisters = (
  list: readonly OpenTransaction[],
  registers: readonly TimedReading[],
): readonly OpenTransaction[] => {
  const [first] = registers
  if (first === undefined) return list
  const exact = list.filter((open) => open.meterStart !== undefined && isSameReading(open.meterStart, first.reading))
  if (exact.length > 0) return exact
  return list.filter(
    ({ startedAt, meterStart }) =>
      startedAt.effectiveAt <= first.at &&
      registers.every(({ reading }) => meterStart === undefined || !wentBack(meterStart, reading)),
  )
}

/** The one whose EVSE was the last to leave Charging before the stop. */
const lastLeftCharging = (
  list: readonly OpenTransaction[],
  { leftCharging = [] }: ChargerState,
  at: Instant,
): readonly OpenTransaction[] => {
  const until = Date.parse(at) + toleratedSkewMs
  const newest = leftCharging
    .filter((left) =>
      list.some(
        (open) => open.evseId === left.evseId && open.startedAt.effectiveAt <= left.at && Date.parse(left.at) <= until,
      ),
    )
    .toSorted((a, b) => (a.at < b.at ? 1 : -1))
  const [last, before] = newest
  if (last === undefined || before?.at === last.at) return []
  return list.filter((open) => open.evseId === last.evseId)
}

/** Keeps a frame that carries energy facts and cannot be attributed, for review; told again it makes nothing. */
export const parkFrame = (
  command: { readonly factId: FactId | undefined; readonly parked: EventNamed<'FrameParked'>['data'] },
  state: ChargerState,
): Decision<ChargerEvent> =>
  answeredBefore(state, command.factId) !== undefined || state.contentKeys.includes(command.parked.contentKey)
    ? accept()
    : accept<ChargerEvent>({ type: 'FrameParked', data: command.parked })
