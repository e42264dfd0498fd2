import { brands } from './brands.ts'
import { standardDialect, writeNumber, writeRegister, writeTag, writeTimestamp } from './dialect.ts'
import { meterValue } from './sampled-values.ts'

const noon = new Date('2026-07-01T12:00:00.250Z')

it('writes times with zone, without fraction, or as the wall clock shows them', () => {
  expect(writeTimestamp(standardDialect, noon)).toBe('2026-07-01T12:00:00.250Z')
  expect(writeTimestamp({ ...standardDialect, timestamps: 'seconds' }, noon)).toBe('2026-07-01T12:00:00Z')
  const local = { ...standardDialect, timestamps: 'no-zone', utcOffsetMinutes: 120 } as const
  expect(writeTimestamp(local, noon)).toBe('2026-07-01T14:00:00')
})

it('writes numbers, registers and tags as the brand does', () => {
  expect(writeNumber(standardDialect, 236.14, 1)).toBe('236.1')
  expect(writeNumber(brands.lumen.dialect, 236.14, 1)).toBe(' 236.140 ')
  expect(writeRegister(standardDialect, 1_234.56)).toBe(1_234)
  expect(writeRegister(brands.lumen.dialect, 1_234.56)).toBe(1_234.5)
  expect(writeTag(brands.stille.dialect, '04A1B2C3')).toBe('04a1b2c3')
})

const reading = {
  at: noon,
  registerWh: 12_345.678,
  flow: { watts: 11_040, amperes: 16, volts: 230, phases: 3 },
  socPercent: 50,
  celsius: 20,
} as const

it('samples what is asked for and what it can measure, phase by phase', () => {
  expect(
    meterValue(brands.norden, reading, 'Sample.Periodic', ['Energy.Active.Import.Register', 'Current.Import', 'SoC']),
  ).toEqual({
    timestamp: '2026-07-01T12:00:00.250Z',
    sampledValue: [
      {
        measurand: 'Energy.Active.Import.Register',
        location: 'Outlet',
        value: '12345',
        unit: 'Wh',
        context: 'Sample.Periodic',
      },
      ...['L1', 'L2', 'L3'].map((phase) => ({
        measurand: 'Current.Import',
        location: 'Outlet',
        value: '16.0',
        unit: 'A',
        phase,
        context: 'Sample.Periodic',
      })),
    ],
  })
})

it('gives energy in kWh where the brand does', () => {
  const { sampledValue } = meterValue(brands.lumen, reading, 'Transaction.End', ['Energy.Active.Import.Register'])
  expect(sampledValue).toMatchObject([{ value: ' 12.346 ', unit: 'kWh', context: 'Transaction.End' }])
})
