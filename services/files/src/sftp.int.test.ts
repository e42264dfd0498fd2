import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, utils, type SFTPWrapper } from 'ssh2'
import { openFileHouse } from './fixtures/file-house.ts'
import { makeHostKey, ownHostKeys, readHostKeys } from './sftp-host-keys.ts'
import { startSftpListener, type SftpListener } from './sftp-listener.ts'

let folder: string
let hostKeys: string[]
let house: Awaited<ReturnType<typeof openFileHouse>>
let listener: SftpListener
let clients: Client[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voltrail-sftp-'))
  hostKeys = await ownHostKeys(folder)
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))
beforeEach(async () => {
  clients = []
  house = await openFileHouse()
  listener = await startSftpListener({ ...house.doors, host: '127.0.0.1', port: 0, hostKeys })
})
afterEach(async () => {
  for (const client of clients) client.end()
  await listener.stop()
  await house.stop()
})

const login = async (credential: { user: string; password: string }, hostKey?: string): Promise<Client> => {
  const client = new Client()
  clients.push(client)
  await new Promise<void>((resolve, reject) => {
    client.on('ready', resolve)
    client.on('error', reject)
    client.connect({
      host: '127.0.0.1',
      port: listener.port,
      username: credential.user,
      password: credential.password,
      ...(hostKey === undefined ? {} : { algorithms: { serverHostKey: [hostKey as 'ssh-ed25519'] } }),
    })
  })
  return client
}
const sftpOf = (client: Client) =>
  new Promise<SFTPWrapper>((resolve, reject) =>
    client.sftp((error, sftp) => (error === undefined ? resolve(sftp) : reject(error))),
  )
const opened = async (requestId: number, kind?: 'Firmware') => sftpOf(await login(house.credential(requestId, kind)))
const told = (run: (done: (error?: Error | null) => void) => void) =>
  new Promise<void>((resolve, reject) => run((error) => (error ? reject(error) : resolve())))
const upload = (sftp: SFTPWrapper, path: string, content: string | Buffer) =>
  told((done) => sftp.writeFile(path, content, done))

describe('an upload by SFTP', () => {
  beforeEach(() => house.begun(41))

  it('is in the log when it is closed, byte for byte', async () => {
    const content = Buffer.alloc(90_000, 'charging station')
    await upload(await opened(41), 'log.txt', content)
    expect(await house.files()).toMatchObject([{ name: 'log.txt', bytes: 90_000 }])
    expect((await house.files())[0]?.object).toContain('.sftp.')
  })
  it('keeps only the last part of its path', async () => {
    await upload(await opened(41), '../../../../etc/passwd', 'x')
    expect(await house.files()).toMatchObject([{ name: 'passwd' }])
    for (const object of await house.objects()) expect(object).toMatch(/^transfers\/default\/[^/]+\/41\/[^/]+$/)
  })
  it('that is larger than the limit is refused and not kept', async () => {
    await expect(upload(await opened(41), 'log.txt', Buffer.alloc(300_000))).rejects.toThrow(/larger than 100000 bytes/)
    expect([await house.files(), await house.objects()]).toEqual([[], []])
  })
  it('is not acknowledged while central is away', async () => {
    house.central('away')
    await expect(upload(await opened(41), 'log.txt', 'hello')).rejects.toThrow(/no central/)
    house.central('there')
    await upload(await opened(41), 'log.txt', 'hello')
    expect((await house.files()).map(({ object }) => object)).toEqual(await house.objects())
  })
  it('whose connection breaks in the middle is not kept', async () => {
    const client = await login(house.credential(41))
    const sftp = await sftpOf(client)
    const stream = sftp.createWriteStream('log.txt')
    stream.on('error', () => undefined)
    await new Promise((resolve) => stream.write(Buffer.from('half'), () => resolve(undefined)))
    await new Promise((resolve) => {
      client.once('close', () => resolve(undefined))
      client.end()
    })
    await listener.stop()
    listener = await startSftpListener({ ...house.doors, host: '127.0.0.1', port: 0, hostKeys })
    expect([await house.files(), await house.objects()]).toEqual([[], []])
  })
  it('finds every folder empty, and nothing that it could change or read', async () => {
    const sftp = await opened(41)
    await upload(sftp, 'log.txt', 'hello')
    const list = await new Promise<object[]>((resolve, reject) =>
      sftp.readdir('/', (error, entries) => (error === undefined ? resolve(entries) : reject(error))),
    )
    expect(list).toEqual([])
    await expect(told((done) => sftp.unlink('log.txt', done))).rejects.toThrow(/not done here/)
    await expect(told((done) => sftp.rename('log.txt', 'x', done))).rejects.toThrow(/not done here/)
    await expect(told((done) => sftp.readFile('log.txt', done))).rejects.toThrow(/for uploading/)
  })
})

