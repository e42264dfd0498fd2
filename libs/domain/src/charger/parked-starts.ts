import type { ChargerSummary, ReviewDecision } from '@voltrail/contracts/events/charger'
import type { ChargerEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { AuthorizationStatus } from '@voltrail/contracts/personal'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import type { RegisterReading } from '@voltrail/contracts/quantities'
import type { Recorded } from '../decider.ts'

const keptParkedStarts = 64
type Parked = EventNamed<'FrameParked'>['data']

/** The newest starts that were parked, with one more where a frame is one. */
export const parkedStartsWith = (
  state: Pick<ChargerSummary, 'parkedStarts'>,
  { revision, data }: Extract<Recorded<ChargerEvent>, { type: 'FrameParked' }>,
): Pick<ChargerSummary, 'parkedStarts'> => {
  const { meant, transactionId, evseId, occurredAt, authorization, tokenRef, meterStart } = data
  if (meant !== 'TransactionStart' || transactionId === undefined)
    return parkedStartsNamed(state, [data.namedTransaction])
  const others = (state.parkedStarts ?? []).filter((one) => one.transactionId !== transactionId)
  const one = {
    transactionId,
    ...(evseId === undefined ? {} : { evseId }),
    ...(occurredAt === undefined ? {} : { at: occurredAt.effectiveAt }),
    revision,
    ...(authorization === undefined ? {} : { authorization }),
    ...(tokenRef === undefined ? {} : { tokenRef }),
    ...(meterStart === undefined ? {} : { meterStart }),
  }
  return { parkedStarts: [...others.slice(1 - keptParkedStarts), one] }
}

/** They after a message that names transactions. */
export const parkedStartsNamed = (
  { parkedStarts }: Pick<ChargerSummary, 'parkedStarts'>,
  named: readonly (TransactionId | undefined)[],
): Pick<ChargerSummary, 'parkedStarts'> =>
  parkedStarts?.some((one) => one.named !== true && named.includes(one.transactionId)) === true
    ? {
        parkedStarts: parkedStarts.map((one) =>
          named.includes(one.transactionId) ? { ...one, named: true as const } : one,
        ),
      }
    : {}

/**
 * The start that waits for an operator and that another one, which says no connector either, is when it is told again with another
 * time: of the same token and raw meter start, and no later message has carried its transaction id.
 */
export const waitingStartLike = (
  { parkedStarts = [] }: Pick<ChargerSummary, 'parkedStarts'>,
  start: { readonly tokenRef: TokenRef; readonly meterStart?: RegisterReading | undefined },
): TransactionId | undefined =>
  parkedStarts.findLast(
    (one) =>
      one.evseId === undefined &&
      one.settled === undefined &&
      one.named !== true &&
      one.tokenRef === start.tokenRef &&
      one.meterStart !== undefined &&
      one.meterStart.raw === start.meterStart?.raw &&
      one.meterStart.unit === start.meterStart.unit,
  )?.transactionId

/** They after the review of one was settled: of the event at this revision of the charger's stream. */
export const parkedStartsSettled = (
  { parkedStarts }: Pick<ChargerSummary, 'parkedStarts'>,
  revision: number,
  decision: ReviewDecision,
): Pick<ChargerSummary, 'parkedStarts'> =>
  parkedStarts?.some((one) => one.revision === revision) === true
    ? { parkedStarts: parkedStarts.map((one) => (one.revision === revision ? { ...one, settled: decision } : one)) }
    : {}

/**
 * Whether a transaction id is what we answered to a start that was parked: what names it is of no other transaction that happens
 * to be open. Summaries of old keep such a start among the content keys.
 */
export const isParkedStart = (
  state: Pick<ChargerSummary, 'parkedStarts' | 'contentKeys'>,
  transactionId: TransactionId,
): boolean =>
  state.parkedStarts?.some((one) => one.transactionId === transactionId) === true ||
  state.contentKeys.includes(`parked start ${transactionId}`)

/** Whether an operator has decided that there is no session of a parked start. */
export const isDismissedStart = (
  { parkedStarts }: Pick<ChargerSummary, 'parkedStarts'>,
  transactionId: TransactionId,
): boolean => parkedStarts?.some((one) => one.transactionId === transactionId && one.settled === 'dismissed') === true

/** What the charger was answered that the token of a parked start is worth: told again it is answered the same. */
export const answeredToParked = (
  { parkedStarts }: Pick<ChargerSummary, 'parkedStarts'>,
  transactionId: TransactionId,
): AuthorizationStatus | undefined => parkedStarts?.find((one) => one.transactionId === transactionId)?.authorization

/** The transaction that a parked message is about: of a start the one that the charger was answered, else the one that it names. */
export const transactionToldBy = ({ meant, transactionId, namedTransaction }: Parked): TransactionId | undefined =>
  meant === 'TransactionStart' ? transactionId : namedTransaction

/**
 * The parked start that must be settled before anything is decided that is about these transactions, at its revision of the
 * charger's stream: whether there is a session of it, or none, is not known before. `undefined` when nothing comes first.
 */
export const settledFirst = (
  { parkedStarts = [] }: Pick<ChargerSummary, 'parkedStarts'>,
  transactions: readonly (TransactionId | undefined)[],
): { readonly transactionId: TransactionId; readonly revision: number } | undefined => {
  for (const { transactionId, revision, settled } of parkedStarts)
    if (revision !== undefined && settled === undefined && transactions.includes(transactionId))
      return { transactionId, revision }
  return undefined
}
