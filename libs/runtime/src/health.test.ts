import { createServer } from 'node:net'
import { startHealthServer } from './health.ts'
import type { HealthCheck, HealthServer } from './health.ts'
import { listen } from './listen.ts'
import { createMetrics } from './metrics.ts'
import { StartError } from './start-error.ts'

describe('the health server', () => {
  const open: HealthServer[] = []
  afterEach(() => Promise.all(open.splice(0).map((server) => server.stop())))

  async function started(checks: Record<string, HealthCheck> = {}) {
    const server = await startHealthServer({ host: '127.0.0.1', port: 0, registry: createMetrics('edge'), checks })
    open.push(server)
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
      return { status: response.status, body: await response.text() }
    }
    const ready = async () => {
      const { status, body } = await get('/readyz')
      return { status, ...(JSON.parse(body) as { failing: Record<string, string> }) }
    }
    return { server, get, ready }
  }

  it('says that the process lives, ready or not', async () => {
    const { get } = await started({ log: () => 'is away' })
    expect((await get('/healthz')).status).toBe(200)
  })

  it('is ready only once told so', async () => {
    const { server, ready } = await started()
    expect(await ready()).toEqual({ status: 503, ready: false, failing: { process: 'is starting or stopping' } })
    server.setReady()
    expect(await ready()).toEqual({ status: 200, ready: true, failing: {} })
    server.setReady(false)
    expect((await ready()).status).toBe(503)
  })

  it('names each check that does not pass, and why', async () => {
    const { server, ready } = await started({
      bus: () => undefined,
      log: () => 'is 3 s behind',
      postgres: () => {
        throw new Error('connection refused')
      },
      keys: () => Promise.reject(new Error('no answer')),
    })
    server.setReady()
    expect(await ready()).toEqual({
      status: 503,
      ready: false,
      failing: { log: 'is 3 s behind', postgres: 'connection refused', keys: 'no answer' },
    })
  })

  it('does not wait for a check that hangs', async () => {
    const { server, ready } = await started({ stuck: () => new Promise(() => undefined) })
    server.setReady()
    expect((await ready()).failing).toEqual({ stuck: 'gave no answer within 2000 ms' })
  })

  it('serves the metrics', async () => {
    const { get } = await started()
    expect((await get('/metrics?x=1')).body).toContain('process_cpu_seconds_total{service="edge"}')
  })

  it('answers 404 elsewhere', async () => {
    const { get } = await started()
    expect((await get('/')).status).toBe(404)
  })

  it('ends although a client keeps its connection', async () => {
    const { server, get } = await started()
    await get('/healthz')
    await server.stop()
    await expect(get('/healthz')).rejects.toThrow()
  })

  it('says that its port is taken and what to do', async () => {
    const { server } = await started()
    const second = listen(createServer(), { host: '127.0.0.1', port: server.port }, 'the OCPP listener')
    await expect(second).rejects.toThrow(`the OCPP listener needs 127.0.0.1:${server.port}, which another process uses`)
    await expect(second).rejects.toBeInstanceOf(StartError)
  })

  it('says that an address is not of this machine', async () => {
    await expect(listen(createServer(), { host: '192.0.2.1', port: 0 }, 'the API')).rejects.toThrow(
      'the API cannot listen on 192.0.2.1:0: this machine has no such address',
    )
  })
})
