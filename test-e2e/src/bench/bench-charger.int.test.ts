import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { BenchCharger } from './bench-charger.ts'
import { Latencies } from './latencies.ts'

const idTagInfo = { status: 'Accepted' }
const right: Readonly<Record<string, object>> = {
  BootNotification: { status: 'Accepted' },
  Heartbeat: { currentTime: '2026-01-01T00:00:00Z' },
  Authorize: { idTagInfo },
  StartTransaction: { idTagInfo, transactionId: 1 },
  StopTransaction: { idTagInfo },
}
type Answer = (id: string, action: string) => unknown
const rightly: Answer = (id, action) => [3, id, right[action] ?? {}]

describe('a charger of the benchmark', () => {
  let server: WebSocketServer
  let answer: Answer
  let charger: BenchCharger

  beforeEach(async () => {
    answer = rightly
    server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'ocpp1.6' })
    server.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => {
        const [, id, action] = JSON.parse(data.toString('utf8')) as [number, string, string]
        const answered = answer(id, action)
        socket.send(typeof answered === 'string' ? answered : JSON.stringify(answered))
      }),
    )
    await once(server, 'listening')
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ocpp`
    charger = new BenchCharger({ url, id: 'CP-1', latencies: new Latencies() })
    await charger.connect()
  })
  afterEach(async () => {
    charger.close()
    await new Promise((resolve) => server.close(resolve))
  })

  it('takes a whole session that is answered rightly', async () => {
    await charger.boot()
    await charger.heartbeat()
    await expect(charger.session('TAG', () => true)).resolves.toBeUndefined()
  })

  it.each([
    ['Authorize', { idTagInfo: { status: 'Blocked' } }],
    ['StartTransaction', { idTagInfo, transactionId: 0 }],
    ['StartTransaction', { idTagInfo: { status: 'Invalid' }, transactionId: 1 }],
    ['StatusNotification', { status: 'Accepted' }],
    ['MeterValues', { idTagInfo }],
    ['StopTransaction', {}],
  ])('throws when %s is answered %j', async (wrong, payload) => {
    answer = (id, action) => (action === wrong ? [3, id, payload] : rightly(id, action))
    await expect(charger.session('TAG', () => true)).rejects.toThrow(`CP-1: ${wrong} was answered`)
  })

  it('throws when a boot is not accepted', async () => {
    answer = (id) => [3, id, { status: 'Pending' }]
    await expect(charger.boot()).rejects.toThrow('BootNotification was answered')
  })

  it('throws when it is answered with an error', async () => {
    answer = (id) => [4, id, 'InternalError', '', {}]
    await expect(charger.heartbeat()).rejects.toThrow('Heartbeat was answered [4,')
  })

  it('throws when it is answered what it did not ask', async () => {
    answer = () => [3, 'another', {}]
    await expect(charger.heartbeat()).rejects.toThrow('an answer to another that was not asked')
    await expect(charger.heartbeat()).rejects.toThrow('an answer to another that was not asked')
  })

  it.each(['nonsense', '{}', '[3,"id"]'])('throws when it is sent %s', async (text) => {
    answer = () => text
    await expect(charger.heartbeat()).rejects.toThrow('no OCPP frame')
  })

  it('throws when the connection ends before the answer', async () => {
    answer = () => {
      for (const socket of server.clients) socket.terminate()
      return []
    }
    await expect(charger.heartbeat()).rejects.toThrow('the connection was closed')
  })
})
