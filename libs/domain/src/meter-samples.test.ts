import type { MeterSample, SampledValue } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import { at } from './fixtures/given.ts'
import { readSamples } from './meter-samples.ts'

const register = (value: string, change: Partial<SampledValue> = {}): SampledValue => ({
  measurand: 'Energy.Active.Import.Register',
  value,
  unit: 'Wh',
  ...change,
})
const sample = (minutes: number, ...values: SampledValue[]): MeterSample => ({
  time: { raw: at(minutes), at: at(minutes) },
  values,
})
const read = (...samples: MeterSample[]) =>
  readSamples(samples, at(60)).registers.map(({ at: when, reading, context }) => [when, reading.raw, context])

describe('the registers of a meter message', () => {
  it('stand in the order of their time', () =>
    expect(read(sample(5, register('200')), sample(1, register('100')))).toEqual([
      [at(1), '100', undefined],
      [at(5), '200', undefined],
    ]))
  it('are told once, though the same register comes in Wh and in kWh', () => {
    const kwh = register('12.35', { unit: 'kWh' })
    expect(read(sample(1, register('12345.6'), kwh))).toEqual([[at(1), '12345.6', undefined]])
    expect(read(sample(1, kwh, register('12345.6')))).toEqual([[at(1), '12345.6', undefined]])
  })
  it('are told once, though a sample is repeated', () =>
    expect(read(sample(1, register('100')), sample(1, register('100', { context: 'Sample.Periodic' })))).toHaveLength(
      1,
    ))
  it('begin with Transaction.Begin and end with Transaction.End where the time is the same', () =>
    expect(
      read(
        sample(1, register('500', { context: 'Transaction.End' })),
        sample(1, register('490'), register('480', { context: 'Transaction.Begin' })),
      ),
    ).toEqual([
      [at(1), '480', 'Transaction.Begin'],
      [at(1), '490', undefined],
      [at(1), '500', 'Transaction.End'],
    ]))
  it('are those of the outlet as a whole', () =>
    expect(
      read(sample(1, register('1', { phase: 'L1' }), register('2', { location: 'Inlet' }), register('3'))),
    ).toHaveLength(1))
  it('keep the order of the message where the clock cannot be trusted', () => {
    const samples = ['100', '150', '20'].map((value) => ({ time: { raw: '' }, values: [register(value)] }))
    const before = (ms: number) => instant(Date.parse(at(60)) - ms)
    expect(read(...samples)).toEqual([
      [before(2), '100', undefined],
      [before(1), '150', undefined],
      [at(60), '20', undefined],
    ])
  })
})

describe('currents and voltages', () => {
  const value = (measurand: string, text: string, phase?: string): SampledValue => ({
    measurand,
    value: text,
    unit: measurand === 'Voltage' ? 'V' : 'A',
    ...(phase === undefined ? {} : { phase }),
  })
  const live = (...values: SampledValue[]) => readSamples([sample(1, ...values)], at(60)).live
  it('are those of the phases, whatever total, neutral or line-to-line value stands beside them', () => {
    const current = (text: string, phase?: string) => value('Current.Import', text, phase)
    const phases = [current('16', 'L1-N'), current('15.5', 'L2'), current('15', 'L3-N')]
    const measured = { currentMa: { L1: 16_000, L2: 15_500, L3: 15_000 } }
    for (const more of [[current('46.5')], [current('16')], [current('0.3', 'N')]]) {
      expect(live(...phases, ...more)).toEqual(measured)
      expect(live(...more, ...phases)).toEqual(measured)
    }
    expect(live(value('Voltage', '230.1', 'L1-N'), value('Voltage', '398', 'L1-L2'), value('Voltage', '229'))).toEqual({
      voltageMv: { L1: 230_100 },
    })
  })
  it('told without any phase are of the first', () => {
    expect(live(value('Current.Import', '16'), value('Voltage', '230'))).toEqual({
      currentMa: { L1: 16_000 },
      voltageMv: { L1: 230_000 },
    })
  })
  it('of the phases stand beside a total power, where no power of a phase is told', () => {
    const power = { measurand: 'Power.Active.Import', value: '7.36', unit: 'kW' }
    expect(live(power, value('Current.Import', '16', 'L1'), value('Current.Import', '16', 'L2'))).toEqual({
      powerW: 7360,
      currentMa: { L1: 16_000, L2: 16_000 },
    })
  })
})
