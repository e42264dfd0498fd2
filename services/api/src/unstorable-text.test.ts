import { unstorableText } from './unstorable-text.ts'

describe('text that cannot be stored', () => {
  it('is found wherever it stands, by its JSON pointer', () => {
    expect(unstorableText({ a: [{ 'b/c~d': 'x\u0000' }] }, '/body')).toEqual({
      path: '/body/a/0/b~1c~0d',
      message: 'holds a NUL character',
    })
    expect(unstorableText('\udc00', '/body')).toMatchObject({
      path: '/body',
      message: expect.stringContaining('surrogate'),
    })
  })
  it('is no text with other control characters, pairs or none at all', () => {
    expect(unstorableText({ a: '\u0001\n😀', b: null, c: 7, d: [true, undefined] }, '/body')).toBeUndefined()
  })
})
