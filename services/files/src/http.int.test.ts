import { request } from 'node:https'
import { connect } from 'node:net'
import { TEST_CERT, TEST_KEY } from '@voltrail/event-store-dev/test-certificate'
import { listen } from '@voltrail/runtime/listen'
import { openFileHouse } from './fixtures/file-house.ts'
import { createHttpListener } from './http-listener.ts'
import { lateUploadMs } from './uploads.ts'

type House = Awaited<ReturnType<typeof openFileHouse>>
let house: House
beforeEach(async () => {
  house = await openFileHouse()
})
afterEach(() => house.stop())

const basic = ({ user, password }: { user: string; password: string }) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
const put = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(house.url(path), { method: 'PUT', body: body as string, headers, redirect: 'error' })

describe('an upload', () => {
  beforeEach(() => house.begun(41))

  it.each(['PUT', 'POST'])('by %s is in the log when it is acknowledged', async (method) => {
    const options: RequestInit = { method, body: 'hello', headers: basic(house.credential(41)) }
    const answer = await fetch(house.url('/log.txt'), options)
    expect(answer.ok).toBe(true)
    expect(await house.files()).toMatchObject([{ name: 'log.txt', bytes: 5 }])
  })
  it('over TLS is taken as well, and known as https', async () => {
    const { doors } = house
    const server = createHttpListener({ ...doors, maxBytes: 1_000, tls: { cert: TEST_CERT, key: TEST_KEY } })
    const port = await listen(server, { host: '127.0.0.1', port: 0 }, 'the test')
    const headers = basic(house.credential(41))
    const options = { port, host: '127.0.0.1', method: 'PUT', path: '/log.txt', rejectUnauthorized: false, headers }
    const status = await new Promise((resolve, reject) => {
      const asked = request(options, (answer) => resolve(answer.resume().statusCode))
      asked.on('error', reject)
      asked.end('hello')
    })
    expect(status).toBe(201)
    expect((await house.files())[0]?.object).toContain('.https.')
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  })
  it('by a form keeps the name that the form gives', async () => {
    const form = new FormData()
    form.append('note', 'text')
    form.append('file', new Blob(['hello']), 'diag.zip')
    const answer = await fetch(house.url('/'), { method: 'POST', body: form, headers: basic(house.credential(41)) })
    expect(answer.status).toBe(200)
    expect(await house.files()).toMatchObject([{ name: 'diag.zip', bytes: 5 }])
  })
  it('by a form without a file is refused with the reason', async () => {
    const form = new FormData()
    form.append('note', 'text')
    const answer = await fetch(house.url('/'), { method: 'POST', body: form, headers: basic(house.credential(41)) })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('holds no file')])
  })
  it('without a name gets one, and the credential may stand in the path', async () => {
    const { user, password } = house.credential(41)
    expect((await put(`/${user}/${password}/`, 'hello')).status).toBe(201)
    expect((await put(`/${user}/${password}/b.txt`, 'world')).status).toBe(201)
    expect((await house.files()).map(({ name }) => name)).toEqual(['DiagnosticsLog-41', 'b.txt'])
  })
  it('of another content under the same name is another file, of the same content a repeat', async () => {
    for (const content of ['one', 'two', 'one']) {
      expect((await put('/log.txt', content, basic(house.credential(41)))).status).toBe(201)
    }
    expect((await house.files()).map(({ bytes, name }) => [name, bytes])).toEqual([
      ['log.txt', 3],
      ['log.txt', 3],
    ])
    expect(await house.objects()).toHaveLength(2)
  })
  it('that is larger than the limit is refused, told of its length or not, and not kept', async () => {
    const large = Buffer.alloc(200_000)
    expect((await put('/log.txt', large, basic(house.credential(41)))).status).toBe(413)
    const unknown = new ReadableStream({
      start(to) {
        to.enqueue(large)
        to.close()
      },
    })
    const options = { method: 'PUT', body: unknown, headers: basic(house.credential(41)), duplex: 'half' }
    expect((await fetch(house.url('/log.txt'), options as RequestInit)).status).toBe(413)
    expect(await house.objects()).toEqual([])
  })
  it('that is broken off leaves nothing, and may come again', async () => {
    const { authorization } = basic(house.credential(41))
    const socket = connect(house.port, '127.0.0.1')
    socket.write(
      `PUT /a HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n`,
    )
    const [line] = (await new Promise<Buffer>((resolve) => socket.once('data', resolve))).toString().split('\r\n')
    expect(line).toBe('HTTP/1.1 100 Continue')
    socket.write('hal')
    socket.destroy()
    expect((await put('/a', 'whole', basic(house.credential(41)))).status).toBe(201)
    expect(await house.files()).toMatchObject([{ name: 'a', bytes: 5 }])
    expect(await house.objects()).toHaveLength(1)
  })
  it('by a form of very many files is refused with the reason; the first are kept', async () => {
    const form = new FormData()
    for (let i = 0; i < 12; i++) form.append('file', new Blob([`content ${i}`]), `${i}.txt`)
    const answer = await fetch(house.url('/'), { method: 'POST', body: form, headers: basic(house.credential(41)) })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('more than 10 files')])
    expect(await house.files()).toHaveLength(10)
  })
  it('in a number that no station sends is refused, and what is known stays known after a new start', async () => {
    const statuses: number[] = []
    for (let i = 0; i < 20; i++)
      statuses.push((await put(`/${i}.txt`, `content ${i}`, basic(house.credential(41)))).status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(16)
    await house.startAgain()
    await house.uploads.recover()
    expect(await house.files()).toHaveLength(16)
    expect(await house.objects()).toHaveLength(16)
  })
  it('of a part of a file is refused', async () => {
    const headers = { ...basic(house.credential(41)), 'content-range': 'bytes 0-4/9' }
    expect((await put('/a', 'hello', headers)).status).toBe(400)
  })
})

