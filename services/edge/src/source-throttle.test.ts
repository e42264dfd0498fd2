import { createSourceThrottle } from './source-throttle.ts'

const here = '192.0.2.1'
const turnedAway = expect.stringContaining('too many attempts') as unknown

describe('attempts from one address', () => {
  it('that fail are turned away above their rate, for any id, and slowly taken again', () => {
    const throttle = createSourceThrottle({ failuresPerMinute: 6 })
    for (let i = 0; i < 6; i++) {
      expect(throttle.refusal(here, `CP${i}`, 0)).toBeUndefined()
      throttle.failed(here, `CP${i}`, 0)
    }
    expect(throttle.refusal(here, 'CP1', 0)).toEqual(turnedAway)
    expect(throttle.refusal(here, 'CP-NEW', 9_000)).toEqual(turnedAway)
    expect(throttle.refusal(here, 'CP1', 11_000)).toBeUndefined()
    throttle.failed(here, 'CP1', 11_000)
    expect(throttle.refusal(here, 'CP1', 11_000)).toEqual(turnedAway)
    expect(throttle.refusal(here, 'CP1', 600_000)).toBeUndefined()
  })

  it('never lock an id: from another address it is as welcome as before', () => {
    const throttle = createSourceThrottle({ failuresPerMinute: 2 })
    for (let i = 0; i < 50; i++) throttle.failed(here, 'CP1', 0)
    expect(throttle.refusal(here, 'CP1', 0)).toEqual(turnedAway)
    expect(throttle.refusal('192.0.2.2', 'CP1', 0)).toBeUndefined()
  })

  it('leave alone who was let in from there, until it fails itself', () => {
    const throttle = createSourceThrottle({ failuresPerMinute: 2 })
    throttle.letIn(here, 'GOOD')
    for (let i = 0; i < 50; i++) throttle.failed(here, 'BAD', 0)
    expect(throttle.refusal(here, 'GOOD', 0)).toBeUndefined()
    throttle.failed(here, 'GOOD', 0)
    expect(throttle.refusal(here, 'GOOD', 0)).toEqual(turnedAway)
  })

  it('owe no more than a minute, however many they were', () => {
    const throttle = createSourceThrottle({ failuresPerMinute: 60 })
    for (let i = 0; i < 10_000; i++) throttle.failed(here, undefined, 0)
    expect(throttle.refusal(here, 'CP1', 60_000)).toBeUndefined()
  })

  it('are remembered of so many addresses only', () => {
    const throttle = createSourceThrottle({ failuresPerMinute: 1 }, 2)
    for (const address of ['a', 'b', 'c']) throttle.failed(address, 'CP1', 0)
    expect(['a', 'b', 'c'].map((address) => throttle.refusal(address, 'CP1', 0) !== undefined)).toEqual([
      false,
      true,
      true,
    ])
  })
})
