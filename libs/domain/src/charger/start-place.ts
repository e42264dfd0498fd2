import type { ConnectorId, EvseId } from '@voltrail/contracts/ids'
import type { ChargerState } from './charger-state.ts'
import { openWithKey } from './transactions.ts'

/** Where a start began that names the charging station as a whole (connector 0), or whose connector could not be read. */

export interface StartPlace {
  readonly evseId: EvseId
  readonly connectorId: ConnectorId
}

/** The EVSEs that a charger is known to have. */
export const knownEvses = ({ connectors }: Pick<ChargerState, 'connectors'>): EvseId[] =>
  [...new Set(connectors.map((one) => one.evseId))].filter((evseId) => evseId > 0).toSorted((a, b) => a - b)

/** The connector of an EVSE, where the charger told of one; else its first. */
export const connectorIn = (state: Pick<ChargerState, 'connectors'>, evseId: EvseId): ConnectorId => {
  const connectors = state.connectors.filter((one) => one.evseId === evseId)
  return (connectors.length === 1 ? connectors[0]?.connectorId : undefined) ?? 1
}

const inUse: readonly string[] = ['Preparing', 'Charging', 'SuspendedEV', 'SuspendedEVSE']

/**
 * The place of a start at connector 0: as its open transaction has it, if it is told again; else the only EVSE; else the only one
 * in use that has no open transaction. `undefined` when it could be any.
 */
export const placeOfWhole = (state: ChargerState, startKey: string): StartPlace | undefined => {
  const open = openWithKey(state, startKey)
  if (open !== undefined) return open
  const known = knownEvses(state)
  const free = known.filter(
    (evseId) =>
      state.connectors.some((one) => one.evseId === evseId && inUse.includes(one.status)) &&
      state.openTransactions.every((one) => one.evseId !== evseId),
  )
  const [only] = known.length === 1 ? known : free.length === 1 ? free : []
  return only === undefined ? undefined : { evseId: only, connectorId: connectorIn(state, only) }
}
