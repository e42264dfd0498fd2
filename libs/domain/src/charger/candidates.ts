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

/**
 * The first messages of an EVSE are all held; from then on they are thinned out to these and the last, for a meter may tell them
 * for years.
 */
const heldAtOnce = 16
const thinnedMs = 15 * 60_000
/** For how long each message of a register that moves is told to the log while no start is known that it could be of. */
const eachMs = 86_400_000

/**
 * Whether readings tell a start that may come later anything new: the first of their EVSE; those of a register that moved, each
 * that is newer and else one in 15 minutes, and each that went back; of one that stands still, one in 15 minutes while the EVSE is
 * known to be in use; and the first that contradict their power. What a start has taken is held no longer.
 *
 * A box that never tells a start may meter for years: a day after the first that no start has taken, one in 15 minutes is held of
 * what names no parked start. Until then, and always where a start is parked, all energy is in the log before it is answered.
 * @param named the parked start that they name: they are compared with what is held for it
 * @param taken the session that has them until a later start claims them: they are compared with what is held so
 */
export const worthHolding = (
  state: ChargerState,
  evseId: number,
  registers: readonly TimedReading[],
  { named, taken, suspect }: HeldFor & { readonly suspect?: boolean | undefined } = {},
): boolean => {
  const messages = heldFor(state, evseId, { named, taken })
  const [first, newest, told] = [messages[0]?.[0], messages.at(-1)?.at(-1), registers.at(-1)]
  if (first === undefined || newest === undefined || told === undefined) return told !== undefined
  if (suspect === true && !messages.some((held) => held.some((one) => one.suspect === true))) return true
  if (told.at > newest.at && wentBack(newest.reading, told.reading)) return true
  const rare = Math.abs(Date.parse(told.at) - Date.parse(newest.at)) >= thinnedMs
  const known = messages.at(-1)!
  const moved = registers.some(({ reading }) => !known.some((one) => isSameReading(reading, one.reading)))
  const each = named !== undefined || Date.parse(told.at) - Date.parse(first.at) < eachMs
  const inUse = state.connectors.some((one) => one.evseId === evseId && one.status !== 'Available')
  return moved ? rare || (each && told.at > newest.at) || messages.length < heldAtOnce : rare && inUse
}

/** For whom readings are held. */
export interface HeldFor {
  /** the parked start that they name */
  readonly named?: TransactionId | undefined
  /** the session that has them already, which has ended in silence: a start that comes later, and began before them, may claim them */
  readonly taken?: RegisterCandidate['claim']
}

/** The messages that are held for the same, in the order of their last readings: one may tell a register in several contexts, or many. */
const heldFor = (state: ChargerState, evseId: number, { named, taken }: HeldFor): readonly RegisterCandidate[][] => {
  const messages = new Map<string, RegisterCandidate[]>()
  for (const one of state.candidates ?? []) {
    if (one.evseId !== evseId || one.namedTransaction !== named) continue
    if (one.claim?.transactionId !== taken?.transactionId) continue
    const message = messages.get(one.contentKey) ?? []
    messages.delete(one.contentKey)
    messages.set(one.contentKey, [...message, one])
  }
  return [...messages.values()]
}

/**
 * The held message that a newer one stands for: of many the newest, where it is in the same 15 minutes after the one before it.
 * It stays where it tells what the newer one does not: that the register went back, or a doubt, or where the session began.
 */
const replacedBy = (
  messages: readonly (readonly RegisterCandidate[])[],
  registers: readonly TimedReading[],
): string | undefined => {
  const [before, newest, told] = [messages.at(-2)?.at(-1), messages.at(-1), registers.at(-1)]
  if (messages.length < heldAtOnce || before === undefined || newest === undefined || told === undefined)
    return undefined
  const inSlot = told.at > newest.at(-1)!.at && Date.parse(told.at) - Date.parse(before.at) < thinnedMs
  const plain = newest.every(({ at, suspect, context }) => {
    return at >= before.at && suspect !== true && context !== 'Transaction.Begin'
  })
  const way = [before, ...newest, ...registers]
  const rises = way.every(({ reading }, i) => i === 0 || !wentBack(way[i - 1]!.reading, reading))
  return inSlot && plain && rises ? newest[0]!.contentKey : undefined
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