describe('who comes by SFTP', () => {
  beforeEach(() => house.begun(1))

  it.each(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-256'])('may know our host by its %s key', async (type) => {
    await login(house.credential(1), type)
  })
  it('with a wrong password is not let in; with a good one it is, whoever else guesses behind the same address', async () => {
    const wrong = { ...house.credential(1), password: 'a'.repeat(26) }
    for (let i = 0; i < 5; i++) await expect(login(wrong)).rejects.toThrow(/authentication/)
    await expect(login(wrong)).rejects.toThrow(/authentication/)
    ;(await login(house.credential(1))).end()
  })
  it('gets no shell and no command', async () => {
    const client = await login(house.credential(1))
    await expect(told((done) => client.exec('id', done))).rejects.toThrow()
    const shell = await login(house.credential(1))
    await expect(told((done) => shell.shell(done))).rejects.toThrow()
  })
  it('may open so many sessions on one connection, and no more', async () => {
    await house.begun(41)
    const client = await login(house.credential(41))
    for (let i = 0; i < 16; i++) (await sftpOf(client)).end()
    await expect(sftpOf(client)).rejects.toThrow(/open/i)
    const another = await opened(41)
    await upload(another, 'log.txt', 'hello')
  })
  it('and ends a session within a file leaves nothing of it, on a connection that goes on', async () => {
    await house.begun(41)
    const client = await login(house.credential(41))
    const sftp = await sftpOf(client)
    const handle = await new Promise<Buffer>((resolve, reject) =>
      sftp.open('half.log', 'w', (error, name) => (error ? reject(error) : resolve(name))),
    )
    await told((done) => sftp.write(handle, Buffer.from('half'), 0, 4, 0, done))
    expect(await house.uploadsUnderWay()).toBe(1)
    sftp.end()
    while ((await house.uploadsUnderWay()) > 0) await new Promise((resolve) => setTimeout(resolve, 10))
    await upload(await sftpOf(client), 'log.txt', 'hello')
    expect(await house.files()).toMatchObject([{ name: 'log.txt' }])
  })
  it('and says nothing is let go', async () => {
    const quick = await startSftpListener({ ...house.doors, host: '127.0.0.1', port: 0, hostKeys, silentMs: 100 })
    const socket = connect(quick.port, '127.0.0.1')
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
    await quick.stop()
  })
})

describe('firmware by SFTP', () => {
  it('comes whole, and is the only thing that can be read', async () => {
    await house.image('one.bin', '0123456789')
    await house.image('other.bin', 'other')
    await house.begun(7, 'Firmware', 'one.bin')
    const sftp = await opened(7, 'Firmware')
    const content = await new Promise<Buffer>((resolve, reject) =>
      sftp.readFile('/one.bin', (error, data) => (error === undefined ? resolve(data) : reject(error))),
    )
    expect(content.toString()).toBe('0123456789')
    await expect(told((done) => sftp.readFile('other.bin', done))).rejects.toThrow(/no firmware image/)
    await expect(upload(sftp, 'x', 'x')).rejects.toThrow(/not for uploading/)
  })
})

describe('the host keys of SFTP', () => {
  it('are made once and stay', async () => {
    expect(await ownHostKeys(folder)).toEqual(hostKeys)
    expect(await readFile(join(folder, 'sftp-host-ed25519.key'), 'utf8')).toBe(hostKeys[0])
  })
  it('can always be read, as often as they are made', async () => {
    for (let i = 0; i < 2_000; i++) expect(utils.parseKey(await makeHostKey('ed25519'))).not.toBeInstanceOf(Error)
  })
  it('that nobody can read are made anew', async () => {
    const other = await mkdtemp(join(tmpdir(), 'voltrail-sftp-'))
    await writeFile(join(other, 'sftp-host-ed25519.key'), '-----BEGIN OPENSSH PRIVATE KEY-----\n')
    for (const key of await ownHostKeys(other)) expect(utils.parseKey(key)).not.toBeInstanceOf(Error)
    await rm(other, { recursive: true })
  })
  it('that are files have to be keys', async () => {
    const path = join(folder, 'none.key')
    await writeFile(path, 'no key')
    await expect(readHostKeys([path])).rejects.toThrow(/none.key is no private key of SFTP/)
    await expect(readHostKeys([join(folder, 'absent')])).rejects.toThrow(/cannot be read/)
    expect(await readHostKeys([join(folder, 'sftp-host-rsa.key')])).toEqual([hostKeys[2]])
  })
})
