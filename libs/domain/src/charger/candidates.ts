import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { RegisterCandidate } from '@voltrail/contracts/events/charger'
import type { FactId, TransactionId } from '@voltrail/contracts/ids'
import type { Instant } from '@voltrail/contracts/quantities'
import { accept, type Decision } from '../decider.ts'
import { isSameReading, wentBack } from '../registers.ts'
import { storedReading, type MeterSession } from '../session.ts'
import type { TimedReading } from '../timed-reading.ts'
import { answeredBefore } from './charger.ts'
import type { ChargerState } from './charger-state.ts'
import { keptCandidates } from './kept-candidates.ts'

/** Register readings of an EVSE in use that has no session: its start may come later, from the charger's queue. */

/**
 * Whether a session may begin late on this EVSE: not where its connectors are known to be free, nor at the charger itself.
 * @param at when it was measured: what comes from a queue may be older than the connectors being free
 */
export const mayBeInUse = (state: ChargerState, evseId: number, at?: Instant): boolean => {
  if (evseId === 0) return false
  const connectors = state.connectors.filter((one) => one.evseId === evseId)
  if (connectors.length === 0 || connectors.some((one) => one.status !== 'Available')) return true
  const free = state.availableSince?.find((one) => one.evseId === evseId)
  return at !== undefined && free !== undefined && at < free.at
}

/** The first of an EVSE are all held; from then on they are thinned out to these and the last, for a meter may tell them for years. */
const heldAtOnce = 16
const thinnedMs = 15 * 60_000

/**
 * Whether readings tell a start that may come later anything new: the first of their EVSE; those of a register that moved, each
 * that is newer and else one in 15 minutes, and each that went back; of one that stands still, one in 15 minutes while the EVSE is
 * known to be in use; and the first that contradict their power. What a start has taken is held no longer.
 * @param named the parked start that they name: they are compared with what is held for it
 * @param taken the session that has them until a later start claims them: they are compared with what is held so
 */
export const worthHolding = (
  state: ChargerState,
  evseId: number,
  registers: readonly TimedReading[],
  { named, taken, suspect }: HeldFor & { readonly suspect?: boolean | undefined } = {},
): boolean => {
  const held = heldFor(state, evseId, { named, taken })
  const [newest, told] = [held.at(-1), registers.at(-1)]
  if (newest === undefined || told === undefined) return told !== undefined
  if (suspect === true && !held.some((one) => one.suspect === true)) return true
  if (told.at > newest.at && wentBack(newest.reading, told.reading)) return true
  const rare = Math.abs(Date.parse(told.at) - Date.parse(newest.at)) >= thinnedMs
  const moved = registers.some(({ reading }) => !isSameReading(reading, newest.reading))
  const inUse = state.connectors.some((one) => one.evseId === evseId && one.status !== 'Available')
  return moved ? rare || told.at > newest.at || held.length < heldAtOnce : rare && inUse
}

/** For whom readings are held. */
export interface HeldFor {
  /** the parked start that they name */
  readonly named?: TransactionId | undefined
  /** the session that has them already, which has ended in silence: a start that comes later, and began before them, may claim them */
  readonly taken?: RegisterCandidate['claim']
}

const heldFor = (state: ChargerState, evseId: number, { named, taken }: HeldFor) =>
  (state.candidates ?? []).filter(
    (one) =>
      one.evseId === evseId && one.claim?.transactionId === taken?.transactionId && one.namedTransaction === named,
  )

/**
 * The held reading that a newer one stands for: of many the newest, where it is in the same 15 minutes after the one before it.
 * It stays where it tells what the newer one does not: that the register went back, or a doubt, or where the session began.
 */
const replacedBy = (held: readonly RegisterCandidate[], registers: readonly TimedReading[]): string | undefined => {
  const [before, newest, told] = [held.at(-2), held.at(-1), registers.at(-1)]
  if (held.length < heldAtOnce || before === undefined || newest === undefined || told === undefined) return undefined
  const inSlot = told.at > newest.at && Date.parse(told.at) - Date.parse(before.at) < thinnedMs
  const plain =
    newest.suspect !== true && newest.context !== 'Transaction.Begin' && newest.contentKey !== before.contentKey
  const rises =
    !wentBack(before.reading, newest.reading) && !registers.some(({ reading }) => wentBack(newest.reading, reading))
  return inSlot && plain && rises ? newest.contentKey : undefined
}

export const heldBefore = (state: ChargerState, contentKey: string): boolean =>
  state.candidates?.some((one) => one.contentKey === contentKey) === true

/** Holds the readings of one message; told again it makes nothing. */
export const holdRegisters = (
  command: HeldFor & {
    readonly factId: FactId
    readonly evseId: number
    readonly contentKey: string
    readonly registers: readonly TimedReading[]
    /** it carries a signed record: its frame is kept though it may have no reading */
    readonly signed?: boolean | undefined
    /** its energy contradicts its power */
    readonly suspect?: boolean | undefined
  },
  state: ChargerState,
): Decision<ChargerEvent> => {
  const { factId, evseId, contentKey, registers, named, taken, signed, suspect } = command
  if (answeredBefore(state, factId) !== undefined || heldBefore(state, contentKey)) return accept()
  // more cannot be kept; of a longer list its ends tell the most
  const some =
    registers.length <= keptCandidates ? registers : [...registers.slice(0, 8), ...registers.slice(8 - keptCandidates)]
  const candidates = some.map((one) => ({
    evseId,
    ...storedReading(one),
    contentKey,
    ...(named === undefined ? {} : { namedTransaction: named }),
    ...(taken === undefined ? {} : { claim: taken }),
    ...(suspect === true ? { suspect } : {}),
  }))
  const replaces = replacedBy(heldFor(state, evseId, { named, taken }), registers)
  return candidates.length === 0 && signed !== true
    ? accept()
    : accept<ChargerEvent>({
        type: 'RegistersHeld',
        data: { candidates, ...(replaces === undefined ? {} : { replaces }) },
      })
}

/** What a start that has come late took into its session when it was opened: each message as if it had come after it. */
export const claimedBy = (state: Pick<ChargerState, 'candidates'>, transactionId: TransactionId): MeterSession[] => {
  const claimed = (state.candidates ?? []).filter((one) => one.claim?.transactionId === transactionId)
  const keys = [...new Set(claimed.map((one) => one.contentKey))]
  return keys.flatMap((contentKey) => {
    const message = claimed.filter((one) => one.contentKey === contentKey)
    const registers = message.map(storedReading)
    const measuredAt = registers.at(-1)?.at
    const named = message.some((one) => one.namedTransaction !== undefined)
    const suspect = message.some((one) => one.suspect === true)
    return measuredAt === undefined
      ? []
      : [
          {
            contentKey,
            registers,
            live: {},
            measuredAt,
            ...(named ? { named } : {}),
            ...(suspect ? { suspect } : {}),
          },
        ]
  })
}
