import { at, given } from '../fixtures/given.ts'
import { device } from './device.ts'
import { reportSecurityEvent, severityOf } from './security-events.ts'

const fact = {
  factId: 'e.1' as never,
  event: 'TamperDetectionActivated',
  time: { raw: at(0), at: at(0) },
  techInfo: 'door',
  contentKey: 'a'.repeat(64),
}
const { factId: _, ...told } = fact
const reported = { type: 'SecurityEventReported', data: { ...told, severity: 'critical' } } as const

describe('a security event', () => {
  // OCPP 1.6 security white paper, the list of security events: these, and no others, are critical
  it.each([
    'FirmwareUpdated',
    'SettingSystemTime',
    'StartupOfTheDevice',
    'ResetOrReboot',
    'SecurityLogWasCleared',
    'MemoryExhaustion',
    'TamperDetectionActivated',
  ])('is critical: %s', (event) => expect(severityOf(event)).toBe('critical'))
  it.each([
    'FailedToAuthenticateAtCentralSystem',
    'CentralSystemFailedToAuthenticate',
    'ReconfigurationOfSecurityParameters',
    'InvalidMessages',
    'AttemptedReplayAttacks',
    'InvalidFirmwareSignature',
    'InvalidFirmwareSigningCertificate',
    'InvalidCentralSystemCertificate',
    'InvalidChargePointCertificate',
    'InvalidTLSVersion',
    'InvalidTLSCipherSuite',
    'AcmeDoorOpenedTwice',
  ])('is a warning: %s', (event) => expect(severityOf(event)).toBe('warning'))
  it('is recorded with its severity', () =>
    given(device)
      .when((s) => reportSecurityEvent(fact, s))
      .then(reported))
  it('is recorded once, also when it is told again on another connection', () => {
    given(device, { event: reported, factId: fact.factId })
      .when((s) => reportSecurityEvent(fact, s))
      .thenNothing()
    given(device, reported)
      .when((s) => reportSecurityEvent({ ...fact, factId: 'f.2' as never }, s))
      .thenNothing()
  })
  it('of another time is another event', () =>
    given(device, reported)
      .when((s) => reportSecurityEvent({ ...fact, factId: 'f.2' as never, contentKey: 'b'.repeat(64) }, s))
      .thenMatching({ type: 'SecurityEventReported' }))
})