describe('who comes', () => {
  it('without a credential is asked for one', async () => {
    const answer = await put('/log.txt', 'x')
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Basic')])
  })
  it('with a credential of a request that has ended, of none, or after its time is not let in', async () => {
    await house.begun(1)
    expect((await put('/', 'x', basic(house.credential(1)))).status).toBe(201)
    await house.ended(1)
    expect((await put('/', 'y', basic(house.credential(1)))).status).toBe(401)
    expect((await put('/', 'y', basic(house.credential(2)))).status).toBe(401)
    await house.begun(3)
    house.wait(3_600_000)
    expect((await put('/', 'y', basic(house.credential(3)))).status).toBe(401)
    expect(await house.files()).toHaveLength(1)
  })
  it('before the service has heard of the request is let in once it has', async () => {
    const answer = put('/', 'x', basic(house.credential(5)))
    await house.begun(5)
    expect((await answer).status).toBe(201)
  })
  it('with wrong passwords has to wait after some; a good credential of that address is let in all the same', async () => {
    await house.begun(1)
    const wrong = { ...house.credential(1), password: 'a'.repeat(26) }
    for (let i = 0; i < 5; i++) expect((await put('/', 'x', basic(wrong))).status).toBe(401)
    expect((await put('/', 'x', basic(wrong))).status).toBe(429)
    expect((await put('/', 'x', basic(house.credential(1)))).status).toBe(201)
    house.wait(60_000)
    expect((await put('/', 'x', basic(wrong))).status).toBe(401)
  })
  it('and drips the head of a request is let go in time, and one that says nothing more as well', async () => {
    const { admit, uploads, store, findFirmware, log } = house.doors
    const server = createHttpListener({ admit, uploads, store, findFirmware, maxBytes: 9, log, headWithinMs: 200 })
    const port = await listen(server, { host: '127.0.0.1', port: 0 }, 'the test')
    const [dripping, still] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
    const drip = setInterval(() => dripping.write('x'), 20)
    await Promise.all(
      [dripping, still].map(async (socket) => {
        socket.on('error', () => undefined)
        socket.write('PUT /log.txt HTTP/1.1\r\nhost: ')
        socket.resume()
        await new Promise((resolve) => socket.once('close', resolve))
      }),
    )
    clearInterval(drip)
    await new Promise((resolve) => server.close(resolve))
  })
  it('has so many connections of one address, and others when those are closed', async () => {
    const { admit, uploads, store, findFirmware, log } = house.doors
    const server = createHttpListener({ admit, uploads, store, findFirmware, maxBytes: 9, log, mostOfOneAddress: 2 })
    const port = await listen(server, { host: '127.0.0.1', port: 0 }, 'the test')
    const open = () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      return socket
    }
    /** one that has a place is answered */
    const isServed = (socket: ReturnType<typeof open>) =>
      new Promise<boolean>((resolve) => {
        socket.once('data', () => resolve(true))
        socket.once('close', () => resolve(false))
        socket.write('OPTIONS / HTTP/1.1\r\nhost: x\r\n\r\n')
      })
    const connected = (socket: ReturnType<typeof open>) => new Promise((resolve) => socket.once('connect', resolve))
    const [first, second] = [open(), open()]
    await Promise.all([connected(first), connected(second)])
    expect(await isServed(open())).toBe(false)
    expect([first.destroyed, second.destroyed]).toEqual([false, false])
    first.destroy()
    while (!(await isServed(open())));
    second.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  it('by another method is told which there are', async () => {
    expect((await fetch(house.url('/'), { method: 'DELETE' })).headers.get('allow')).toBe('GET, HEAD, PUT, POST')
  })
})

describe('between storing and the log', () => {
  beforeEach(() => house.begun(41))

  /** The head of an upload of nine bytes is taken; what follows is the charger's to send. */
  const beginning = async (path: string) => {
    const { authorization } = basic(house.credential(41))
    const socket = connect(house.port, '127.0.0.1')
    const said = () => new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())))
    const goOn = said()
    socket.write(
      `PUT ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n`,
    )
    expect(await goOn).toMatch(/^HTTP\/1.1 100 Continue/)
    return { send: (text: string) => socket.write(text), answer: said, end: () => socket.destroy() }
  }
  it('that goes on after its request has ended is taken, and told to be late; none begins any more', async () => {
    const upload = await beginning('/slow.log')
    upload.send('half ')
    await house.ended(41)
    expect((await put('/next.log', 'hello', basic(house.credential(41)))).status).toBe(401)
    const answer = upload.answer()
    upload.send('more')
    expect(await answer).toMatch(/^HTTP\/1.1 201/)
    upload.end()
    expect(await house.files()).toMatchObject([{ name: 'slow.log', bytes: 9, late: true }])
    expect((await house.files()).map(({ object }) => object)).toEqual(await house.objects())
  })
  it('that ends longer after its request than anybody waits is refused with the reason, and not kept', async () => {
    const [inTime, tooLate] = [await beginning('/slow.log'), await beginning('/slower.log')]
    await house.ended(41)
    house.wait(lateUploadMs)
    const taken = inTime.answer()
    inTime.send('in time !')
    expect(await taken).toMatch(/^HTTP\/1.1 201/)
    house.wait(1)
    const refused = tooLate.answer()
    tooLate.send('too late!')
    expect(await refused).toMatch(/^HTTP\/1.1 40[^]*ended more than 30 minutes ago/)
    inTime.end()
    tooLate.end()
    expect(await house.files()).toMatchObject([{ name: 'slow.log', late: true }])
    expect((await house.files()).map(({ object }) => object)).toEqual(await house.objects())
  })
  it('that ended after its request, in a process that died over it, is written by the next one', async () => {
    const upload = await beginning('/slow.log')
    await house.ended(41)
    house.central('away')
    const answer = upload.answer()
    upload.send('123456789')
    expect(await answer).toMatch(/^HTTP\/1.1 503/)
    upload.end()
    await house.startAgain()
    house.central('there')
    await house.uploads.recover()
    expect(await house.files()).toMatchObject([{ name: 'slow.log', bytes: 9, late: true }])
    expect((await house.files()).map(({ object }) => object)).toEqual(await house.objects())
  })
  it('an upload is not acknowledged while central is away, and its repeat claims what is stored', async () => {
    house.central('away')
    expect((await put('/log.txt', 'hello', basic(house.credential(41)))).status).toBe(503)
    expect(await house.files()).toEqual([])
    house.central('there')
    expect((await put('/log.txt', 'hello', basic(house.credential(41)))).status).toBe(201)
    expect((await house.files()).map(({ object }) => object)).toEqual(await house.objects())
    expect(house.uploads.waiting()).toBe(0)
  })
  it('what a process stored and died over is written by the next one', async () => {
    house.central('away')
    await put('/my log.txt', 'hello', basic(house.credential(41)))
    await house.startAgain()
    house.central('there')
    await house.uploads.recover()
    expect(await house.files()).toMatchObject([{ name: 'my log.txt', bytes: 5 }])
    expect((await house.files()).map(({ object }) => object)).toEqual(await house.objects())
  })
  it('a file whose answer was lost is kept by its repeat', async () => {
    house.central('answers-lost')
    expect((await put('/log.txt', 'hello', basic(house.credential(41)))).status).toBe(503)
    house.central('there')
    await house.uploads.retry()
    expect((await house.files()).map(({ object }) => object)).toEqual(await house.objects())
  })
})

