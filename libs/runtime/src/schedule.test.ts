import { createSchedule } from './schedule.ts'

describe('the schedule', () => {
  it('gives the keys whose time has come, earliest first, once', () => {
    const schedule = createSchedule()
    for (const [key, at] of Object.entries({ c: 30, a: 10, d: 40, b: 20 })) schedule.wake(key, at)
    expect(schedule.next()).toBe(10)
    expect(schedule.take(30).map(({ key }) => key)).toEqual(['a', 'b', 'c'])
    expect(schedule.take(30)).toEqual([])
    expect(schedule.size).toBe(1)
  })

  it('keeps one entry per key: an earlier time wins, a later one waits for the wake-up', () => {
    const schedule = createSchedule()
    schedule.wake('a', 50)
    schedule.wake('a', 90)
    schedule.wake('a', 20)
    expect(schedule.size).toBe(1)
    expect(schedule.take(100)).toEqual([{ key: 'a', at: 20 }])
    expect(schedule.next()).toBeUndefined()
  })

  it('gives at most as many as are asked for', () => {
    const schedule = createSchedule()
    for (let i = 0; i < 10; i++) schedule.wake(String(i), i)
    expect(schedule.take(100, 3)).toHaveLength(3)
    expect(schedule.size).toBe(7)
  })
})
