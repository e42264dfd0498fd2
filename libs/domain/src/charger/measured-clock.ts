import type { ChargerSummary } from '@voltrail/contracts/events/charger'
import type { EventNamed } from '@voltrail/contracts/events/registry'
import type { Recorded } from '../decider.ts'
import type { ChargerClock } from '../occurred-at.ts'

/** How far a charger's clock is off: measured by status messages, which chargers send when something happens. */

const keptOffsets = 5
/** Messages that come in one burst measure once, the newest of them. */
const burstMs = 60_000

/** What is known of the clock after one more status message. */
export const measuredClock = (
  state: ChargerSummary,
  { data, metadata }: Recorded<EventNamed<'ConnectorStatusChanged'>>,
): Pick<ChargerSummary, 'clockOffsetsMs' | 'clockSampledAt'> => {
  const { clockOffsetsMs = [], clockSampledAt } = state
  if (data.time?.at === undefined) return {}
  const at = metadata.receivedAt
  const offset = Date.parse(data.time.at) - Date.parse(at)
  const burst = clockSampledAt !== undefined && Date.parse(at) - Date.parse(clockSampledAt) < burstMs
  const earlier = burst ? clockOffsetsMs.slice(0, -1) : clockOffsetsMs.slice(1 - keptOffsets)
  return { clockOffsetsMs: [...earlier, offset], clockSampledAt: burst ? clockSampledAt : at }
}

/** The clock as boundaries in time are judged by it. */
export const clockOf = ({
  clockOffsetsMs,
  connectedAt,
}: Pick<ChargerSummary, 'clockOffsetsMs' | 'connectedAt'>): ChargerClock => ({
  offsetsMs: clockOffsetsMs ?? [],
  connectedAt,
})
