import { at } from '../fixtures/events.ts'
import { energySinceStart } from './energy-series.ts'

const readings = (...registers: number[]) =>
  registers.map((register_wh, n) => ({ at: at(n), register_wh, context: null }))
const energies = (start: number | null, ...registers: number[]) =>
  energySinceStart(start, readings(...registers)).map(({ energyWh }) => energyWh)

describe('energy since the start', () => {
  it('counts from the meter at the start', () => {
    expect(energies(100, 100, 150, 400)).toEqual([0, 50, 300])
  })
  it('counts from the first reading when the start had none', () => {
    expect(energies(null, 100, 150)).toEqual([0, 50])
  })
  it('adds nothing for a meter that goes back, and goes on from there', () => {
    expect(energies(100, 200, 5, 25)).toEqual([100, 100, 120])
  })
  it('is empty without readings', () => {
    expect(energies(5)).toEqual([])
  })
})
