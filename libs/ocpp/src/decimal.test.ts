import fc from 'fast-check'
import { Decimal } from '@voltrail/contracts/quantities'
import { readDecimal } from './decimal.ts'

describe('the number of a meter', () => {
  it.each([
    ['236.10', '236.10', []],
    ['-12.5', '-12.5', []],
    ['0', '0', []],
    // KEBA
    [' 236.1', '236.1', ['Q23-decimal-spaces']],
    ['"236.1"', '236.1', ['Q23-decimal-spaces']],
    ['236,1', '236.1', ['Q23-decimal-comma']],
    ['+5', '5', ['Q23-decimal-spelling']],
    ['007.50', '7.50', ['Q23-decimal-spelling']],
    ['.5', '0.5', ['Q23-decimal-spelling']],
    ['5.', '5', ['Q23-decimal-spelling']],
    ['1.25e3', '1250', ['Q23-decimal-exponent']],
    ['1.25E-4', '0.000125', ['Q23-decimal-exponent']],
    [21.4, '21.4', []],
    [1e-7, '0.0000001', ['Q23-decimal-exponent']],
    ['123456789012.123456789', '123456789012.123456789', []],
  ])('%j is %s by %j', (raw, value, rules) => {
    expect(readDecimal(raw)).toEqual({ value, rules })
  })

  it('keeps the unit that stands behind it', () => {
    expect(readDecimal('230.4 V')).toEqual({ value: '230.4', unit: 'V', rules: ['Q23-decimal-unit'] })
    expect(readDecimal('2.75kWh')).toEqual({ value: '2.75', unit: 'kWh', rules: ['Q23-decimal-unit'] })
  })

  it.each([
    '',
    ' ',
    'NaN',
    'Infinity',
    '1.2.3',
    '--1',
    '0x10',
    '18446744073709551615',
    '1e300',
    '1e-300',
    'x'.repeat(1000),
    null,
    {},
    true,
  ])('%j is unreadable', (raw) => {
    expect(readDecimal(raw)).toEqual({ rules: ['Q23-decimal-unreadable'] })
  })

  it('is a decimal whenever it is read, and equal to the number', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double({ min: -1e11, max: 1e11, noNaN: true })), (raw) => {
        const { value } = readDecimal(raw)
        if (value === undefined) return
        expect(Decimal.safeParse(value).success).toBe(true)
        if (typeof raw === 'number') expect(Number(value)).toBe(raw === 0 ? Number(value) : raw)
      }),
    )
  })
})
