import type { Instant } from '@voltrail/contracts/quantities'
import { writeTimestamp } from '../timestamp.ts'

/** OCPP 1.6 §4.6, §6.29. A heartbeat is presence, no fact: it is answered without central. */
export const heartbeatAction = 'Heartbeat'

export const heartbeatAnswer = (now: Instant): object => ({ currentTime: writeTimestamp(now) })
