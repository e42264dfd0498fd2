import { createGate, createTokenBucket } from './token-bucket.ts'

describe('a token bucket', () => {
  it('lets a burst through, then the rate', () => {
    const bucket = createTokenBucket(10, 3, 0)
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 0])
    expect(bucket.take(0)).toBe(100)
    expect(bucket.take(100)).toBe(100)
    expect(bucket.take(1_000)).toBe(0)
  })
})

describe('a gate', () => {
  it('turns away what exceeds the rate and lets through again later', () => {
    const gate = createGate(10, 2, 0)
    expect([gate.pass(0), gate.pass(0), gate.pass(0), gate.pass(50), gate.pass(100)]).toEqual([
      true,
      true,
      false,
      false,
      true,
    ])
  })
})
