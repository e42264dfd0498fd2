import { connect } from 'node:net'
import { PassThrough, Readable, Writable } from 'node:stream'
import { Client } from 'basic-ftp'
import { TEST_CERT, TEST_KEY } from '@voltrail/event-store-dev/test-certificate'
import { openFileHouse } from './fixtures/file-house.ts'
import { startFtpListener, type FtpListener } from './ftp-listener.ts'
import { lateUploadMs } from './uploads.ts'

let house: Awaited<ReturnType<typeof openFileHouse>>
let ftp: FtpListener
let clients: Client[]
/** the house by FTP; whoever opens it stops it */
const openFtp = (more: Partial<Parameters<typeof startFtpListener>[0]> = {}) =>
  startFtpListener({
    ...house.doors,
    host: '127.0.0.1',
    port: 0,
    passive: { from: 0, to: 0 },
    tls: { cert: TEST_CERT, key: TEST_KEY },
    ...more,
  })
beforeEach(async () => {
  clients = []
  house = await openFileHouse()
  ftp = await openFtp()
})
afterEach(async () => {
  for (const client of clients) client.close()
  await ftp.stop()
  await house.stop()
})

const login = async ({ user, password }: { user: string; password: string }, secure: boolean | 'implicit' = false) => {
  const client = new Client(20_000)
  clients.push(client)
  const secureOptions = { rejectUnauthorized: false }
  await client.access({ host: '127.0.0.1', port: ftp.port, user, password, secure, secureOptions })
  return client
}
const of = (content: string | Buffer) => Readable.from([Buffer.from(content)])
const fetched = async (client: Client, path: string, from?: number) => {
  const parts: Buffer[] = []
  const into = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(chunk)
      done()
    },
  })
  await client.downloadTo(into, path, from)
  return Buffer.concat(parts).toString()
}

