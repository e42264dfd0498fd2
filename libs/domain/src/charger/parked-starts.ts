import type { ChargerSummary } from '@voltrail/contracts/events/charger'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { TransactionId } from '@voltrail/contracts/ids'

const keptParkedStarts = 64

/** The newest starts that were parked, with one more where a frame is one. */
export const parkedStartsWith = (
  state: Pick<ChargerSummary, 'parkedStarts'>,
  { meant, transactionId, evseId, occurredAt }: EventNamed<'FrameParked'>['data'],
): Pick<ChargerSummary, 'parkedStarts'> => {
  if (meant !== 'TransactionStart' || transactionId === undefined) return {}
  const others = (state.parkedStarts ?? []).filter((one) => one.transactionId !== transactionId)
  const one = {
    transactionId,
    ...(evseId === undefined ? {} : { evseId }),
    ...(occurredAt === undefined ? {} : { at: occurredAt.effectiveAt }),
  }
  return { parkedStarts: [...others.slice(1 - keptParkedStarts), one] }
}

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
