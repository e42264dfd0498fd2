import { createRequestHead, longestHead } from './request-head.ts'

const head = 'GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n\r\n'
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** What the last byte of the text was answered, one byte at a time. */
const byBytes = (text: string) => {
  const read = createRequestHead()
  let last: ReturnType<typeof read.take> = 'more'
  for (const byte of bytes(text)) last = read.take(Buffer.from([byte]))
  return last
}

describe('the head of a request', () => {
  it.each([
    ['with CR LF', head],
    ['with LF alone', head.replaceAll('\r', '')],
    ['with both', head.replace('x\r\n\r\n', 'x\n\r\n')],
    ['behind empty lines', `\r\n\n${head}`],
  ])('%s ends behind its empty line, in one piece or byte by byte', (_what, text) => {
    const read = createRequestHead()
    expect(read.take(bytes(`${text}frames\n\n`))).toBe(text.length)
    expect(read.bytes().toString('latin1')).toBe(`${text}frames\n\n`)
    expect(byBytes(text)).toBe(text.length)
    expect(byBytes(text.slice(0, -1))).toBe('more')
  })

  it('is not looked for in what is no GET request', () => {
    expect(byBytes('\r\nG')).toBe('more')
    expect(byBytes('\r\nGO')).toBe('none')
    expect(createRequestHead().take(bytes('\u0016\u0003\u0001'))).toBe('none')
  })

  it('takes no room before its first byte, and little for a short head', () => {
    const rooms = [jest.spyOn(Buffer, 'allocUnsafe'), jest.spyOn(Buffer, 'allocUnsafeSlow')]
    try {
      const bytesTaken = () => rooms.flatMap(({ mock }) => mock.calls).reduce((sum, [size]) => sum + size, 0)
      const read = createRequestHead()
      expect(bytesTaken()).toBe(0)
      read.take(bytes('GET /'))
      expect(bytesTaken()).toBeLessThanOrEqual(1024)
    } finally {
      for (const room of rooms) room.mockRestore()
    }
  })

  it('has a bound, whatever comes in one piece; nothing of it is lost', () => {
    const long = `GET /${'a'.repeat(longestHead)}\r\n\r\nframes`
    const read = createRequestHead()
    expect(read.take(bytes(long))).toBe('none')
    expect(read.bytes().toString('latin1')).toBe(long)
    expect(byBytes(long.slice(0, longestHead - 1))).toBe('more')
  })

  it.each([
    ['one line', 'a'],
    ['lines', '\na'],
    ['empty lines before it', '\n'],
  ])('is read in steps that do not grow with what came before: %s', (_what, filler) => {
    const looked = jest.spyOn(Buffer.prototype, 'indexOf')
    try {
      const text = (filler === '\n' ? '' : 'GET /') + filler.repeat(15_000 / filler.length)
      byBytes(text)
      const counted = looked.mock.contexts.reduce(
        (sum: number, buffer, i) => sum + (buffer as Buffer).length - Number(looked.mock.calls[i]?.[1] ?? 0),
        0,
      )
      expect(counted).toBeLessThan(4 * text.length)
    } finally {
      looked.mockRestore()
    }
  })
})
