import type { FactId, TransactionId, TokenRef } from '@voltrail/contracts/ids'
import type { OpenTransaction } from '@voltrail/contracts/events/charger'
import type { ChargerEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { Instant, RegisterReading } from '@voltrail/contracts/quantities'
import { accept, type Decision } from '../decider.ts'
import { wentBack } from '../registers.ts'
import { answeredBefore, type ChargerState } from './charger.ts'

/** The register of a charger's open transactions: what names no transaction is resolved from it. */

/** Opened before the session starts, so that a crash between the two is met again by the charger's retry. */
export const openTransaction = (open: OpenTransaction, state: ChargerState): Decision<ChargerEvent> =>
  openWithKey(state, open.startKey) !== undefined
    ? accept()
    : accept<ChargerEvent>({ type: 'TransactionOpened', data: open })

/** Closed after the session's stop, before the charger is answered. */
export const closeTransaction = (
  command: {
    readonly transactionId: TransactionId
    readonly reason: 'stopped' | 'inferred' | 'resolved'
    readonly contentKey?: string | undefined
  },
  state: ChargerState,
): Decision<ChargerEvent> =>
  state.openTransactions.some((known) => known.transactionId === command.transactionId)
    ? accept<ChargerEvent>({ type: 'TransactionClosed', data: closed(command) })
    : accept()

const closed = ({ transactionId, reason, contentKey }: Parameters<typeof closeTransaction>[0]) => ({
  transactionId,
  reason,
  ...(contentKey === undefined ? {} : { contentKey }),
})

/** The open transaction of a start that is told again, also by a key that it got from a re-stamp. */
export const openWithKey = (state: ChargerState, startKey: string): OpenTransaction | undefined =>
  state.openTransactions.find((open) => open.startKey === startKey || open.otherKeys?.includes(startKey) === true)

/**
 * The open transactions that a start with another key may be: those on its connector with its tag and its raw meter start. It is
 * one of them, re-stamped, if no later frame has carried that one's transaction id.
 */
export const restampable = (
  state: ChargerState,
  start: Pick<OpenTransaction, 'evseId' | 'connectorId' | 'tokenRef' | 'meterStart'>,
): readonly OpenTransaction[] =>
  state.openTransactions
    .filter(
      (open) =>
        open.evseId === start.evseId &&
        open.connectorId === start.connectorId &&
        open.tokenRef === start.tokenRef &&
        open.meterStart?.raw === start.meterStart?.raw &&
        open.meterStart?.unit === start.meterStart?.unit,
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

/**
 * Which open transaction a stop without a usable id means: those that began before it with a meter not above its own; narrowed by
 * the tag (or its group) where the stop names one. Exactly one is a match.
 */
export const matchStop = (
  state: ChargerState,
  stop: {
    readonly at: Instant
    readonly meterStop?: RegisterReading | undefined
    readonly tokenRef?: TokenRef | undefined
  },
): StopMatch => {
  const possible = state.openTransactions.filter(
    (open) =>
      open.startedAt.effectiveAt <= stop.at &&
      (stop.meterStop === undefined || open.meterStart === undefined || !wentBack(open.meterStart, stop.meterStop)),
  )
  const named = possible.filter((open) => open.tokenRef === stop.tokenRef || open.groupRef === stop.tokenRef)
  const candidates = stop.tokenRef !== undefined && named.length > 0 ? named : possible
  const [first] = candidates
  if (first === undefined) return { kind: 'none' }
  return candidates.length === 1
    ? { kind: 'one', transactionId: first.transactionId }
    : { kind: 'several', transactionIds: candidates.map((open) => open.transactionId) }
}

/** Keeps a frame that carries energy facts and cannot be attributed, for review; told again it makes nothing. */
export const parkFrame = (
  command: { readonly factId: FactId | undefined; readonly parked: EventNamed<'FrameParked'>['data'] },
  state: ChargerState,
): Decision<ChargerEvent> =>
  answeredBefore(state, command.factId) !== undefined || state.contentKeys.includes(command.parked.contentKey)
    ? accept()
    : accept<ChargerEvent>({ type: 'FrameParked', data: command.parked })
