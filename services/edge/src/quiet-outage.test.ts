import { createQuietOutage } from './quiet-outage.ts'

type Log = 'well' | 'away' | 'recovering' | 'unheard'
const opened = () => {
  const seen = { bus: true, log: 'well' as Log, there: true }
  const outage = createQuietOutage(
    { quietOutageMs: 120_000 },
    { bus: () => seen.bus, log: () => seen.log, centralWasThere: () => seen.there },
  )
  return { seen, outage }
}

describe('a quiet outage', () => {
  it.each([
    ['the log is away', { log: 'away' as Log }],
    ['NATS is away', { bus: false }],
    ['central has fallen silent', { log: 'unheard' as Log }],
  ])('has lasted when %s for two minutes', (_, change) => {
    const { seen, outage } = opened()
    Object.assign(seen, change)
    expect(outage.lasted(0)).toBe(false)
    expect(outage.lasted(119_999)).toBe(false)
    expect(outage.lasted(120_000)).toBe(true)
    Object.assign(seen, { bus: true, log: 'well' })
    expect(outage.lasted(121_000)).toBe(false)
    Object.assign(seen, change)
    expect(outage.lasted(122_000)).toBe(false)
    expect(outage.lasted(242_000)).toBe(true)
  })

  it('goes on through a recovery that fails, and ends with one that does not', () => {
    const { seen, outage } = opened()
    const at = (time: number, log: Log) => {
      seen.log = log
      return outage.lasted(time)
    }
    expect([at(0, 'away'), at(20_000, 'recovering'), at(40_000, 'away'), at(119_000, 'recovering')]).not.toContain(true)
    expect(at(125_000, 'recovering')).toBe(false)
    expect(at(130_000, 'away')).toBe(true)
    expect([at(140_000, 'recovering'), at(170_000, 'well'), at(180_000, 'away')]).not.toContain(true)
    expect([at(299_999, 'away'), at(300_000, 'away')]).toEqual([false, true])
  })

  it('is none before central has ever spoken', () => {
    const { seen, outage } = opened()
    Object.assign(seen, { log: 'unheard', there: false })
    outage.lasted(0)
    expect(outage.lasted(500_000)).toBe(false)
  })
})
