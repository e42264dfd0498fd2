import { Meter } from './meter.ts'

it('counts power over time', () => {
  const meter = new Meter(1_000)
  meter.count(11_000, 3_600_000)
  meter.count(7_360, 1_800_000)
  expect(meter.wattHours).toBeCloseTo(15_680)
})

it('shows whole Wh cut off, and loses nothing by that', () => {
  const meter = new Meter(0)
  for (let second = 0; second < 3_600; second += 1) meter.count(100, 1_000)
  expect(meter.wholeWattHours).toBeGreaterThanOrEqual(99)
  expect(meter.wattHours).toBeCloseTo(100)
})

it('never goes back', () => {
  const meter = new Meter(10)
  expect(() => meter.count(-1, 1_000)).toThrow(RangeError)
  expect(() => meter.count(Number.NaN, 1_000)).toThrow(RangeError)
  expect(() => new Meter(-1)).toThrow(RangeError)
  expect(meter.wattHours).toBe(10)
})
