import type { ChargerSummary } from '@voltrail/contracts/events/charger'
import type { TransactionId } from '@voltrail/contracts/ids'

/**
 * Stops that named no transaction of ours, known again when the charger tells them with another time. A charger's queue is in
 * order: once another start was told, a stop that says the same is another one.
 */

const keptStops = 16

/** The newest of them since the last start, with one more. */
export const toldStopsWith = (
  { toldStops = [] }: Pick<ChargerSummary, 'toldStops'>,
  key: string | undefined,
): Pick<ChargerSummary, 'toldStops'> =>
  key === undefined ? {} : { toldStops: [...toldStops.filter((one) => one !== key).slice(1 - keptStops), key] }

/** After a start was told none of them is known any more. */
export const afterStart = <S extends Pick<ChargerSummary, 'toldStops'>>(state: S): S =>
  state.toldStops === undefined ? state : { ...state, toldStops: [] }

/** Whether a stop is one that was told before, stamped anew. */
export const isRestampedStop = ({ toldStops = [] }: Pick<ChargerSummary, 'toldStops'>, key: string | undefined) =>
  key !== undefined && toldStops.includes(key)

/**
 * Whether what a stop says, its time left out, is of one stop only: it names a transaction, or a register above zero, which no
 * other session of this tag ends at unless it took no energy.
 */
export const identifiesStop = ({
  transactionId,
  meterStop,
}: {
  readonly transactionId?: TransactionId | undefined
  readonly meterStop?: { readonly value: string } | undefined
}): boolean => transactionId !== undefined || (meterStop !== undefined && Number(meterStop.value) > 0)
