import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NatsServerOptions, RunningNatsServer } from './nats-server.ts'
import { startNatsServer } from './nats-server.ts'
import { livingProcess } from '@voltrail/runtime/server-process'
import { openTestNats } from './test-nats.ts'

let folder: string
let storeDir: string
const running = new Set<RunningNatsServer>()

const start = async (options: Partial<NatsServerOptions> = {}): Promise<RunningNatsServer> => {
  const server = await startNatsServer({ storeDir, ...options })
  running.add(server)
  return server
}

/** What the server says first: its INFO line. */
function serverInfo(url: string): Promise<{ max_payload: number; jetstream: boolean; port: number }> {
  const { hostname, port } = new URL(url)
  return new Promise((settle, fail) => {
    const socket = connect(Number(port), hostname)
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\r\n')
      if (end < 0) return
      socket.destroy()
      settle(JSON.parse(text.slice('INFO '.length, end)))
    })
    socket.once('error', fail)
  })
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voltrail-nats-'))
  storeDir = join(folder, 'store')
})

afterEach(async () => {
  for (const server of running) await server.stop()
  running.clear()
  await rm(folder, { recursive: true, force: true })
})

describe('a nats-server for development', () => {
  it('listens on a free loopback port with JetStream and 8 MiB messages', async () => {
    const { url, port } = await start()
    expect(await serverInfo(url)).toMatchObject({ jetstream: true, max_payload: 8 * 1024 * 1024, port })
  })

  it('takes the given port, message size and further configuration', async () => {
    const { port } = await start()
    await [...running][0]?.stop()
    const { url } = await start({ port, maxPayload: 123_456, configText: 'server_name: given' })
    expect(new URL(url).port).toBe(String(port))
    expect(await serverInfo(url)).toMatchObject({ max_payload: 123_456, server_name: 'given' })
  })

  it('is gone after stop, and stop may be called again', async () => {
    const server = await start()
    await server.stop()
    await server.stop()
    expect(livingProcess(server.pid)).toBeUndefined()
    await expect(serverInfo(server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect((await readdir(folder)).toSorted()).toEqual(['store', 'store.conf'])
  })

  it('says which port is taken', async () => {
    const squatter = createServer()
    await new Promise<void>((settle) => squatter.listen(0, '127.0.0.1', settle))
    const { port } = squatter.address() as AddressInfo
    try {
      await expect(start({ port })).rejects.toThrow(`nats-server cannot listen on 127.0.0.1 port ${port}: it is taken`)
    } finally {
      squatter.close()
    }
  })

  it('passes the words of the server on when it refuses its configuration', async () => {
    await expect(start({ configText: 'no_such_setting {' })).rejects.toThrow(/store\.conf\) does not start: .*line 10/)
  })

  it('says so when the binary cannot be run', async () => {
    await expect(start({ binary: join(folder, 'none') })).rejects.toThrow(/does not start: .*ENOENT/)
  })

  it('stops the server that a killed parent left behind on the store', async () => {
    const first = await start()
    const gone = spawn('/bin/true')
    await new Promise((settle) => gone.once('exit', settle))
    await writeFile(`${storeDir}.owner`, `${gone.pid}\n`) // what the file says after kill -9 of the parent
    const second = await start({ port: first.port })
    expect(livingProcess(first.pid)).toBeUndefined()
    expect((await serverInfo(second.url)).port).toBe(first.port)
  })

  it('refuses a store that a living process uses, and leaves that process alone', async () => {
    const first = await start()
    await expect(start()).rejects.toThrow(/is in use by process \d+/)
    expect(await serverInfo(first.url)).toMatchObject({ jetstream: true })
  })

  it('tells its owner when it dies', async () => {
    const server = await start()
    process.kill(server.pid, 'SIGKILL')
    expect(await server.exited).toBe('signal SIGKILL')
  })

  it('keeps its configuration to its owner, for it may hold passwords', async () => {
    await start({ configText: 'authorization { user: a, password: b }' })
    expect(await readFile(`${storeDir}.conf`, 'utf8')).toContain('password: b')
    expect(statSync(`${storeDir}.conf`).mode & 0o777).toBe(0o600)
  })
})

describe('a nats-server for a test', () => {
  const ownServer = process.env['NATS_URL'] ? it.skip : it
  ownServer('serves until it is stopped, each call a server of its own', async () => {
    const [one, two] = await Promise.all([openTestNats(), openTestNats({ maxPayload: 1000 })])
    expect(await serverInfo(one.url)).toMatchObject({ jetstream: true, max_payload: 8 * 1024 * 1024 })
    expect(await serverInfo(two.url)).toMatchObject({ jetstream: true, max_payload: 1000 })
    await one.stop()
    await two.stop()
    await expect(serverInfo(one.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
