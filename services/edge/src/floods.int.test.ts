import { createConnection, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { openEdgeFixture, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'
import { refusedUpgrade } from './fixtures/raw-charger.ts'

/** What one address can do to an edge, and what of it an honest charger from the same address feels. */

let fixture: EdgeFixture
beforeAll(async () => {
  fixture = await openEdgeFixture()
})
afterAll(() => fixture.stop())
beforeEach(() => {
  fixture.lines.length = 0
  fixture.central.state.treat = () => undefined
})

const lines = (message: string) => fixture.lines.filter(({ msg }) => msg === message)

/** An honest charger that connects now: how long it took until its boot was answered, in ms. */
const honest = async (url: string): Promise<number> => {
  const began = performance.now()
  const charger = await fixture.connect(`${url}/${fixture.newId()}`)
  await charger.call('BootNotification', { chargePointVendor: 'Honest', chargePointModel: 'One' })
  const took = performance.now() - began
  await charger.close()
  return took
}

const raw = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
    socket.on('error', () => {})
  })

const ended = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let said = ''
    socket.on('data', (data: Buffer) => (said += data.toString('latin1')))
    socket.once('close', () => resolve(said))
  })

/** The request of a charger's handshake. */
const upgrade = (id: string) =>
  `GET /ocpp/${id} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  'Sec-WebSocket-Protocol: ocpp1.6\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** of a charger: more than the buffers of the system take */
const floodBytes = 30_000_000

describe('a flood from one address', () => {
  it('of upgrades that never end takes no more than its room: the oldest make way, and all end in time', async () => {
    const edge = await fixture.startEdge({ unfinishedHeads: 50, headersMs: 3_000 })
    const slow: { readonly socket: Socket; readonly end: Promise<string> }[] = []
    for (let i = 0; i < 300; i += 1) {
      const socket = await raw(edge.port)
      slow.push({ socket, end: ended(socket) })
      // some say nothing at all, some the first line, some a header and another
      socket.write(['', 'GET /ocpp/SLOW HTTP/1.1\r\n', 'GET /ocpp/SLOW HTTP/1.1\r\nHost: x\r\nX-A: b'][i % 3] as string)
    }
    const dripping = setInterval(
      () => slow.forEach(({ socket }, i) => i % 3 > 0 && socket.writable && socket.write('X')),
      100,
    )
    expect(await honest(edge.url)).toBeLessThan(2_000)
    await until('those beyond the room are gone', () => slow.filter(({ socket }) => !socket.destroyed).length <= 50)
    expect(await slow[1]?.end).toContain('others wait')
    expect(await slow.at(-1)?.end).toContain('did not come in time')
    clearInterval(dripping)
    for (const { end } of slow) await end
    // one line when each kind of it began, whatever came after it
    expect(lines('refused')).toHaveLength(2)
    await edge.stop()
    const told = lines('refused').map(({ times = 1 }) => times as number)
    expect(told).toHaveLength(4)
    expect(told.reduce((sum, times) => sum + times, 0)).toBe(300)
  })

  it('of what is too large closes it with the code that says so, and nothing of it is told to central', async () => {
    const edge = await fixture.startEdge({ maxFrameBytes: 100_000 })
    const id = fixture.newId()
    const charger = await fixture.connect(`${edge.url}/${id}`)
    charger.send(JSON.stringify([2, '1', 'DataTransfer', { vendorId: 'x', data: 'y'.repeat(200_000) }]))
    expect(await charger.closed).toMatchObject({ code: 1009 })
    const pieces = await fixture.connect(`${edge.url}/${id}`)
    // a message in many pieces that has no end
    for (let i = 0; i < 1_000 && pieces.socket.readyState === pieces.socket.OPEN; i += 1) {
      pieces.socket.send('z'.repeat(1_000), { fin: false })
      if (i % 50 === 0) await wait(1)
    }
    expect(await pieces.closed).toMatchObject({ code: 1009 })
    const headers = await raw(edge.port)
    const said = ended(headers)
    headers.write(`GET /ocpp/${id} HTTP/1.1\r\nHost: x\r\n${'X-Filler: abcdefghij\r\n'.repeat(10_000)}`)
    expect(await said).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect((await refusedUpgrade(`${edge.url}/${'A'.repeat(5_000)}`)).status).toBe(400)
    expect(new Set(fixture.central.factsOf(id).map(({ type }) => type))).toEqual(new Set(['Connect', 'Disconnect']))
  })

  /** A charger that has so much of this to say, and the edge that it says it to. */
  const flooded = async (firstByte: number) => {
    const edge = await fixture.startEdge({ framesPerSecond: 50, framesBurst: 100 })
    const socket = await raw(edge.port)
    let answers = ''
    socket.on('data', (data: Buffer) => (answers += data.toString('latin1')))
    socket.write(upgrade(fixture.newId()))
    await until('it is connected', () => answers.includes('\r\n\r\n'))
    // masked frames without a payload
    socket.write(Buffer.alloc(floodBytes, Buffer.from([firstByte, 0x80, 1, 2, 3, 4])))
    return { edge, socket }
  }

  it.each([
    ['pongs', 0x8a],
    ['empty messages', 0x81],
  ])('of %s is not read but at the rate of frames', async (_what, firstByte) => {
    const { edge, socket } = await flooded(firstByte)
    await wait(4_000)
    expect(await honest(edge.url)).toBeLessThan(2_000)
    // the most of it waits where it was sent
    expect(lines('a charger sends faster than its rate: its socket is read more slowly')).toHaveLength(1)
    expect(socket.destroyed).toBe(false)
    expect(socket.writableLength).toBe(floodBytes)
    socket.destroy()
  })

  it.each([
    ['what is no frame', 'x'],
    ['calls of an unknown action', JSON.stringify([2, 'm', 'Nonsense', {}])],
    ['answers that nobody waits for', JSON.stringify([3, 'm', {}])],
  ])('of %s is read at a fifth of that rate', async (_what, text) => {
    const edge = await fixture.startEdge({ framesPerSecond: 50, framesBurst: 100 })
    const charger = await fixture.connect(`${edge.url}/${fixture.newId()}`)
    for (let i = 0; i < 2_000; i += 1) charger.send(text)
    // behind them, what can be used: it has to wait for 2,000 frames at 10 a second, less the burst
    let heard = false
    void charger.call('Heartbeat', {}).then(
      () => (heard = true),
      () => {},
    )
    await wait(3_000)
    expect(heard).toBe(false)
    expect(await honest(edge.url)).toBeLessThan(2_000)
    expect(lines('a charger sends faster than its rate: its socket is read more slowly')).toHaveLength(1)
    charger.socket.terminate()
  })

  it('of one message in more pieces than can be kept closes it with the code that says so', async () => {
    const edge = await fixture.startEdge()
    const socket = await raw(edge.port)
    const said = ended(socket)
    const id = fixture.newId()
    socket.write(upgrade(id))
    await until('it is connected', () => fixture.central.factsOf(id).some(({ type }) => type === 'Connect'))
    await wait(100)
    // a text that begins, and goes on for ever: masked, a byte each
    const piece = Buffer.from([0x00, 0x81, 0, 0, 0, 0, 0x5b])
    socket.write(Buffer.concat([Buffer.from([0x01, 0x81, 0, 0, 0, 0, 0x5b]), ...Array<Buffer>(20_000).fill(piece)]))
    await said
    await until('that is told', () => fixture.central.factsOf(id).some(({ type }) => type === 'Disconnect'))
    expect(fixture.central.factsOf(id).find(({ type }) => type === 'Disconnect')).toMatchObject({ code: 1008 })
  })

  it('of pings that nobody can answer as fast ends the socket, in one line', async () => {
    const { edge, socket } = await flooded(0x89)
    await until('it is cut', () => socket.destroyed)
    await until('that is told', () => lines('disconnected').length === 1)
    expect(await honest(edge.url)).toBeLessThan(2_000)
  })

  it('of connects of one charger, or of two boxes with its identity, is recorded at its rate; all others come in', async () => {
    // so few upgrades that the flood would take every turn, if one that is refused took one
    const edge = await fixture.startEdge({
      connectsBurst: 10,
      connectsPerMinute: 60,
      upgradesPerSecond: 10,
      upgradesBurst: 20,
    })
    const id = fixture.newId()
    const began = performance.now()
    const statuses = new Map<string, number>()
    const box = async () => {
      while (performance.now() - began < 3_000) {
        const socket = await raw(edge.port)
        const said = ended(socket)
        socket.write(upgrade(id))
        // one that is let in takes over from the other box, and goes at once
        const head = await new Promise<string>((resolve) =>
          socket.once('data', (data: Buffer) => resolve(String(data))),
        )
        socket.destroy()
        await said
        const status = head.slice(9, 12)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status === '429') expect(head).toMatch(/Retry-After: \d+/)
      }
    }
    await Promise.all([box(), box()])
    const connects = fixture.central.factsOf(id).filter(({ type }) => type === 'Connect').length
    // the two may be asked about at the same moment
    expect(connects).toBeLessThanOrEqual(10 + 3 + 2)
    expect(connects).toBeGreaterThanOrEqual(10)
    expect(statuses.get('429')).toBeGreaterThan(20)
    expect(lines('refused').filter(({ status }) => status === 429)).toHaveLength(1)
    expect(await honest(edge.url)).toBeLessThan(2_000)
  })

  it('of ten thousand connects is refused but for what the rate allows, in a line a minute, and is over at its end', async () => {
    const edge = await fixture.startEdge({ upgradesPerSecond: 20, upgradesBurst: 50 })
    const statuses = new Map<string, number>()
    const attempt = async (i: number) => {
      const socket = await raw(edge.port)
      const status = await new Promise<string>((resolve) => {
        socket.once('data', (data: Buffer) => resolve(data.toString('latin1', 9, 12)))
        socket.once('close', () => resolve('none'))
        socket.write(upgrade(`FLOOD-${i}`))
      })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      socket.destroy()
    }
    const began = performance.now()
    let next = 0
    const attackers = Array.from({ length: 200 }, async () => {
      while (next < 10_000) await attempt((next += 1))
    })
    await Promise.all(attackers)
    const seconds = (performance.now() - began) / 1_000
    expect([...statuses.keys()].sort()).toEqual(['101', '503'])
    expect(statuses.get('101')).toBeLessThanOrEqual(50 + 20 * seconds + 1)
    expect(fixture.central.asks.filter(({ chargerId }) => chargerId.startsWith('FLOOD')).length).toBeLessThan(
      2 * (statuses.get('101') ?? 0) + 10,
    )
    expect(lines('refused')).toHaveLength(1)
    await wait(100)
    expect(await honest(edge.url)).toBeLessThan(2_000)
  }, 60_000)
})
