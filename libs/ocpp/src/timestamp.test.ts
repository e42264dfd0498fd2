import fc from 'fast-check'
import { instant } from '@voltrail/contracts/quantities'
import { readTimestamp, writeTimestamp } from './timestamp.ts'

describe('the time of a charger', () => {
  it.each([
    // RFC 3339, no rule
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z', []],
    ['2026-01-31T12:00:00.123456Z', '2026-01-31T12:00:00.123Z', []],
    ['2026-01-31T14:00:00+02:00', '2026-01-31T12:00:00.000Z', []],
    ['2026-01-31T00:30:00-03:30', '2026-01-31T04:00:00.000Z', []],
    // Growatt THOR
    ['2023-10-19T15:28:07', '2023-10-19T15:28:07.000Z', ['Q1-time-no-zone']],
    // Monta emulator
    ['2023-10-19T14:35:02+02', '2023-10-19T12:35:02.000Z', ['Q2-time-short-zone']],
    ['2023-10-19T14:35:02+0200', '2023-10-19T12:35:02.000Z', ['Q2-time-short-zone']],
    // Chago and others without a clock
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z', ['Q2-time-zero']],
    ['1970-01-01T00:00:07Z', '1970-01-01T00:00:07.000Z', ['Q2-time-zero']],
    ['2023-10-19', '2023-10-19T00:00:00.000Z', ['Q2-time-date-only', 'Q1-time-no-zone']],
    [' 2023-10-19 15:28:07Z ', '2023-10-19T15:28:07.000Z', ['Q2-time-spaces']],
    ['2023-10-19 15:28:07 +02:00', '2023-10-19T13:28:07.000Z', ['Q2-time-spaces']],
    ['2023-10-19t15:28:07z', '2023-10-19T15:28:07.000Z', ['Q2-time-loose']],
    ['2023-10-19T15:28:07,5Z', '2023-10-19T15:28:07.500Z', ['Q2-time-loose']],
    ['2023-10-19T15:28Z', '2023-10-19T15:28:00.000Z', ['Q2-time-loose']],
    ['2023-1-9T5:28:07Z', '2023-01-09T05:28:07.000Z', ['Q2-time-loose']],
    ['1697729287', '2023-10-19T15:28:07.000Z', ['Q2-time-epoch']],
    ['1697729287000', '2023-10-19T15:28:07.000Z', ['Q2-time-epoch']],
    ['0', '1970-01-01T00:00:00.000Z', ['Q2-time-epoch', 'Q2-time-zero']],
    ['2023-12-31T24:00:00Z', '2024-01-01T00:00:00.000Z', []],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z', []],
  ])('%j is %s by %j', (raw, at, rules) => {
    expect(readTimestamp(raw)).toEqual({ at, rules })
  })

  it.each([
    '',
    'now',
    '2023-02-30T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '19.10.2023 15:28',
    '0000-00-00T00:00:00Z',
    '2023-10-19T25:00:00Z',
  ])('%j is unreadable', (raw) => {
    expect(readTimestamp(raw).at).toBeUndefined()
    expect(readTimestamp(raw).rules).toEqual([raw === '' ? 'Q2-time-missing' : 'Q2-time-unreadable'])
  })

  it('without a zone is read in the zone that is given for the charger, in summer and in winter', () => {
    expect(readTimestamp('2023-07-19T15:28:07', 'Europe/Berlin').at).toBe('2023-07-19T13:28:07.000Z')
    expect(readTimestamp('2023-12-19T15:28:07', 'Europe/Berlin').at).toBe('2023-12-19T14:28:07.000Z')
    expect(readTimestamp('2023-12-19T15:28:07', '+05:30').at).toBe('2023-12-19T09:58:07.000Z')
    expect(readTimestamp('2023-12-19T15:28:07', 'No/Where').at).toBe('2023-12-19T15:28:07.000Z')
  })

  it('in the hour that comes twice is the first of both, in the hour that never comes the next one', () => {
    expect(readTimestamp('2023-10-29T02:30:00', 'Europe/Berlin').at).toBe('2023-10-29T00:30:00.000Z')
    expect(readTimestamp('2023-03-26T02:30:00', 'Europe/Berlin').at).toBe('2023-03-26T01:30:00.000Z')
  })

  it('never throws, and reads back what we write', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (raw, zone) => void readTimestamp(raw, zone)))
    fc.assert(
      fc.property(fc.integer({ min: 86_400_000, max: 4_102_444_800_000 }), (ms) => {
        const written = writeTimestamp(instant(ms))
        expect(written).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        expect(readTimestamp(written)).toEqual({ at: written, rules: [] })
      }),
    )
  })
})