describe('an upload by FTP', () => {
  beforeEach(() => house.begun(41))

  it.each([
    ['ftp', false],
    ['ftps', true],
  ])('over %s is in the log when it is acknowledged', async (protocol, secure) => {
    const client = await login(house.credential(41), secure)
    expect((await client.uploadFrom(of('hello'), 'log.txt')).code).toBe(226)
    expect(await house.files()).toMatchObject([{ name: 'log.txt', bytes: 5 }])
    expect((await house.files())[0]?.object).toContain(`.${protocol}.`)
  })
  it('may follow another on the same connection at once', async () => {
    const client = await login(house.credential(41))
    for (let i = 0; i < 8; i++) await client.uploadFrom(of(`content ${i}`), `log-${i}.txt`)
    expect(await house.files()).toHaveLength(8)
  })
  it('keeps only the last part of its path, and lies where its request is', async () => {
    const client = await login(house.credential(41))
    await client.cd('/some/where')
    expect(await client.pwd()).toBe('/some/where')
    for (const path of ['../../../../etc/passwd', String.raw`..\..\boot.ini`, '/a/b/c.txt']) {
      await client.uploadFrom(of(path), path)
    }
    expect((await house.files()).map(({ name }) => name)).toEqual(['passwd', 'boot.ini', 'c.txt'])
    for (const { object } of await house.files()) expect(object).toMatch(/^transfers\/default\/[^/]+\/41\/[^/]+$/)
  })
  it('to a path that names no file gets a name', async () => {
    const client = await login(house.credential(41))
    await client.uploadFrom(of('hello'), '/')
    expect(await house.files()).toMatchObject([{ name: 'DiagnosticsLog-41', bytes: 5 }])
  })
  it('that is larger than the limit is refused with the reason and not kept', async () => {
    const { user, password } = house.credential(41)
    const control = connect(ftp.port, '127.0.0.1')
    const said = async () => (await new Promise<Buffer>((resolve) => control.once('data', resolve))).toString()
    await said()
    for (const line of [`USER ${user}`, `PASS ${password}`]) {
      control.write(`${line}\r\n`)
      await said()
    }
    control.write('EPSV\r\n')
    const data = connect(Number(/\d+(?=\|\))/.exec(await said())?.[0]), '127.0.0.1')
    // the service hangs up in the middle of it
    data.on('error', () => undefined)
    control.write('STOR log.txt\r\n')
    expect(await said()).toMatch(/^150/)
    data.end(Buffer.alloc(300_000))
    expect(await said()).toMatch(/^552 the file is larger than 100000 bytes/)
    control.destroy()
    const again = await login(house.credential(41))
    await again.uploadFrom(of('small'), 'log.txt')
    expect(await house.files()).toMatchObject([{ name: 'log.txt', bytes: 5 }])
    expect(await house.objects()).toHaveLength(1)
  })
  it('is not acknowledged while central is away, and its repeat claims what is stored', async () => {
    house.central('away')
    const client = await login(house.credential(41))
    await expect(client.uploadFrom(of('hello'), 'log.txt')).rejects.toThrow(/451/)
    house.central('there')
    await (await login(house.credential(41))).uploadFrom(of('hello'), 'log.txt')
    expect((await house.files()).map(({ object }) => object)).toEqual(await house.objects())
  })
  it('that is resumed in its middle is refused', async () => {
    const client = await login(house.credential(41))
    await client.send('REST 3')
    await expect(client.uploadFrom(of('lo'), 'log.txt')).rejects.toThrow(/whole file/)
    expect(await house.files()).toEqual([])
  })
  it('that the charger breaks off (ABOR) is not kept', async () => {
    const client = await login(house.credential(41))
    const { message } = await client.send('EPSV')
    const data = connect(Number(/\d+(?=\|\))/.exec(message)?.[0]), '127.0.0.1')
    await new Promise((resolve) => data.once('connect', resolve))
    const stored = client.send('STOR log.txt', true)
    expect((await stored).code).toBe(150)
    data.write('half')
    await expect(client.send('ABOR')).rejects.toThrow(/426/)
    expect([await house.files(), await house.objects()]).toEqual([[], []])
  })
  it('that goes on after its request has ended is taken, and told to be late', async () => {
    const client = await login(house.credential(41))
    const slow = new PassThrough()
    slow.write('half')
    const begun = new Promise<void>((resolve) => {
      client.trackProgress(({ bytes }) => {
        if (bytes > 0) resolve()
      })
    })
    const upload = client.uploadFrom(slow, 'log.txt')
    await begun
    await house.ended(41)
    slow.end(' more')
    expect((await upload).code).toBe(226)
    expect(await house.files()).toMatchObject([{ name: 'log.txt', bytes: 9, late: true }])
  })
  it('that ends longer after its request than anybody waits is refused with the reason, and not kept', async () => {
    const client = await login(house.credential(41))
    const slow = new PassThrough()
    slow.write('half')
    const begun = new Promise<void>((resolve) => {
      client.trackProgress(({ bytes }) => {
        if (bytes > 0) resolve()
      })
    })
    const upload = client.uploadFrom(slow, 'log.txt')
    await begun
    await house.ended(41)
    house.wait(lateUploadMs + 1)
    slow.end(' more')
    await expect(upload).rejects.toThrow(/550 its request ended more than 30 minutes ago/)
    expect([await house.files(), await house.objects()]).toEqual([[], []])
  })
  it('that the service breaks off by its stop leaves nothing', async () => {
    const client = await login(house.credential(41))
    const slow = new PassThrough()
    slow.write('half')
    const upload = client.uploadFrom(slow, 'log.txt')
    const begun = new Promise<void>((resolve) => {
      client.trackProgress(({ bytes }) => {
        if (bytes > 0) resolve()
      })
    })
    await Promise.all([begun, expect(begun.then(() => ftp.stop()).then(() => upload)).rejects.toThrow()])
    ftp = await openFtp()
    expect([await house.files(), await house.objects()]).toEqual([[], []])
  })
})

