import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { TEST_CERT, TEST_KEY } from '@voltrail/event-store-dev/test-certificate'
import { openEdgeFixture, testPepper, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'

let fixture: EdgeFixture
beforeAll(async () => {
  fixture = await openEdgeFixture()
})
afterAll(() => fixture.stop())

const endOf = (id: string) => fixture.central.factsOf(id).find((fact) => fact.type === 'Disconnect')

describe('a quiet socket', () => {
  it('is pinged, stays while it answers, and is given up after three silent intervals', async () => {
    fixture.central.state.heartbeatSeconds = 1
    const { url } = await fixture.startEdge({ pingMs: 100 })
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`)
    let pings = 0
    charger.socket.on('ping', () => (pings += 1))
    await until('it was pinged often', () => pings >= 5)
    expect(charger.socket.readyState).toBe(charger.socket.OPEN)
    charger.socket.pause()
    const begun = Date.now()
    await until('it is given up', () => endOf(id) !== undefined)
    expect(Date.now() - begun).toBeLessThan(2_500)
    expect(endOf(id)).toEqual({ type: 'Disconnect', code: 1006, reason: 'silent for too long' })
    charger.socket.terminate()
  })

  it('that never answers pings stays as long as it sends its heartbeats', async () => {
    fixture.central.state.heartbeatSeconds = 1
    const { url } = await fixture.startEdge({ pingMs: 50 })
    const id = fixture.newId()
    const charger = await fixture.connect(`${url}/${id}`, { autoPong: false })
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(await charger.call('Heartbeat', {})).toMatchObject([3, `id${i + 1}`, {}])
    }
    await until('its silence is too long', () => endOf(id) !== undefined)
  })
})

describe('a listener with a certificate', () => {
  it('speaks wss and says so to central', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voltrail-edge-tls-'))
    const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
    writeFileSync(cert, TEST_CERT)
    writeFileSync(key, TEST_KEY)
    const edge = await fixture.startEdge({}, { TLS_CERT_PATH: cert, TLS_KEY_PATH: key })
    const id = fixture.newId()
    const charger = await fixture.connect(`wss://127.0.0.1:${edge.port}/ocpp/${id}`, { rejectUnauthorized: false })
    expect(await charger.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
    expect(fixture.central.factsOf(id)[0]).toMatchObject({ type: 'Connect', tls: true })
    await charger.close()

    const odd = fixture.newId()
    const socket = connectTls({ port: edge.port, host: '127.0.0.1', rejectUnauthorized: false })
    let answer = ''
    socket.on('data', (data) => (answer += data.toString('latin1')))
    socket.write(
      `GET /ocpp/${odd} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        'Sec-WebSocket-Protocol: ocpp1.6\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await until('a handshake without Connection: Upgrade is taken here too', () => answer.startsWith('HTTP/1.1 101 '))
    expect(fixture.central.factsOf(odd)[0]).toMatchObject({ type: 'Connect', tls: true })
    socket.destroy()
    rmSync(folder, { recursive: true })
  })
})

describe('the process', () => {
  const run = (env: Record<string, string>) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'main.ts')], {
      env: { PATH: process.env['PATH'], NATS_URL: fixture.nats.url, PEPPER: testPepper, POD_NAME: 'edge-p', ...env },
    })
    const text = { out: '', err: '' }
    child.stdout.on('data', (data: Buffer) => (text.out += data.toString()))
    child.stderr.on('data', (data: Buffer) => (text.err += data.toString()))
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    const port = (): string | undefined => /"port":(\d+)/.exec(text.out)?.[1]
    return { child, text, ended, port }
  }

  it('serves until SIGTERM, then closes its sockets with 1001 and ends with 0', async () => {
    const { child, text, ended, port } = run({ OCPP_PORT: '0' })
    await until('it takes chargers', () => text.out.includes('taking chargers'))
    const charger = await fixture.connect(`ws://127.0.0.1:${port()}/ocpp/${fixture.newId()}`)
    expect(await charger.call('Authorize', { idTag: 'A' })).toMatchObject([3, 'id1', {}])
    // what the log says of a charger is never its id tag
    expect(text.out).not.toContain('idTag')

    const second = run({ OCPP_PORT: port() ?? '' })
    expect(await second.ended).toBe(1)
    expect(second.text.err).toMatch(
      /^edge cannot start: the OCPP listener needs [^\n]*, which another process uses[^\n]*\n$/,
    )

    child.kill('SIGTERM')
    expect((await charger.closed).code).toBe(1001)
    expect(await ended).toBe(0)
  })
})
