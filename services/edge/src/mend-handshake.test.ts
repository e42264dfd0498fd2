import { mendHandshake } from './mend-handshake.ts'

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
const lines = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', key]
const request = (first: string, ...headers: string[]): string => [first, ...headers, '', ''].join('\r\n')
const good = request('GET /ocpp/CP1 HTTP/1.1', ...lines)
const without = lines.filter((line) => !line.startsWith('Connection'))

describe('the head of a handshake', () => {
  it.each([
    ['that is right', good],
    ['of HTTP/1.0', good.replace('1.1', '1.0')],
    ['in other case', good.toLowerCase().replace('get', 'GET').replace('http/', 'HTTP/')],
    ['with keep-alive before Upgrade', good.replace('Connection: ', 'Connection: keep-alive, ')],
    ['that begins with an empty line', `\r\n${good}`],
    // what is no handshake, or may mean something else, is left to the parser
    ['of a plain request', request('GET /ocpp/CP1 HTTP/1.1', 'Host: x')],
    ['of a plain request with folded headers', request('GET / HTTP/1.1', 'Host: x', 'A: b', ' c')],
    ['without a key', request('GET /ocpp/CP1 HTTP/1.1', 'Host: x', 'Upgrade: websocket')],
    ['of another method', request('POST /ocpp/CP1 HTTP/1.1', ...without)],
    ['of another upgrade', request('GET / HTTP/1.1', 'Upgrade: h2c', key)],
    ['that wants to close', request('GET /ocpp/CP1 HTTP/1.1', 'Connection: close', ...without)],
    ['with a body', request('GET /ocpp/CP1 HTTP/1.1', ...without, 'Content-Length: 5')],
    ['with a chunked body', request('GET /ocpp/CP1 HTTP/1.1', ...without, 'Transfer-Encoding: chunked')],
    ['with two keys', request('GET /ocpp/CP1 HTTP/1.1', ...without, key)],
    ['of an unknown version of HTTP', request('GET /ocpp/CP1 HTTP/2.0', ...without)],
    ['without a path', request('GET HTTP/1.1', ...without)],
  ])('%s stays as it is', (_what, head) => expect(mendHandshake(head)).toEqual({ head, mended: [] }))

  it.each([
    ['no Connection: Upgrade', request('GET /ocpp/CP1 HTTP/1.1', ...without)],
    ['no Connection: Upgrade', request('GET /ocpp/CP1 HTTP/1.1', ...without, 'Connection: keep-alive')],
    ['folded headers', good.replace('Connection: Upgrade', 'Connection: keep-alive,\r\n Upgrade')],
    ['folded headers', good.replace('Upgrade: websocket', 'Upgrade:\r\n\t websocket')],
    ['lines without CR', good.replaceAll('\r', '')],
    ['a path that is not percent-encoded', good.replace('CP1', 'CP 1')],
    ['a path that is not percent-encoded', good.replace('CP1', Buffer.from('Säule').toString('latin1'))],
  ])('with %s is one all the same', (mend, head) => {
    const result = mendHandshake(head)
    expect(result.mended).toEqual([mend])
    expect(mendHandshake(result.head)).toEqual({ head: result.head, mended: [] })
    expect(result.head).toMatch(/^GET \/ocpp\/(CP1|CP%201|S%c3%a4ule) HTTP\/1.1\r\n[^]*\r\n\r\n$/)
    expect(result.head).toMatch(/\r\nUpgrade: *websocket\r\n/)
    expect(result.head).toMatch(/\r\nConnection: [^\r]*Upgrade\r\n/)
  })

  it('with several flaws has each of them named', () => {
    const head = request('GET /ocpp/CP 1 HTTP/1.1', ...without).replaceAll('\r', '')
    expect(mendHandshake(head).mended).toEqual([
      'lines without CR',
      'a path that is not percent-encoded',
      'no Connection: Upgrade',
    ])
  })

  it.each([
    ['spaces within its path', `GET a${' '.repeat(16_000)}x`],
    ['spaces before its version', `GET a${' '.repeat(16_000)}HTTP/1.1`],
    ['spaces before its path', `GET ${' '.repeat(16_000)}a`],
    ['folded lines of nothing', `GET / HTTP/1.1\r\n${'\r\n \t'.repeat(4_000)}`],
    ['one fold of nothing', `GET / HTTP/1.1\r\n${' '.repeat(16_000)}`],
  ])('with thousands of %s costs no more than its length', (_what, text) => {
    const cost = Math.min(
      ...Array.from({ length: 5 }, () => {
        const { user } = process.cpuUsage()
        mendHandshake(`${text}\r\n\r\n`)
        return process.cpuUsage().user - user
      }),
    )
    // microseconds; a pattern that tries again takes 300,000
    expect(cost).toBeLessThan(30_000)
  })
})
