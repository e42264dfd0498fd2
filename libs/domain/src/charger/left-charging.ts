import type { ChargerSummary } from '@voltrail/contracts/events/charger'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { Recorded } from '../decider.ts'
import { occurredAt } from '../occurred-at.ts'
import { clockOf } from './measured-clock.ts'

type LeftCharging = NonNullable<ChargerSummary['leftCharging']>

/**
 * When each EVSE last went from Charging to anything else, after one of its connectors told its status (`state` is from before).
 * Charging again it has not left.
 */
export const leftCharging = (
  state: ChargerSummary,
  { data, metadata }: Recorded<EventNamed<'ConnectorStatusChanged'>>,
): LeftCharging => {
  const before = state.leftCharging ?? []
  const { evseId, connectorId, status, time } = data
  const others = before.filter((one) => one.evseId !== evseId)
  if (evseId === 0) return before
  if (status === 'Charging') return others
  const known = state.connectors.find((one) => one.evseId === evseId && one.connectorId === connectorId)
  if (known?.status !== 'Charging') return before
  return [...others, { evseId, at: occurredAt(time, metadata.receivedAt, clockOf(state)).effectiveAt }]
}
