import type { ChargerSummary, ConnectorState } from '@voltrail/contracts/events/charger'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { ConnectionEpoch } from '@voltrail/contracts/ids'
import { statusKey } from '../content-key.ts'
import type { Recorded } from '../decider.ts'

/**
 * Which connection told each of the newest statuses. A charger that changes its socket may have said on the old one what reaches
 * us after the new one has said more: whatever comes on an older connection was said before.
 */

type ToldStatuses = NonNullable<ChargerSummary['toldStatuses']>
type ToldStatus = EventNamed<'ConnectorStatusChanged'>['data']

const keptStatuses = 24

/** What a status says of its connector; two that say the same are no change. */
export const detailsOf = ({ status, errorCode, info, vendorId, vendorErrorCode }: ConnectorState): string =>
  JSON.stringify([status, errorCode, info ?? '', vendorId ?? '', vendorErrorCode ?? ''])

const keyOf = (status: ToldStatus): string =>
  statusKey(status.evseId, status.connectorId, detailsOf(status), status.time?.raw ?? '')

/** The newest statuses with one more. One that came on no known connection is not kept. */
export const toldStatusesWith = (
  state: Pick<ChargerSummary, 'toldStatuses'>,
  { data, metadata }: Recorded<EventNamed<'ConnectorStatusChanged' | 'ConnectorStatusToldLate'>>,
): Pick<ChargerSummary, 'toldStatuses'> => {
  const { epoch } = metadata.causation
  if (epoch === undefined) return {}
  const { evseId, connectorId } = data
  const told = { evseId, connectorId, statusKey: keyOf(data), epoch }
  return { toldStatuses: [...(state.toldStatuses ?? []).slice(1 - keptStatuses), told] }
}

const toldOf = ({ toldStatuses = [] }: Pick<ChargerSummary, 'toldStatuses'>, status: ToldStatus): ToldStatuses =>
  toldStatuses.filter((one) => one.evseId === status.evseId && one.connectorId === status.connectorId)

/** Whether a newer connection than this one has told a status of the same connector. */
export const isToldLate = (
  state: Pick<ChargerSummary, 'toldStatuses'>,
  status: ToldStatus,
  epoch: ConnectionEpoch | undefined,
): boolean => epoch !== undefined && toldOf(state, status).some((one) => BigInt(one.epoch) > BigInt(epoch))

/** Whether this very status, its time included, is among the newest. */
export const wasTold = (state: Pick<ChargerSummary, 'toldStatuses'>, status: ToldStatus): boolean => {
  const key = keyOf(status)
  return toldOf(state, status).some((one) => one.statusKey === key)
}
