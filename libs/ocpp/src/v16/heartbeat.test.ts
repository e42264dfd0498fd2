import { instant } from '@voltrail/contracts/quantities'
import { protocol16 } from './protocol16.ts'

const now = instant(Date.UTC(2026, 0, 31, 12))

describe('Heartbeat', () => {
  it('is answered with our time, whatever it carries', () => {
    for (const payload of [{}, { extra: 1 }, { deep: { nul: '\u0000' } }]) {
      const inbound = protocol16.inbound('Heartbeat', payload, { tenant: 'default', chargerId: 'CP1' })
      if (inbound.kind !== 'heartbeat') throw new Error('no heartbeat')
      expect(inbound.answer(now)).toEqual({ currentTime: '2026-01-31T12:00:00.000Z' })
    }
    expect(protocol16.heartbeatPayload(now)).toEqual({ currentTime: '2026-01-31T12:00:00.000Z' })
  })
})
