import { between, pick, seededRandom } from './random.ts'

const draw = (seed: string, count = 5) => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random())
}

it('the same seed gives the same numbers, another seed gives others', () => {
  expect(draw('a')).toEqual(draw('a'))
  expect(draw('a')).not.toEqual(draw('b'))
})

it('the numbers do not change from release to release', () => {
  expect(draw('voltrail', 3).map((value) => value.toFixed(6))).toMatchInlineSnapshot(`
[
  "0.763992",
  "0.144479",
  "0.271670",
]
`)
})

it('the numbers lie evenly from 0 to 1', () => {
  const values = draw('even', 10_000)
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...values)).toBeLessThan(1)
  expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0.5, 1)
})

it('between and pick stay within what is given', () => {
  expect(between(() => 0, 3, 5)).toBe(3)
  expect(between(() => 0.999, 3, 5)).toBeLessThan(5)
  expect(pick(() => 0.999, ['a', 'b'])).toBe('b')
  expect(() => pick(() => 0, [])).toThrow(RangeError)
})
