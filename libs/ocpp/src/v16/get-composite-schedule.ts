import { Decimal, instant } from '@voltrail/contracts/quantities'
import type { CompositeSchedule } from '@voltrail/contracts/charging-profile'
import type { Fields } from './inbound-message.ts'
import type { OutboundMessage } from './outbound-message.ts'

/** OCPP 1.6 §5.7, §6.21. At connector 0 the charger tells what it expects to draw from the grid. */
export const getCompositeSchedule: OutboundMessage<'GetCompositeSchedule'> = {
  action: 'GetCompositeSchedule',
  write: ({ evseId, durationSeconds, unit }) => ({
    payload: { connectorId: evseId, duration: durationSeconds, ...(unit !== undefined && { chargingRateUnit: unit }) },
  }),
  read: ({ connectorId, duration, chargingRateUnit }) => ({
    evseId: connectorId,
    durationSeconds: duration,
    unit: chargingRateUnit,
  }),
  told: (fields) => {
    const compositeSchedule = scheduleOf(fields)
    return compositeSchedule === undefined ? {} : { compositeSchedule }
  },
}

/** §7.13 ChargingSchedule, once the schema has taken it. */
interface Schedule {
  readonly duration?: number
  readonly chargingRateUnit: 'A' | 'W'
  readonly chargingSchedulePeriod: readonly {
    readonly startPeriod: number
    readonly limit: number
    readonly numberPhases?: number
  }[]
}

/** undefined when it has none, or a limit that no schedule can have (below 0). */
const scheduleOf = ({ connectorId, scheduleStart, chargingSchedule }: Fields): CompositeSchedule | undefined => {
  if (typeof connectorId !== 'number' || typeof chargingSchedule !== 'object' || chargingSchedule === null)
    return undefined
  const { duration, chargingRateUnit, chargingSchedulePeriod } = chargingSchedule as Schedule
  const startAt = typeof scheduleStart === 'string' ? Date.parse(scheduleStart) : Number.NaN
  const periods = chargingSchedulePeriod.map(({ startPeriod, limit, numberPhases }) => ({
    startSeconds: startPeriod,
    limit: Decimal.safeParse(String(limit)).data ?? '',
    ...(numberPhases === undefined ? {} : { numberPhases }),
  }))
  if (periods.some(({ limit }) => limit === '' || limit.startsWith('-'))) return undefined
  return {
    evseId: connectorId,
    ...(Number.isNaN(startAt) ? {} : { startAt: instant(startAt) }),
    durationSeconds: duration ?? 86_400,
    unit: chargingRateUnit,
    periods,
  }
}
