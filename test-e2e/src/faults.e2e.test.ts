import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { SessionHistory, SessionPage } from '@voltrail/contracts/rest/sessions'
import { verifyChain } from '@voltrail/domain/hash-chain'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { openCharger, timestamp } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { openStubbornCharger } from './fixtures/stubborn.ts'

type Sessions = z.infer<typeof SessionPage>
type History = z.infer<typeof SessionHistory>

describe('a session while parts of the product die', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const kill = (...names: string[]) => names.forEach((name) => product.processes.get(name)!.kill('SIGKILL'))
  const allReady = () => Promise.all([...product.processes.values()].map((one) => one.ready()))

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: folder, centrals: 2, edges: 2 })
    rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/id-tokens', { token: 'FA17', type: 'ISO14443', status: 'Accepted' })
  }, 180_000)
  afterAll(async () => {
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it.each([
    ['both centrals', ['central', 'central-2']],
    ['the edge', ['edge', 'edge-2']],
    ['the event store', ['event-store']],
    ['NATS', ['nats']],
    ['billing, timers and the projectors', ['billing', 'timers', 'projector-reporting', 'projector-load']],
  ])(
    'ends right, once, when %s is killed between its messages',
    async (_, victims) => {
      const id = `CP-${victims[0]}`
      const cp = openStubbornCharger(product.ocppUrls, { id })
      await cp.tell('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
      kill(...victims)
      const start = { connectorId: 1, idTag: 'FA17', meterStart: 1000, timestamp: timestamp(60) }
      const { transactionId } = await cp.tell<{ transactionId: number }>('StartTransaction', start)
      kill(...victims)
      const meter = { timestamp: timestamp(30), sampledValue: [{ value: '5000' }] }
      await cp.tell('MeterValues', { connectorId: 1, transactionId, meterValue: [meter] })
      kill(...victims)
      await cp.tell('StopTransaction', { transactionId, idTag: 'FA17', meterStop: 9000, timestamp: timestamp(1) })
      await cp.close()
      await allReady()

      const { items } = await rest.eventually<Sessions>(
        `/v1/sessions?chargerId=${id}`,
        (answer) => answer.items.length > 0 && answer.items.every((one) => one.billing === 'final'),
        30_000,
      )
      expect(items).toMatchObject([
        { transactionId: String(transactionId), energyWh: 8000, energySource: 'meter-stop' },
      ])
      const history = await rest.get<History>(`/v1/sessions/${items[0]!.sessionId}/history`)
      const types = history.items.map((one) => one.type)
      for (const type of [
        'TransactionOpened',
        'SessionStarted',
        'SessionEnergyMetered',
        'SessionStopped',
        'TransactionClosed',
        'SessionRated',
      ])
        expect([type, types.filter((one) => one === type).length]).toEqual([type, 1])
    },
    180_000,
  )

  it('reaches the newer of two sockets of one charger, from the first command on', async () => {
    const older = openCharger(product.ocppUrls[0]!, { id: 'CP-twice' })
    await older.connect()
    await older.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    expect(await rest.send('POST', '/v1/chargers/CP-twice/commands/ClearCache', {})).toMatchObject({
      outcome: 'result',
    })
    expect(older.calls).toHaveLength(1)

    const newer = openCharger(product.ocppUrls[1]!, { id: 'CP-twice' })
    await newer.connect()
    await newer.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    for (let i = 1; i <= 5; i++) {
      expect(await rest.send('POST', '/v1/chargers/CP-twice/commands/ClearCache', {})).toMatchObject({
        outcome: 'result',
      })
      expect(newer.calls).toHaveLength(i)
    }
    expect(older.calls).toHaveLength(1)
    await Promise.all([older.close().catch(() => {}), newer.close()])
  })

  it('leaves a log in which every chain verifies', async () => {
    const log = connectEventLog({ connectionString: product.eventStoreUrl, readOnly: true })
    const { items } = await rest.get<Sessions>('/v1/sessions')
    expect(items.length).toBeGreaterThanOrEqual(5)
    for (const { sessionId, chargerId } of items)
      for (const stream of [
        `session-default.${sessionId}`,
        `billing-default.${sessionId}`,
        `charger-default.${chargerId}`,
      ]) {
        const stored = []
        for await (const event of log.readStored(stream)) stored.push(event)
        expect(stored.length).toBeGreaterThan(0)
        expect(JSON.stringify(stored)).not.toContain('FA17')
        expect([stream, verifyChain(stored)]).toMatchObject([stream, { ok: true }])
      }
    await log.close()
  })
})
