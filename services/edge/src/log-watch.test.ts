import { createLogWatch } from './log-watch.ts'

describe('the watch over the log', () => {
  it('knows nothing before a central pod has spoken, nor when all have fallen silent', () => {
    const watch = createLogWatch(5_000)
    expect(watch.state(0)).toBe('unheard')
    expect(watch.everHeard).toBe(false)
    watch.heard({ pod: 'a', state: 'well' }, 0)
    expect(watch.state(5_000)).toBe('well')
    expect(watch.state(5_001)).toBe('unheard')
    expect(watch.everHeard).toBe(true)
  })

  it('takes the log for well as long as one pod can append', () => {
    const watch = createLogWatch(5_000)
    watch.heard({ pod: 'a', state: 'away' }, 0)
    expect(watch.state(0)).toBe('away')
    watch.heard({ pod: 'b', state: 'recovering' }, 0)
    expect(watch.state(0)).toBe('recovering')
    watch.heard({ pod: 'c', state: 'well' }, 0)
    expect(watch.state(0)).toBe('well')
  })
})
