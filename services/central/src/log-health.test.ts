import { createLogHealth, type LogState } from './log-health.ts'

const opened = (begins: { state: LogState; at: number } = { state: 'well', at: 0 }) => {
  const told: LogState[] = []
  return { health: createLogHealth(30_000, begins, (state) => told.push(state)), told }
}

describe('the health of the log', () => {
  it('is well until a call comes back unavailable', () => {
    const { health, told } = opened()
    expect(health.state).toBe('well')
    health.failed(0)
    health.failed(1)
    expect(told).toEqual(['away'])
  })

  it('comes back only after probes were written for 30 s', () => {
    const { health, told } = opened()
    health.failed(0)
    for (let at = 1_000; at < 31_000; at += 1_000) {
      health.probed(true, at)
      expect(health.state).toBe('recovering')
    }
    health.probed(true, 31_000)
    expect(told).toEqual(['away', 'recovering', 'well'])
  })

  it('begins to count anew whenever it flaps', () => {
    const { health, told } = opened()
    health.failed(0)
    health.probed(true, 1_000)
    health.probed(false, 29_000)
    health.probed(true, 30_000)
    health.failed(59_000)
    health.probed(true, 60_000)
    health.probed(true, 89_999)
    expect(health.state).toBe('recovering')
    health.probed(true, 90_000)
    expect(told).toEqual(['away', 'recovering', 'away', 'recovering', 'away', 'recovering', 'well'])
  })

  it('goes on with the recovery that the process before had begun, from its beginning', () => {
    const { health, told } = opened({ state: 'recovering', at: 5_000 })
    health.probed(true, 34_999)
    expect(health.state).toBe('recovering')
    health.probed(true, 35_000)
    expect(told).toEqual(['well'])
  })
})
