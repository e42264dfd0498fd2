import { createLeakyCounts } from './leaky-counts.ts'

describe('leaky counts', () => {
  it('take so many at once, and one more each time that one is taken off', () => {
    const counts = createLeakyCounts({ most: 3, eachMs: 1_000, names: 10 })
    for (let i = 0; i < 3; i++) {
      expect(counts.waitMs('a', 0)).toBe(0)
      counts.add('a', 0)
    }
    expect(counts.waitMs('a', 0)).toBe(1_000)
    expect(counts.waitMs('a', 500)).toBe(500)
    expect(counts.waitMs('b', 500)).toBe(0)
    expect(counts.waitMs('a', 1_000)).toBe(0)
    counts.add('a', 1_000)
    expect(counts.waitMs('a', 1_000)).toBe(1_000)
    expect(counts.waitMs('a', 60_000)).toBe(0)
  })

  it('owe no more than is there', () => {
    const counts = createLeakyCounts({ most: 2, eachMs: 1_000, names: 10 })
    for (let i = 0; i < 100; i++) counts.add('a', 0)
    expect(counts.waitMs('a', 0)).toBe(1_000)
  })

  it('forget the name that was counted longest ago', () => {
    const counts = createLeakyCounts({ most: 1, eachMs: 1_000, names: 2 })
    for (const name of ['a', 'b', 'a', 'c']) counts.add(name, 0)
    expect(['a', 'b', 'c'].map((name) => counts.waitMs(name, 0) > 0)).toEqual([true, false, true])
  })
})
