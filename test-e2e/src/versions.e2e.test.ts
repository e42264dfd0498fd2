import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { QuirkList } from '@voltrail/contracts/rest/quirks'
import type { ReviewPage } from '@voltrail/contracts/rest/reviews'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openRawCharger, refusedUpgrade } from './fixtures/raw-charger.ts'
import { until } from './fixtures/until.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

let folder: string
let product: Product
let rest: Rest
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
  product = await startProduct({ dataDir: folder })
  rest = openRest(product.apiUrl, product.operatorKey)
}, 120_000)
afterAll(async () => {
  await product.stop()
  await rm(folder, { recursive: true, force: true })
})

const fired = async (rule: string, charger: string): Promise<boolean> => {
  const holds = ({ items }: z.infer<typeof QuirkList>): boolean =>
    items.some(({ id, chargers }) => id === rule && chargers.some(({ chargerId }) => chargerId === charger))
  return holds(await rest.eventually<z.infer<typeof QuirkList>>('/v1/quirks', holds))
}

describe('the version that is spoken with a charger', () => {
  it('is the one that its operator has set, when it names none or another', async () => {
    const url = `${product.ocppUrl}/VERSION-1`
    for (const protocols of [[], ['ocpp2.0.1']])
      expect(await refusedUpgrade(url, { protocols })).toMatchObject({
        status: 400,
        body: expect.stringContaining('this server speaks: ocpp1.6'),
      })
    await rest.send('PUT', '/v1/chargers/VERSION-1', {})
    await rest.send('PUT', '/v1/chargers/VERSION-1/settings', { subprotocol: 'ocpp1.6' })
    for (const [protocols, echoed] of [
      [[], ''],
      [['ocpp2.0.1'], 'ocpp2.0.1'],
    ] as const) {
      const charger = await openRawCharger(url, { protocols: [...protocols] })
      expect(charger.protocol).toBe(echoed)
      const answer = await charger.call('BootNotification', {
        chargePointVendor: 'FoxESS',
        chargePointModel: 'A011KP1',
      })
      expect(answer).toMatchObject([3, expect.any(String), { status: 'Accepted' }])
      await charger.close()
    }
    expect(await fired('Q4-no-subprotocol', 'VERSION-1')).toBe(true)
  })

  it('is what its tenant has set for those that name none, which no charger hears', async () => {
    const set = (defaultSubprotocol: string) => rest.send('PATCH', '/v1/settings', { defaultSubprotocol })
    const refused = () => refusedUpgrade(`${product.ocppUrl}/VERSION-3`, { protocols: [] }).then(({ status }) => status)
    expect(await refused()).toBe(400)
    await set('ocpp1.6')
    const url = (charger: number) => `${product.ocppUrl}/VERSION-3-${charger}`
    let tries = 0
    await until('central has heard of the setting', async () => {
      const charger = await openRawCharger(url(++tries), { protocols: [] }).catch(() => undefined)
      if (charger === undefined) return false
      expect(charger.protocol).toBe('')
      expect(await charger.call('Heartbeat', {})).toMatchObject([
        3,
        expect.any(String),
        { currentTime: expect.any(String) },
      ])
      await charger.close()
      return true
    })
    expect(await refusedUpgrade(url(0), { protocols: ['ocpp2.0.1'] })).toMatchObject({ status: 400 })
    await set('none')
    await until('they are refused again', async () => (await refused().catch(() => 101)) === 400)
  })

  it('is another than it writes: its energy waits for review, verbatim, and its quirk is counted', async () => {
    const charger = await openRawCharger(`${product.ocppUrl}/VERSION-2`)
    const answer = await charger.call('TransactionEvent', {
      eventType: 'Started',
      timestamp: '2026-01-31T12:00:00Z',
      triggerReason: 'Authorized',
      seqNo: 0,
      transactionInfo: { transactionId: '3c7e0d1a-8a8e-4c55-9b0e-6a1e0f6f8d01' },
      evse: { id: 1, connectorId: 1 },
      idToken: { idToken: '04A2B3C4', type: 'ISO14443' },
    })
    expect(answer).toEqual([3, expect.any(String), {}])
    expect(await charger.call('Heartbeat', {})).toMatchObject([3, expect.any(String), {}])
    const holds = ({ items }: z.infer<typeof ReviewPage>): boolean =>
      items.some(({ chargerId }) => chargerId === 'VERSION-2')
    const { items } = await rest.eventually<z.infer<typeof ReviewPage>>('/v1/reviews', holds)
    expect(items.find(({ chargerId }) => chargerId === 'VERSION-2')).toMatchObject({
      kind: 'malformed',
      detail: expect.stringContaining('TransactionEvent is a message of OCPP 2.x'),
    })
    expect(await fired('Q5-other-version-spoken', 'VERSION-2')).toBe(true)
    await charger.close()
  })
})
