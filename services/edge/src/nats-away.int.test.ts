import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNatsServer } from '@voltrail/nats-dev/nats-server'
import { openEdgeFixture, until } from './fixtures/edge-fixture.ts'
import type { Frame } from './fixtures/raw-charger.ts'
import { refusedUpgrade } from './fixtures/raw-charger.ts'

describe('an edge whose nats-server goes away', () => {
  it('refuses upgrades, keeps its sockets, holds facts and answers them when it is back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voltrail-edge-nats-'))
    let server = await startNatsServer({ storeDir: join(folder, 'store') })
    const { port, url } = server
    const fixture = await openEdgeFixture({ url, stop: async () => server.stop() })
    try {
      const edge = await fixture.startEdge({ retryMs: 20, maxRetryMs: 100 })
      const id = fixture.newId()
      const charger = await fixture.connect(`${edge.url}/${id}`, {
        onCall: ([, messageId]: Frame) => [3, messageId, { status: 'Accepted' }],
      })
      await server.stop()
      const ready = () => fetch(`http://127.0.0.1:${edge.healthPort}/readyz`)
      await until('the edge is not ready', async () => (await ready()).status === 503)
      expect(await refusedUpgrade(`${edge.url}/CPX`)).toMatchObject({
        status: 503,
        body: expect.stringContaining('the message bus is away'),
      })
      expect(await charger.call('Heartbeat', {})).toMatchObject([3, 'id1', {}])
      const authorized = charger.call('Authorize', { idTag: 'A' }, 'held')

      server = await startNatsServer({ storeDir: join(folder, 'store'), port })
      expect(await authorized).toMatchObject([3, 'held', {}])
      expect(fixture.central.factsOf(id).filter(({ type }) => type === 'Authorize')).toHaveLength(1)
      expect(await fixture.central.command(id, fixture.central.epochOf(id), { type: 'ClearCache' })).toMatchObject({
        result: { outcome: 'result', status: 'Accepted' },
      })
      await until('the edge is ready again', async () => (await ready()).status === 200)
      await charger.close()
    } finally {
      await fixture.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
