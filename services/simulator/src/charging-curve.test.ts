import { chargingFlow } from './charging-curve.ts'
import type { Supply, Vehicle } from './charging-curve.ts'

const ac: Supply = { kind: 'AC', phases: 3, voltsPerPhase: 230, maxAmperes: 32 }
const dc: Supply = { kind: 'DC', maxWatts: 150_000, maxAmperes: 350 }
const car: Vehicle = {
  name: 'car',
  batteryWh: 77_000,
  ac: { phases: 3, maxAmperes: 16 },
  dc: { maxWatts: 170_000, volts: [340, 420], taperFromPercent: 40 },
}
const watts = (supply: Supply, sinceStartMs: number, socPercent: number, vehicle = car) =>
  chargingFlow(supply, vehicle, { sinceStartMs, socPercent }).watts

describe('AC', () => {
  it('flows after the negotiation only, and rises to the smaller current of charger and car', () => {
    expect(watts(ac, 0, 50)).toBe(0)
    expect(watts(ac, 3_999, 50)).toBe(0)
    expect(watts(ac, 9_000, 50)).toBeCloseTo(16 * 230 * 3 * 0.5)
    expect(watts(ac, 60_000, 50)).toBe(16 * 230 * 3)
    expect(chargingFlow(ac, car, { sinceStartMs: 60_000, socPercent: 50 })).toMatchObject({ amperes: 16, phases: 3 })
  })

  it('takes one phase where charger or car has one', () => {
    const single: Vehicle = { ...car, ac: { phases: 1, maxAmperes: 32 } }
    expect(watts(ac, 60_000, 50, single)).toBe(32 * 230)
    expect(watts({ ...ac, phases: 1 }, 60_000, 50)).toBe(16 * 230)
  })

  it('holds until the cells are nearly full, and ends when they are', () => {
    expect(watts(ac, 60_000, 97)).toBe(16 * 230 * 3)
    expect(watts(ac, 60_000, 99)).toBeLessThan(16 * 230 * 3)
    expect(watts(ac, 60_000, 100)).toBe(0)
  })
})

describe('DC', () => {
  it('is limited by the current of the cable at low voltage', () => {
    const { watts: power, amperes, volts } = chargingFlow(dc, car, { sinceStartMs: 60_000, socPercent: 10 })
    expect(volts).toBe(348)
    expect(amperes).toBeCloseTo(350)
    expect(power).toBeCloseTo(348 * 350)
  })

  it('never rises again from the taper point on', () => {
    const curve = Array.from({ length: 61 }, (_, index) => watts(dc, 600_000, 40 + index))
    for (const [index, power] of curve.entries())
      expect(power).toBeLessThanOrEqual((curve[index - 1] ?? Infinity) + 4_000)
    expect(watts(dc, 600_000, 80)).toBeLessThan(watts(dc, 600_000, 60))
    expect(watts(dc, 600_000, 99)).toBeLessThan(20_000)
    expect(watts(dc, 600_000, 100)).toBe(0)
  })
})
