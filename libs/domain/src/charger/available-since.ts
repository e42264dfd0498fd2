import type { ChargerSummary } from '@voltrail/contracts/events/charger'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { Recorded } from '../decider.ts'
import { occurredAt } from '../occurred-at.ts'

type AvailableSince = NonNullable<ChargerSummary['availableSince']>

/**
 * Since when each EVSE is Available as a whole, after one of its connectors told its status (which `state` holds already). Told
 * again it keeps its time. EVSE 0 is the charger itself and bears no session.
 */
export const availableSince = (
  state: Pick<ChargerSummary, 'connectors' | 'availableSince'>,
  { data, metadata }: Recorded<EventNamed<'ConnectorStatusChanged'>>,
): AvailableSince => {
  const before = state.availableSince ?? []
  const { evseId } = data
  if (evseId === 0) return before
  const others = before.filter((one) => one.evseId !== evseId)
  const free = state.connectors.every((one) => one.evseId !== evseId || one.status === 'Available')
  if (!free) return others
  const known = before.find((one) => one.evseId === evseId)
  return [...others, known ?? { evseId, at: occurredAt(data.time, metadata.receivedAt).effectiveAt }]
}
