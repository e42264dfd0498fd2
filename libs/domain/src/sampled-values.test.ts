import type { MeterSample } from '@voltrail/contracts/facts'
import { at } from './fixtures/given.ts'
import { readSamples } from './meter-samples.ts'

const sample = (minutes: number, ...values: MeterSample['values']): MeterSample => ({
  time: { raw: at(minutes), at: at(minutes) },
  values,
})
const energy = (value: string, more: object = {}) => ({ measurand: 'Energy.Active.Import.Register', value, ...more })

describe('the sampled values of a message', () => {
  it('hold the import register, in Wh unless the unit says kWh', () => {
    const { registers } = readSamples([sample(1, energy('1500')), sample(2, energy('1.6', { unit: 'kWh' }))], at(3))
    expect(registers.map(({ reading }) => reading.wh)).toEqual([1500, 1600])
  })
  it('are read in the order of their times', () => {
    const { registers } = readSamples([sample(2, energy('2')), sample(1, energy('1'))], at(3))
    expect(registers.map(({ reading }) => reading.raw)).toEqual(['1', '2'])
  })
  it('give no register of a phase, of the inlet, of another measurand or in a unit that nobody knows', () => {
    const values = [
      energy('1', { phase: 'L1' }),
      energy('1', { location: 'Inlet' }),
      { measurand: 'Energy.Reactive.Import.Register', value: '1' },
      energy('7.5', { unit: 'MWh' }),
    ]
    expect(readSamples([sample(1, ...values)], at(2)).registers).toEqual([])
  })
  it('give power as the total, or as the sum of the phases when only they are there', () => {
    const power = (value: string, more: object = {}) => ({
      measurand: 'Power.Active.Import',
      value,
      unit: 'kW',
      ...more,
    })
    expect(readSamples([sample(1, power('11.04'), power('3.7', { phase: 'L1' }))], at(2)).live.powerW).toBe(11_040)
    const phases = ['L1', 'L2', 'L3'].map((phase) => power('3.5', { phase }))
    expect(readSamples([sample(1, ...phases)], at(2)).live.powerW).toBe(10_500)
  })
  it('give current and voltage per phase and the state of charge in tenths of a per cent', () => {
    const values = [
      { measurand: 'Current.Import', value: '15.9', unit: 'A', phase: 'L2' },
      { measurand: 'Voltage', value: '230.1', unit: 'V', phase: 'L1-N' },
      { measurand: 'SoC', value: '64.2', unit: 'Percent' },
    ]
    expect(readSamples([sample(1, ...values)], at(2)).live).toEqual({
      currentMa: { L2: 15_900 },
      voltageMv: { L1: 230_100 },
      socPermille: 642,
    })
  })
})
