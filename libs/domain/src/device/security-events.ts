import type { FactOf } from '@voltrail/contracts/facts'
import type { DeviceEvent, EventNamed } from '@voltrail/contracts/events/registry'
import type { FactId } from '@voltrail/contracts/ids'
import { accept, type Decision } from '../decider.ts'
import { deviceAnswered, type DeviceState, type Part } from './device-state.ts'

const keptKeys = 64

/** What the charger tells about its own security. The same event told again is known by its content. */
export const securityEventsWith: Part = (state, event) =>
  event.type === 'SecurityEventReported'
    ? { ...state, contentKeys: [...state.contentKeys.slice(1 - keptKeys), event.data.contentKey] }
    : state

type Severity = EventNamed<'SecurityEventReported'>['data']['severity']

/** The events that OCPP names (security white paper §3, list of security events), those marked critical there. */
const severities: Readonly<Record<string, Severity>> = {
  FirmwareUpdated: 'critical',
  SettingSystemTime: 'critical',
  StartupOfTheDevice: 'critical',
  ResetOrReboot: 'critical',
  SecurityLogWasCleared: 'critical',
  MemoryExhaustion: 'critical',
  TamperDetectionActivated: 'critical',
  FailedToAuthenticateAtCentralSystem: 'warning',
  CentralSystemFailedToAuthenticate: 'warning',
  ReconfigurationOfSecurityParameters: 'warning',
  AttemptedReplayAttacks: 'warning',
  InvalidMessages: 'warning',
  InvalidFirmwareSignature: 'warning',
  InvalidFirmwareSigningCertificate: 'warning',
  InvalidCentralSystemCertificate: 'warning',
  InvalidChargePointCertificate: 'warning',
  InvalidTLSVersion: 'warning',
  InvalidTLSCipherSuite: 'warning',
}

/** A vendor's own event is looked at by a person rather than passed over. */
export const severityOf = (event: string): Severity => severities[event] ?? 'warning'

/** A security event, once by its type, time and text as received. */
export const reportSecurityEvent = (
  fact: {
    readonly factId: FactId
    readonly event: string
    readonly time: FactOf<'SecurityEvent'>['time']
    readonly techInfo?: string | undefined
    readonly contentKey: string
  },
  state: DeviceState,
): Decision<DeviceEvent> => {
  const { factId, event, time, techInfo, contentKey } = fact
  if (deviceAnswered(state, factId) !== undefined || state.contentKeys.includes(contentKey)) return accept()
  return accept<DeviceEvent>({
    type: 'SecurityEventReported',
    data: { event, severity: severityOf(event), time, ...(techInfo === undefined ? {} : { techInfo }), contentKey },
  })
}
