import { createConnection } from 'node:net'
import { openEdgeFixture, readMetric, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'

let fixture: EdgeFixture
let edge: Awaited<ReturnType<EdgeFixture['startEdge']>>
beforeAll(async () => {
  fixture = await openEdgeFixture()
  edge = await fixture.startEdge({ headersMs: 1_500 }, { TENANTS: 'default,acme' })
})
afterAll(() => fixture.stop())

/** A masked text frame with a key of zeros (RFC 6455 §5.2): the text is readable in it. */
const textFrame = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0x81, 0x80 | Buffer.byteLength(text), 0, 0, 0, 0]), Buffer.from(text)])
const heartbeat = textFrame('[2,"h","Heartbeat",{}]')

/** Says some bytes to the edge, piece by piece; resolves with what was answered once it holds, or the socket ended. */
const say = async (pieces: readonly (string | Buffer)[], holds: RegExp, end = false): Promise<string> => {
  const socket = createConnection(edge.port, '127.0.0.1')
  let answer = ''
  let closed = false
  socket.on('data', (data) => (answer += data.toString('latin1')))
  socket.on('close', () => (closed = true))
  socket.on('error', () => {})
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (end) socket.end()
  await until(`the edge answers as ${holds}; it said: ${answer}`, () => closed || holds.test(answer))
  socket.destroy()
  return answer
}

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
const lines = (change: Record<string, string | undefined> = {}): string[] =>
  Object.entries({
    Host: 'x',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': 'ocpp1.6',
    ...change,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
const request = (path: string, headers = lines(), version = '1.1'): string =>
  [`GET ${path} HTTP/${version}`, ...headers, key, '', ''].join('\r\n')
const mended = (id: string): (string | undefined)[] =>
  fixture.central.facts
    .filter(({ chargerId }) => chargerId === id)
    .flatMap(({ normalisations }) => normalisations.filter(({ rule }) => rule.startsWith('Q6')).map(({ raw }) => raw))

describe('an odd upgrade request', () => {
  it.each([
    [
      'with keep-alive beside Upgrade',
      (id: string) => request(`/ocpp/${id}`, lines({ Connection: 'keep-alive, Upgrade' })),
    ],
    [
      'in lower case',
      (id: string) =>
        request(
          `/ocpp/${id}`,
          lines().map((line) => line.toLowerCase()),
        ),
    ],
    ['in upper case', (id: string) => request(`/ocpp/${id}`, lines({ Upgrade: 'WEBSOCKET', Connection: 'UPGRADE' }))],
    ['of HTTP/1.0', (id: string) => request(`/ocpp/${id}`, lines(), '1.0')],
    ['without a Host', (id: string) => request(`/ocpp/${id}`, lines({ Host: undefined }))],
    ['of WebSocket version 8', (id: string) => request(`/ocpp/${id}`, lines({ 'Sec-WebSocket-Version': '8' }))],
    ['in the absolute form', (id: string) => request(`ws://csms.example:9000/ocpp/${id}`)],
    ['with double slashes', (id: string) => request(`//ocpp//${id}`)],
    ['with trailing slashes', (id: string) => request(`/ocpp/${id}//`)],
    ['with a query', (id: string) => request(`/ocpp/${id}?vendor=x&id=/ocpp/y`)],
    ['with a percent-encoded id', (id: string) => request(`/ocpp/${id.replace('C', '%43')}`)],
    ['with its id twice', (id: string) => request(`/ocpp/${id}/${id}`)],
    [
      'with its subprotocol twice',
      (id: string) => request(`/ocpp/${id}`, [...lines(), 'Sec-WebSocket-Protocol: ocpp1.6']),
    ],
    ['with an empty body', (id: string) => request(`/ocpp/${id}`, [...lines(), 'Content-Length: 0'])],
    ['that begins with an empty line', (id: string) => `\r\n${request(`/ocpp/${id}`)}`],
  ])('%s is taken as it is', async (_what, written) => {
    const id = fixture.newId()
    expect(await say([written(id), heartbeat], /"currentTime"/)).toMatch(/^HTTP\/1.1 101 [^]*\[3,"h",/)
    expect(fixture.central.factsOf(id)[0]).toMatchObject({ type: 'Connect', subprotocol: 'ocpp1.6' })
    expect(mended(id)).toEqual([])
  })

  it.each([
    // https://github.com/lbbrhzn/ocpp/pull/1984
    ['no Connection: Upgrade', (id: string) => request(`/ocpp/${id}`, lines({ Connection: undefined }))],
    ['no Connection: Upgrade', (id: string) => request(`/ocpp/${id}`, lines({ Connection: 'keep-alive' }))],
    ['folded headers', (id: string) => request(`/ocpp/${id}`, lines({ Connection: 'keep-alive,\r\n Upgrade' }))],
    ['lines without CR', (id: string) => request(`/ocpp/${id}`).replaceAll('\r', '')],
    ['a path that is not percent-encoded', (id: string) => request(`/ocpp/${id} A`)],
  ])('with %s is taken, noted and logged', async (mend, written) => {
    const id = fixture.newId()
    const whole = mend.startsWith('a path') ? `${id} A` : id
    expect(await say([written(id), heartbeat], /"currentTime"/)).toMatch(/^HTTP\/1.1 101 [^]*\[3,"h",/)
    expect(mended(whole)).toEqual([mend])
    const line = fixture.lines.find(({ charger, mended: said }) => charger === whole && said !== undefined)
    expect(line).toMatchObject({ level: 'info', mended: [mend], remoteAddress: '127.0.0.1' })
  })

  it('is taken whatever pieces it comes in, and its first frame with it', async () => {
    for (const size of [1, 7, 1_000]) {
      const id = fixture.newId()
      const whole = Buffer.concat([Buffer.from(request(`/ocpp/${id}`, lines({ Connection: undefined }))), heartbeat])
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
        whole.subarray(i * size, (i + 1) * size),
      )
      expect(await say(pieces, /"currentTime"/)).toMatch(/^HTTP\/1.1 101 /)
      expect(mended(id)).toEqual(['no Connection: Upgrade'])
    }
  })

  it.each([
    ['to close', request('/ocpp/ODD', lines({ Connection: 'close' })), 426, 'Connection is "close"'],
    ['of a browser', 'GET /ocpp/ODD HTTP/1.1\r\nHost: x\r\n\r\n', 426, 'there is no Upgrade header'],
    ['of another method', request('/ocpp/ODD').replace('GET', 'PUT'), 400, 'a WebSocket handshake is a GET request'],
    ['of another upgrade', request('/ocpp/ODD', lines({ Upgrade: 'h2c' })), 400, 'the Upgrade header must be'],
    [
      'of WebSocket version 7',
      request('/ocpp/ODD', lines({ 'Sec-WebSocket-Version': '7' })),
      400,
      'Version header must be',
    ],
    ['without a key', request('/ocpp/ODD').replace(key, 'X: y'), 400, 'the Sec-WebSocket-Key header must be'],
    ['with a space before a colon', request('/ocpp/ODD', [...lines(), 'Authorization : x']), 400, 'Invalid header'],
    ['with no slash before its path', request('ocpp/ODD'), 400, 'Unexpected char in url'],
    ['of HTTP/9.9', request('/ocpp/ODD', lines(), '9.9'), 400, 'Invalid HTTP version'],
    ['of TLS where none is', Buffer.from('16030100c8010000c40303', 'hex'), 400, 'this is no HTTP request'],
    [
      'that names no list of subprotocols',
      request('/ocpp/ODD', lines({ 'Sec-WebSocket-Protocol': 'a b' })),
      400,
      'must be a list of names',
    ],
  ])('%s is refused with what is wrong in it, and logged', async (_what, written, status, text) => {
    const before = fixture.lines.length
    const answer = await say([written], /\r\n\r\n[^]+/)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain(text)
    if (text.includes('no Upgrade')) return
    expect(fixture.lines.slice(before)).toContainEqual(
      expect.objectContaining({ msg: 'refused', status, detail: expect.stringContaining(text) as string }),
    )
  })

  it('that does not end is refused in the end, and one that breaks off too', async () => {
    const half = 'GET /ocpp/ODD HTTP/1.1\r\nHost: x\r\n'
    expect(await say([half], /\r\n\r\n[^]+/)).toMatch(/^HTTP\/1.1 400 [^]*did not come in time/)
    expect(await say([half], /\r\n\r\n[^]+/, true)).toMatch(/^HTTP\/1.1 400 [^]*ended within its headers/)
    expect(await say([`${half}X: ${'x'.repeat(20_000)}`], /\r\n\r\n/)).toMatch(/^HTTP\/1.1 (400|431) /)
    expect(await readMetric(edge, 'voltrail_edge_connections')).toBeLessThan(100)
  })
})
