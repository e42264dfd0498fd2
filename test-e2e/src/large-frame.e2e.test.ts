import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { SessionPage } from '@voltrail/contracts/rest/sessions'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { timestamp } from './fixtures/charger.ts'
import { openRawCharger } from './fixtures/raw-charger.ts'
import { openRest } from './fixtures/rest.ts'

type Sessions = z.infer<typeof SessionPage>

describe('a stop with 3 MiB of transactionData', () => {
  let folder: string
  let product: Product
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: folder })
  }, 180_000)
  afterAll(async () => {
    await product?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('ends its session, is billed, and stands in the log to the last byte', async () => {
    const rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/id-tokens', { token: 'LARGE', type: 'ISO14443', status: 'Accepted' })
    const charger = await openRawCharger(`${product.ocppUrl}/LARGE-1`)
    await charger.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    const started = await charger.call('StartTransaction', {
      connectorId: 1,
      idTag: 'LARGE',
      meterStart: 1000,
      timestamp: timestamp(600),
    })
    const { transactionId } = started[2] as { transactionId: number }
    const transactionData = Array.from({ length: 21_000 }, (_, i) => ({
      timestamp: timestamp(600 - i / 36),
      sampledValue: [
        { value: String(1000 + i), context: 'Sample.Periodic', measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
      ],
    }))
    const stop = { transactionId, meterStop: 22_000, timestamp: timestamp(1), transactionData }
    const frame = JSON.stringify([2, 'large', 'StopTransaction', stop])
    expect(frame.length).toBeGreaterThan(3 * 1024 * 1024)
    charger.send(frame)
    expect(await charger.next()).toEqual([3, 'large', {}])

    const { items } = await rest.eventually<Sessions>(
      '/v1/sessions?chargerId=LARGE-1',
      (answer) => answer.items[0]?.billing === 'final',
    )
    expect(items).toMatchObject([{ energyWh: 21_000 }])
    await charger.close()

    const log = connectEventLog({ connectionString: product.eventStoreUrl, readOnly: true })
    try {
      const streams = new Set((await log.readTail(1_000)).map(({ stream }) => stream))
      const sha256 = createHash('sha256').update(frame).digest('hex')
      expect(streams).toContain(`frame-default.${sha256}`)
      const parts: string[] = []
      for await (const event of log.readStored(`frame-default.${sha256}`))
        parts.push((event.data as { text: string }).text)
      expect(parts.join('')).toBe(frame)
      expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(512 * 1024)
    } finally {
      await log.close()
    }
  }, 120_000)
})
