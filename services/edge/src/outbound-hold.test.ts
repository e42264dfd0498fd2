import { createOutboundHold } from './outbound-hold.ts'

const hold = (known: boolean) =>
  createOutboundHold({ known, bootHoldMs: 30_000, knownHoldMs: 2_000, connectedAt: 1_000 })

describe('the outbound hold', () => {
  it('opens for a new charger once its boot is answered', () => {
    const it = hold(false)
    expect(it.remainingMs(1_000)).toBe(30_000)
    it.bootReceived()
    expect(it.open).toBe(false)
    it.bootAnswered()
    expect(it.open).toBe(true)
    expect(it.remainingMs(1_000)).toBe(0)
  })

  it('opens for a new charger that never boots after 30 s', () => {
    const it = hold(false)
    it.elapse(30_999)
    expect(it.open).toBe(false)
    it.elapse(31_000)
    expect(it.open).toBe(true)
  })

  it('opens for a known charger after 2 s', () => {
    const it = hold(true)
    expect(it.remainingMs(1_500)).toBe(1_500)
    it.elapse(3_000)
    expect(it.open).toBe(true)
  })

  it('waits for a boot that is under way, of a known charger too', () => {
    const it = hold(true)
    it.bootReceived()
    it.elapse(3_000)
    expect(it.open).toBe(false)
    expect(it.remainingMs(3_000)).toBe(28_000)
    it.bootAnswered()
    expect(it.open).toBe(true)
  })
})
