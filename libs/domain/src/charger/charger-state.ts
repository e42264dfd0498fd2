import type { ChargerSummary } from '@voltrail/contracts/events/charger'

/** All that is known of a charger: what its summary holds. */
export type ChargerState = ChargerSummary
