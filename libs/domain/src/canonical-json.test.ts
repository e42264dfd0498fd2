import canonicalizeModule from 'canonicalize'
import fc from 'fast-check'
import { CanonicalError, canonicalJson } from './canonical-json.ts'

// its declarations say `export default`, its code says `module.exports =`
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined

const text = fc.string({ unit: 'binary' }).map((one) => one.toWellFormed().replaceAll('\u0000', ''))
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.dictionary(text, fc.option(tie('tree'), { nil: undefined }), { maxKeys: 6 }),
  ),
}))

describe('canonical JSON', () => {
  it('is what a second implementation of RFC 8785 writes', () => {
    fc.assert(
      fc.property(tree, (value) => expect(canonicalJson(value)).toBe(canonicalize(value))),
      { numRuns: 1000 },
    )
  })

  it('reads back as the same value, without the properties that are undefined', () => {
    fc.assert(
      fc.property(tree, (value) => expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))),
    )
  })

  it('is the same text in whatever order the properties were made', () => {
    expect(canonicalJson({ b: 1, a: { d: [1, 'x'], c: null } })).toBe('{"a":{"c":null,"d":[1,"x"]},"b":1}')
  })

  it('sorts names by UTF-16 code units, as the example of RFC 8785 §3.2.3 does', () => {
    const names = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 }
    expect(Object.values(JSON.parse(canonicalJson(names)) as object)).toHaveLength(7)
    expect(canonicalJson(names)).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}')
  })

  it('holds no raw line break', () => {
    expect(canonicalJson({ 'a\nb': 'c\r\nd' })).not.toMatch(/[\r\n]/)
  })

  it('writes a negative zero as 0', () => {
    expect(canonicalJson([-0])).toBe('[0]')
  })

  const cycle: Record<string, unknown> = {}
  cycle.again = cycle
  it.each([
    ['a fraction', { registers: [{ kwh: 0.1 }] }, '$.registers[0].kwh'],
    ['an unsafe integer', { n: 2 ** 53 }, '$.n'],
    ['not a number', [1, Number.NaN], '$[1]'],
    ['a lone surrogate', { id: 'a\ud800' }, '$.id'],
    ['a lone surrogate in a name', { 'a\udc00': 1 }, '$.a\udc00'],
    ['NUL', { a: { b: 'x\u0000' } }, '$.a.b'],
    ['undefined in an array', [undefined], '$[0]'],
    ['a bigint', { a: 1n }, '$.a'],
    ['a date', { at: new Date(0) }, '$.at'],
    ['a map', { m: new Map() }, '$.m'],
    ['a function', { f: () => 1 }, '$.f'],
  ])('refuses %s and says where it is', (_what, value, path) => {
    expect(() => canonicalJson(value)).toThrow(CanonicalError)
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ path }))
  })

  it('refuses a cycle', () => {
    expect(() => canonicalJson(cycle)).toThrow(CanonicalError)
  })
})
