import fc from 'fast-check'
import { at } from './fixtures/given.ts'
import {
  beginTrack,
  energyBetween,
  leaptAhead,
  readRegister,
  trackReading,
  trackedEnergy,
  wentBack,
} from './registers.ts'

describe('energy registers', () => {
  it('subtracts the exact values first and rounds once', () => {
    // 0.4 and 0.6 Wh would be 0 and 1 when rounded first: a difference of 1 that nobody used
    expect(energyBetween(readRegister('0.4', 'Wh'), readRegister('0.6', 'Wh'))).toBe(0)
    expect(energyBetween(readRegister('1.0004', 'kWh'), readRegister('2.0009', 'kWh'))).toBe(1001)
  })

  it('rounds half a watt-hour away from zero', () => {
    expect(readRegister('2.5', 'Wh').wh).toBe(3)
    expect(readRegister('0.0005', 'kWh').wh).toBe(1)
  })

  it('keeps the raw value beside the whole watt-hours', () => {
    expect(readRegister('12.3456', 'kWh')).toEqual({ raw: '12.3456', unit: 'kWh', wh: 12346 })
  })

  it('sums the monotone segments of a register that goes back', () => {
    const values = ['1000', '1500', '20', '320']
    const track = values.reduce(
      (t, value, i) => trackReading(t, readRegister(value, 'Wh'), at(i)),
      undefined as ReturnType<typeof trackReading> | undefined,
    )
    expect(trackedEnergy(track)).toBe(500 + 300)
    expect(track?.resets).toBe(1)
  })

  it('takes no energy from a rise that nothing can deliver: another register is told from there on', () => {
    const values = ['0', '1234567', '1240000']
    const track = values.reduce(
      (t, value, i) => trackReading(t, readRegister(value, 'Wh'), at(i)),
      undefined as ReturnType<typeof trackReading> | undefined,
    )
    expect(trackedEnergy(track)).toBe(1240000 - 1234567)
    expect(leaptAhead(readRegister('0', 'Wh'), readRegister('300', 'kWh'), 3_600_000)).toBe(false)
    expect(leaptAhead(readRegister('0', 'Wh'), readRegister('1200', 'kWh'), 3_600_000)).toBe(true)
  })

  it('minds no step back by what the readings are rounded to', () => {
    expect(wentBack(readRegister('12.35', 'kWh'), readRegister('12346', 'Wh'))).toBe(false)
    expect(wentBack(readRegister('12.35', 'kWh'), readRegister('12340', 'Wh'))).toBe(true)
    expect(wentBack(readRegister('1500', 'Wh'), readRegister('1499.1', 'Wh'))).toBe(false)
    expect(wentBack(readRegister('1500', 'Wh'), readRegister('1499', 'Wh'))).toBe(true)
  })

  it('takes no energy from a reading that comes late and is old', () => {
    const track = trackReading(beginTrack(readRegister('1000', 'Wh'), at(0)), readRegister('2000', 'Wh'), at(10))
    expect(trackReading(track, readRegister('1500', 'Wh'), at(5))).toBe(track)
  })

  it('never counts less than nothing, and of a growing register exactly its difference', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1 }), (values) => {
        const growing = values.toSorted((a, b) => a - b)
        const fold = (list: number[]) =>
          list.reduce(
            // an hour apart, so that no rise is more than can be delivered
            (t, value, i) => trackReading(t, readRegister(String(value), 'Wh'), at(i * 60)),
            undefined as ReturnType<typeof trackReading> | undefined,
          )
        expect(trackedEnergy(fold(values))).toBeGreaterThanOrEqual(0)
        expect(trackedEnergy(fold(growing))).toBe(growing.at(-1)! - growing[0]!)
      }),
    )
  })
})