describe('who comes by FTP', () => {
  it('with a wrong password is not let in, and has to wait after some', async () => {
    await house.begun(1)
    const wrong = { ...house.credential(1), password: 'a'.repeat(26) }
    for (let i = 0; i < 5; i++) await expect(login(wrong)).rejects.toThrow(/530 these are not valid/)
    await expect(login(wrong)).rejects.toThrow(/530 too many/)
    ;(await login(house.credential(1))).close()
  })
  it('with a credential of a request that has ended is not let in', async () => {
    await house.begun(1)
    await house.ended(1)
    await expect(login(house.credential(1))).rejects.toThrow(/530/)
  })
  it('finds every folder empty, and nothing that it could change', async () => {
    await house.begun(1)
    const client = await login(house.credential(1))
    await client.uploadFrom(of('hello'), 'log.txt')
    expect(await client.list()).toEqual([])
    for (const line of ['DELE log.txt', 'RNFR log.txt', 'APPE log.txt', 'PORT 127,0,0,1,4,1', 'SITE CHMOD 777 x'])
      await expect(client.send(line)).rejects.toThrow(/502/)
    await client.send('EPSV')
    await expect(client.send('RETR log.txt')).rejects.toThrow(/550 this credential is for uploading/)
  })
  it('with lines that are none is told so', async () => {
    await house.begun(1)
    const client = await login(house.credential(1))
    await expect(client.send('OPTS')).rejects.toThrow(/501/)
    expect((await client.send('NOOP')).code).toBe(200)
  })
  it('is told the address that it came to', async () => {
    await house.begun(1)
    const client = await login(house.credential(1))
    const { message } = await client.send('PASV')
    expect(message).toMatch(/\(127,0,0,1,\d+,\d+\)/)
    const [high = 0, low = 0] = (/(\d+),(\d+)\)/.exec(message)?.slice(1) ?? []).map(Number)
    const data = connect(high * 256 + low, '127.0.0.1')
    await new Promise((resolve) => data.once('connect', resolve))
    data.destroy()
  })
  it('anonymously, or with a wrong password over TLS, is refused with 530', async () => {
    await expect(login({ user: 'anonymous', password: 'guest@example.com' })).rejects.toThrow(/530/)
    await expect(login({ user: 'x', password: 'y' }, true)).rejects.toThrow(/530/)
  })
  it('gets no data connection by active mode', async () => {
    await house.begun(1)
    const client = await login(house.credential(1))
    for (const line of ['PORT 127,0,0,1,4,1', 'EPRT |1|127.0.0.1|1025|'])
      await expect(client.send(line)).rejects.toThrow(/502 passive only/)
  })
  it('is told the public address and a port of the range', async () => {
    await house.begun(1)
    const range = { from: 42_000, to: 42_040 }
    const other = await openFtp({ passive: { address: '203.0.113.7', ...range } })
    const client = new Client(20_000)
    clients.push(client)
    await client.access({ host: '127.0.0.1', port: other.port, ...house.credential(1) })
    const { message } = await client.send('PASV')
    const [high = 0, low = 0] = (/\(203,0,113,7,(\d+),(\d+)\)/.exec(message)?.slice(1) ?? []).map(Number)
    expect(high * 256 + low).toBeGreaterThanOrEqual(range.from)
    expect(high * 256 + low).toBeLessThanOrEqual(range.to)
    await client.uploadFrom(of('hello'), 'log.txt')
    expect(await house.files()).toHaveLength(1)
    await other.stop()
  })
  it('over TLS from the first byte is served as well', async () => {
    await house.begun(1)
    const other = await openFtp({ implicit: true })
    const client = new Client(20_000)
    clients.push(client)
    const secureOptions = { rejectUnauthorized: false }
    await client.access({
      host: '127.0.0.1',
      port: other.port,
      ...house.credential(1),
      secure: 'implicit',
      secureOptions,
    })
    await client.uploadFrom(of('hello'), 'log.txt')
    expect((await house.files())[0]?.object).toContain('.ftps.')
    await other.stop()
  })
  it('in clear behind AUTH TLS is not heard', async () => {
    await house.begun(1)
    const { user, password } = house.credential(1)
    const socket = connect(ftp.port, '127.0.0.1')
    let said = ''
    socket.on('data', (chunk) => (said += chunk.toString('latin1')))
    socket.write(`AUTH TLS\r\nUSER ${user}\r\nPASS ${password}\r\nNOOP\r\n`)
    await new Promise<void>((resolve) => {
      socket.on('data', () => {
        if (said.includes('234')) resolve()
      })
    })
    // no hello of TLS: the service hangs up
    socket.on('error', () => undefined)
    socket.write('NOOP\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    expect(said).toMatch(/^220[^]*234/)
    expect(said).not.toMatch(/331|230/)
  })
  it('is let go when nothing is said for too long', async () => {
    const other = await openFtp({ silentMs: 100 })
    const socket = connect(other.port, '127.0.0.1')
    let said = ''
    socket.on('data', (chunk) => (said += chunk.toString()))
    await new Promise((resolve) => socket.once('close', resolve))
    expect(said).toMatch(/421 nothing was said/)
    await other.stop()
  })
  it('is let go when it talks and does not log in', async () => {
    const other = await openFtp({ loginWithinMs: 200 })
    const socket = connect(other.port, '127.0.0.1')
    let said = ''
    socket.on('error', () => undefined).on('data', (chunk) => (said += chunk.toString()))
    const talk = setInterval(() => socket.write('NOOP\r\n'), 20)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(talk)
    expect(said).toMatch(/200 yes[^]*421 nobody logged in/)
    await other.stop()
  })
  it('in greater numbers from one address than there are places is told so and let go, also where it does not listen', async () => {
    const visitors = Array.from({ length: 101 }, () =>
      connect({ port: ftp.port, host: '127.0.0.1', allowHalfOpen: true }),
    )
    const said = visitors.map(
      (socket) => new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString()))),
    )
    const words = (await Promise.all(said)).map((text) => text.slice(0, 3))
    expect(words.filter((word) => word === '421')).toHaveLength(1)
    const refused = visitors[words.indexOf('421')]
    // it never ends its own side: the service does not wait for that
    const gone = new Promise((resolve) => refused?.once('close', resolve))
    refused?.on('error', () => undefined)
    const knock = setInterval(() => refused?.write('NOOP\r\n'), 20)
    await gone
    clearInterval(knock)
    for (const socket of visitors) socket.destroy()
  }, 20_000)
  it('without a login gets no data connection', async () => {
    const socket = connect(ftp.port, '127.0.0.1')
    const said = async () => (await new Promise<Buffer>((resolve) => socket.once('data', resolve))).toString()
    expect(await said()).toMatch(/^220/)
    socket.write('EPSV\r\n')
    expect(await said()).toMatch(/^530/)
    socket.destroy()
  })
})

describe('firmware by FTP', () => {
  beforeEach(async () => {
    await house.begun(7, 'Firmware')
    await house.image('image-1.2.bin', '0123456789')
  })

  it.each([false, true])(
    'comes whole with its size, and from where a download was broken off (TLS: %s)',
    async (tls) => {
      const client = await login(house.credential(7, 'Firmware'), tls)
      expect(await client.size('image-1.2.bin')).toBe(10)
      expect(await fetched(client, '/image-1.2.bin')).toBe('0123456789')
      expect(await fetched(client, 'image-1.2.bin', 4)).toBe('456789')
    },
  )
  it('that there is not, and a place behind its end, are refused with the reason', async () => {
    const client = await login(house.credential(7, 'Firmware'))
    await expect(client.size('other.bin')).rejects.toThrow(/550 there is no firmware image/)
    await expect(fetched(client, 'image-1.2.bin', 11)).rejects.toThrow(/nothing begins at 11/)
  })
  it('is not for uploads', async () => {
    const client = await login(house.credential(7, 'Firmware'))
    await expect(client.uploadFrom(of('x'), 'x')).rejects.toThrow(/not for uploading/)
  })
})
