import { protocol16 } from './protocol16.ts'
import { read } from './reading.fixture.ts'

describe('SecurityEventNotification', () => {
  it('becomes a security event, with its values as received', () => {
    const { fact, answer } = read(
      'SecurityEvent',
      '[2,"1","SecurityEventNotification",{"type":"FirmwareUpdated","timestamp":"2026-01-31T12:00:00Z","techInfo":"2.1"}]',
    )
    expect(fact).toEqual({
      type: 'SecurityEvent',
      event: 'FirmwareUpdated',
      time: { raw: '2026-01-31T12:00:00Z', at: '2026-01-31T12:00:00.000Z' },
      techInfo: '2.1',
      raw: { event: '"FirmwareUpdated"', timestamp: '"2026-01-31T12:00:00Z"', techInfo: '"2.1"' },
    })
    expect(answer({ type: 'SecurityEvent' })).toEqual({})
  })

  it('is read though its time has no zone', () => {
    const { fact, rules } = read(
      'SecurityEvent',
      '[2,"1","SecurityEventNotification",{"type":"TamperDetectionActivated","timestamp":"2026-01-31T12:00:00"}]',
    )
    expect(fact).toMatchObject({ time: { at: '2026-01-31T12:00:00.000Z' }, raw: { techInfo: '' } })
    expect(rules).toContain('Q1-time-no-zone')
  })

  it('of no type is refused', () => {
    const payload = { timestamp: '2026-01-31T12:00:00Z' }
    expect(
      protocol16.inbound('SecurityEventNotification', payload, { tenant: 'default', chargerId: 'CP1' }),
    ).toMatchObject({ kind: 'error', code: 'OccurenceConstraintViolation' })
  })
})
