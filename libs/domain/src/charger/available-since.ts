import type { ChargerSummary } from '@voltrail/contracts/events/charger'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { Instant } from '@voltrail/contracts/quantities'
import type { Recorded } from '../decider.ts'
import { occurredAt } from '../occurred-at.ts'
import { clockOf } from './measured-clock.ts'

type AvailableSince = NonNullable<ChargerSummary['availableSince']>

/**
 * Since when each EVSE is Available as a whole, after one of its connectors told its status (which `state` holds already). Told
 * again it keeps its time. EVSE 0 is the charger itself and bears no session. `at`: the charger's time as far as its clock is right.
 */
export const availableSince = (
  state: Pick<ChargerSummary, 'connectors' | 'availableSince' | 'clockOffsetsMs' | 'connectedAt'>,
  { data, metadata }: Recorded<EventNamed<'ConnectorStatusChanged'>>,
  at: Instant = occurredAt(data.time, metadata.receivedAt, clockOf(state)).effectiveAt,
): AvailableSince => {
  const before = state.availableSince ?? []
  const { evseId } = data
  if (evseId === 0) return before
  const others = before.filter((one) => one.evseId !== evseId)
  const free = state.connectors.every((one) => one.evseId !== evseId || one.status === 'Available')
  if (!free) return others
  const known = before.find((one) => one.evseId === evseId)
  return [...others, known ?? { evseId, at }]
}
