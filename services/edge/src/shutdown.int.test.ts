import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { StartError, startErrorLine } from '@voltrail/runtime/start-error'
import { openEdgeFixture, until } from './fixtures/edge-fixture.ts'
import type { EdgeFixture } from './fixtures/edge-fixture.ts'
import { refusedUpgrade } from './fixtures/raw-charger.ts'

let fixture: EdgeFixture
beforeAll(async () => {
  fixture = await openEdgeFixture()
})
afterAll(() => fixture.stop())
beforeEach(() => {
  fixture.central.state.treat = () => undefined
})

describe('an edge that stops', () => {
  it('finishes the call in flight, begins no other, closes all sockets with 1001 and tells central', async () => {
    const edge = await fixture.startEdge({ drainWave: 2, drainWaveMs: 10 })
    const ids = Array.from({ length: 5 }, () => fixture.newId())
    const chargers = await Promise.all(ids.map((id) => fixture.connect(`${edge.url}/${id}`)))
    const [busy] = chargers
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    fixture.central.state.treat = async ({ fact }) => {
      if (fact.type === 'Authorize') await held
      return undefined
    }
    busy?.sendFrame([2, '1', 'Authorize', { idTag: 'A' }])
    busy?.sendFrame([2, '2', 'Authorize', { idTag: 'B' }])
    await until('central was asked', () => fixture.central.asks.at(-1)?.fact.type === 'Authorize')
    const stopped = edge.stop()
    await expect(refusedUpgrade(`${edge.url}/CPX`)).rejects.toThrow('ECONNREFUSED')
    expect(busy?.socket.readyState).toBe(busy?.socket.OPEN)
    release()
    expect(await busy?.next()).toMatchObject([3, '1', {}])
    const ends = await Promise.all(chargers.map(({ closed }) => closed))
    expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([1001]))
    await stopped
    expect(busy?.received).toEqual([])
    for (const id of ids) {
      expect(fixture.central.factsOf(id).at(-1)).toMatchObject({ type: 'Disconnect', code: 1001 })
    }
  })

  it('does not wait for ever for a log that is away', async () => {
    const edge = await fixture.startEdge({ drainMs: 300, retryMs: 10 })
    const charger = await fixture.connect(`${edge.url}/${fixture.newId()}`)
    fixture.central.state.treat = () => ({ outcome: 'unavailable', reason: 'the log is away' })
    charger.sendFrame([2, '1', 'Authorize', { idTag: 'A' }])
    await until('central was asked', () => fixture.central.asks.at(-1)?.fact.type === 'Authorize')
    const begun = Date.now()
    await edge.stop()
    expect(Date.now() - begun).toBeLessThan(3_000)
    expect((await charger.closed).code).toBe(1001)
    expect(charger.received).toEqual([])
  })
})

describe('an edge that cannot start', () => {
  const failure = async (starting: Promise<unknown>): Promise<string> => {
    const error: unknown = await starting.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (!(error instanceof StartError)) throw new Error(`no StartError: ${String(error)}`)
    return startErrorLine('edge', error)
  }

  it('because its port is taken says so in one line', async () => {
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
    const { port } = squatter.address() as AddressInfo
    const line = await failure(fixture.startEdge({}, { OCPP_PORT: String(port) }))
    expect(line).toContain(`the OCPP listener needs 127.0.0.1:${port}, which another process uses`)
    expect(line).not.toContain('\n')
    await new Promise((resolve) => squatter.close(resolve))
  })

  it('because NATS is away says so in one line', async () => {
    const line = await failure(fixture.startEdge({}, { NATS_URL: 'nats://127.0.0.1:1' }))
    expect(line).toMatch(/^edge cannot start: .*NATS_URL/)
  })

  it('because its settings are wrong names each variable', async () => {
    const line = await failure(
      fixture.startEdge({}, { PEPPER: 'short', TENANTS: 'Not A Tenant', DEFAULT_SUBPROTOCOL: 'ocpp9' }),
    )
    expect(line).toMatch(/PEPPER.*TENANTS.*DEFAULT_SUBPROTOCOL/)
    expect(await failure(fixture.startEdge({}, { TLS_CERT_PATH: '/nowhere/tls.crt' }))).toContain('only one of')
    const both = { TLS_CERT_PATH: '/nowhere/tls.crt', TLS_KEY_PATH: '/nowhere/tls.key' }
    expect(await failure(fixture.startEdge({}, both))).toContain('a TLS file cannot be read')
  })
})
