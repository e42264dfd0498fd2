import { Backoff } from './backoff.ts'

describe('backoff', () => {
  it('doubles its ceiling up to the maximum', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1_000, random: () => 0.999_999 })
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([99, 199, 399, 799, 999, 999])
    expect(backoff.attempt).toBe(6)
  })

  it('draws from the whole range below the ceiling', () => {
    const draws = [0, 0.5]
    const backoff = new Backoff({ firstMs: 100, maxMs: 1_000, random: () => draws.shift() ?? 0 })
    expect([backoff.next(), backoff.next()]).toEqual([0, 100])
  })

  it('begins again after a success', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1_000, random: () => 0.5 })
    backoff.next()
    backoff.next()
    backoff.reset()
    expect(backoff.next()).toBe(50)
  })

  it('stays a number after thousands of attempts', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1_000, random: () => 0 })
    for (let n = 0; n < 5_000; n += 1) backoff.next()
    expect(backoff.next()).toBe(0)
  })
})
