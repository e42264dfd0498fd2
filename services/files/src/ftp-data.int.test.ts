import { connect, type Socket } from 'node:net'
import { openDataPort, type DataPort } from './ftp-data.ts'

describe('a data connection', () => {
  const opened: { destroy(): unknown }[] = []
  const open = async (more: Partial<Parameters<typeof openDataPort>[0]> = {}): Promise<DataPort> => {
    const ports = { from: 0, to: 0 }
    const data = await openDataPort({
      host: '127.0.0.1',
      ports,
      peer: '127.0.0.1',
      withinMs: 30_000,
      silentMs: 30_000,
      ...more,
    })
    opened.push({ destroy: () => data.close() })
    return data
  }
  const from = (localAddress: string, port: number): Socket => {
    const socket = connect({ host: '127.0.0.1', port, localAddress })
    socket.on('error', () => undefined)
    opened.push(socket)
    return socket
  }
  afterEach(() => {
    for (const one of opened.splice(0)) one.destroy()
  })

  it('is made by the address of the control connection alone: another is hung up on, and does not use it up', async () => {
    const data = await open()
    const thief = from('127.0.0.2', data.port)
    await new Promise((resolve) => thief.once('close', resolve))
    const own = from('127.0.0.1', data.port)
    own.end('hello')
    const socket = await data.connected()
    expect(socket.remoteAddress).toBe('127.0.0.1')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toBe('hello')
  })
  it('is one: what comes behind it is hung up on', async () => {
    const data = await open()
    from('127.0.0.1', data.port)
    await data.connected()
    const second = from('127.0.0.1', data.port)
    await new Promise((resolve) => second.once('close', resolve))
  })
  it('that nobody makes in time is given up, and its port is free again', async () => {
    const data = await open({ withinMs: 50 })
    await expect(data.connected()).rejects.toThrow(/no data connection was made/)
    const again = await open({ ports: { from: data.port, to: data.port } })
    expect(again.port).toBe(data.port)
  })
  it('is over when nobody came in time, and when the connection that came is closed', async () => {
    const nobody = await open({ withinMs: 20 })
    nobody.connected().catch(() => undefined)
    await nobody.over
    const used = await open({})
    const dialled = connect(used.port, '127.0.0.1')
    const held = await used.connected()
    let over = false
    void used.over.then(() => (over = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(over).toBe(false)
    held.destroy()
    await used.over
    dialled.destroy()
  })
  it('has a port of the range, and none when all of them are taken', async () => {
    const { port } = await open()
    await expect(open({ ports: { from: port, to: port } })).rejects.toThrow(/none of the ports/)
  })
})