describe('firmware', () => {
  beforeEach(async () => {
    await house.begun(7, 'Firmware')
    await house.image('image-1.2.bin', '0123456789')
  })
  const get = (headers: Record<string, string> = {}, method = 'GET') =>
    fetch(house.url('/image-1.2.bin'), { method, headers: { ...basic(house.credential(7, 'Firmware')), ...headers } })

  it('comes whole with its length', async () => {
    const answer = await get()
    expect(answer.headers.get('content-length')).toBe('10')
    expect([answer.status, await answer.text()]).toEqual([200, '0123456789'])
    const head = await get({}, 'HEAD')
    expect([head.headers.get('content-length'), head.headers.get('accept-ranges')]).toEqual(['10', 'bytes'])
  })
  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=4-', '456789', 'bytes 4-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
  ])('comes in the range %s', async (range, text, told) => {
    const answer = await get({ range })
    expect([answer.status, answer.headers.get('content-range'), await answer.text()]).toEqual([206, told, text])
  })
  it.each(['bytes=10-', 'bytes=-0'])('has no range %s', async (range) => {
    const answer = await get({ range })
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */10'])
  })
  it.each(['bytes=0-1,3-4', 'lines=1-2', 'bytes=5-2'])('comes whole when asked for %s', async (range) => {
    expect([(await get({ range })).status, await (await get({ range })).text()]).toEqual([200, '0123456789'])
  })
  it('comes whole when it is another than the one that was begun', async () => {
    const etag = (await get({}, 'HEAD')).headers.get('etag') as string
    expect((await get({ range: 'bytes=4-', 'if-range': etag })).status).toBe(206)
    expect((await get({ range: 'bytes=4-', 'if-range': '"other"' })).status).toBe(200)
  })
  it('is only the image of its request', async () => {
    await house.image('other.bin', 'other')
    await house.begun(8, 'Firmware', 'other.bin')
    const headers = basic(house.credential(8, 'Firmware'))
    expect((await fetch(house.url('/image-1.2.bin'), { headers })).status).toBe(404)
    expect(await (await fetch(house.url('/other.bin'), { headers })).text()).toBe('other')
  })
  it('is not for uploads, and uploads are not for it', async () => {
    await house.begun(41)
    expect((await put('/x', 'x', basic(house.credential(7, 'Firmware')))).status).toBe(403)
    const asked = await fetch(house.url('/image-1.2.bin'), { headers: basic(house.credential(41)) })
    expect(asked.status).toBe(403)
  })
})
