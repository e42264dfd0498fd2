import { PositionText } from '@voltrail/contracts/rest/events'
import { positionText, readPosition } from './position-text.ts'

describe('a position as text', () => {
  it.each([
    [{ commit: 0n, prepare: 0n }, '0'],
    [{ commit: 18446744073709551615n, prepare: 18446744073709551615n }, '18446744073709551615'],
    [{ commit: 12n, prepare: 10n }, '12/10'],
  ])('%s is %s and back', (position, text) => {
    expect(positionText(position)).toBe(text)
    expect(readPosition(PositionText.parse(text))).toEqual(position)
  })
  it.each(['', '-1', '01', '1/', '/1', '1.5', 'end', '1e3'])('%j is none', (text) => {
    expect(PositionText.safeParse(text).success).toBe(false)
  })
})
