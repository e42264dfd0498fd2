import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { ReviewDetail, ReviewPage, SettledReview } from '@voltrail/contracts/rest/reviews'
import type { SessionDetail, SessionPage } from '@voltrail/contracts/rest/sessions'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, timestamp, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

type Sessions = z.infer<typeof SessionPage>
type Reviews = z.infer<typeof ReviewPage>
type Settled = z.infer<typeof SettledReview>
interface Started {
  transactionId: number
}

/** 0.40 per kWh and 3.00 per hour, both net, VAT 20 %. */
const tariff = {
  id: 'by-hand',
  name: 'Worked out by hand',
  currency: 'EUR',
  elements: [
    {
      price_components: [
        { type: 'ENERGY', price: '0.40', vat: '20', step_size: 1 },
        { type: 'TIME', price: '3.00', vat: '20', step_size: 60 },
      ],
    },
  ],
}

describe('the review list', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const chargers: Charger[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-e2e-'))
    product = await startProduct({ dataDir: folder, apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/tariffs', tariff)
    const validFrom = timestamp(24 * 60)
    for (const chargerId of ['LOST', 'FIXED', 'FINE'])
      await rest.send('POST', '/v1/tariffs/by-hand/assignments', { scope: { kind: 'charger', chargerId }, validFrom })
    await rest.send('POST', '/v1/id-tokens', { token: '04A1B2C3', type: 'ISO14443', status: 'Accepted' })
  }, 180_000)
  afterAll(async () => {
    await Promise.all(chargers.map((one) => one.close().catch(() => {})))
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  /** Two sessions of one tag, and a stop that could end either. */
  const ambiguous = async (id: string) => {
    const charger = openCharger(product.ocppUrl, { id })
    chargers.push(charger)
    await charger.connect()
    await charger.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    const transactions: string[] = []
    for (const connectorId of [1, 2]) {
      const { transactionId } = await charger.call<Started>('StartTransaction', {
        connectorId,
        idTag: '04A1B2C3',
        meterStart: 1000,
        timestamp: timestamp(61),
      })
      transactions.push(String(transactionId))
    }
    await charger.call('StopTransaction', {
      transactionId: -1,
      idTag: '04A1B2C3',
      meterStop: 11_000,
      timestamp: timestamp(1),
    })
    const { items } = await rest.eventually<Reviews>(
      `/v1/reviews?state=open&chargerId=${id}`,
      (found) => found.items.length === 1,
    )
    return { charger, review: items[0]!, first: transactions[0]!, second: transactions[1]! }
  }
  const settle = (id: string, decision: object, note?: string) =>
    rest.send<Settled>('POST', `/v1/reviews/${id}/settle`, { decision, ...(note !== undefined && { note }) })
  const session = (id: string, transaction: string, holds: (found: SessionDetail) => boolean) =>
    rest.eventually<SessionDetail>(`/v1/sessions/${id}.${transaction}`, holds)

  it('shows a stop that nobody could attribute; attributed, it ends the session and the bill is there', async () => {
    const { review, first, second } = await ambiguous('LOST')
    expect(review).toMatchObject({ kind: 'ambiguous', kinds: ['ambiguous'], sessionId: null, settledBy: null })
    expect(review.detail).toContain(first)
    const detail = await rest.get<ReviewDetail>(`/v1/reviews/${review.id}`)
    expect(detail).toMatchObject({ type: 'FrameParked', frame: { sealed: true } })
    expect(JSON.stringify(detail.frame)).toContain('04A1B2C3')
    expect(JSON.stringify(detail.data)).not.toContain('04A1B2C3')

    const decision = { kind: 'attribute', transactionId: first }
    const settled = await settle(review.id, decision, 'seen on the meter')
    expect(settled).toMatchObject({ id: review.id, decision: 'attributed', transactionId: first, changed: true })
    // 10 kWh * 0.40 = 4.00; 60 min = 3.00: net 7.00, VAT 1.40
    expect(await session('LOST', first, ({ billing }) => billing === 'final')).toMatchObject({
      state: 'stopped',
      energyWh: 10_000,
      netMinor: 700,
      costMinor: 840,
    })
    const after = await rest.eventually<ReviewDetail>(`/v1/reviews/${review.id}`, ({ state }) => state === 'settled')
    expect(after).toMatchObject({
      decision: 'attributed',
      sessionId: `LOST.${first}`,
      settledBy: { kind: 'operator' },
      note: 'seen on the meter',
    })
    const open = (await rest.get<Sessions>('/v1/sessions?chargerId=LOST&state=active')).items
    expect(open.map(({ transactionId }) => transactionId)).toEqual([second])

    expect(await settle(review.id, decision)).toMatchObject({ changed: false })
    await expect(settle(review.id, { kind: 'dismiss' })).rejects.toThrow(': 409 ')
  })

  it('credits and rates anew a session that a review corrects', async () => {
    const { charger, review, first } = await ambiguous('FIXED')
    await charger.call('StopTransaction', { transactionId: Number(first), meterStop: 11_000, timestamp: timestamp(1) })
    await session('FIXED', first, ({ billing }) => billing === 'final')
    await settle(review.id, { kind: 'correct', transactionId: first, energyWh: 5000, startedAt: timestamp(31) })
    // 5 kWh * 0.40 = 2.00; 30 min = 1.50: net 3.50, VAT 0.70
    const found = await session('FIXED', first, ({ costMinor }) => costMinor === 420)
    expect(found).toMatchObject({ energyWh: 5000, energySource: 'review', corrections: 1, startedAt: timestamp(31) })
    expect(found.billingEntries.map(({ kind, costMinor }) => [kind, costMinor])).toEqual([
      ['rated', 840],
      ['credited', 840],
      ['rated', 420],
    ])
    expect(found.bill).toMatchObject({ chargedFrom: timestamp(31), chargedTo: timestamp(1), netMinor: 350 })
  })

  it('changes nothing when it is dismissed', async () => {
    const { review } = await ambiguous('FINE')
    expect(await settle(review.id, { kind: 'dismiss' })).toMatchObject({ decision: 'dismissed', transactionId: null })
    await rest.eventually<Reviews>('/v1/reviews?state=open&chargerId=FINE', ({ items }) => items.length === 0)
    expect((await rest.get<Sessions>('/v1/sessions?chargerId=FINE&state=active')).items).toHaveLength(2)
  })

  it('says what is wrong with a decision', async () => {
    const [review] = (await rest.get<Reviews>('/v1/reviews?chargerId=FINE')).items
    const dismiss = { kind: 'dismiss' }
    await expect(settle('charger-default.FINE@0', dismiss)).rejects.toThrow(': 404 ')
    await expect(settle('charger-other.FINE@0', dismiss)).rejects.toThrow(': 404 ')
    await expect(rest.get('/v1/reviews/nonsense')).rejects.toThrow(': 404 ')
    await expect(rest.get('/v1/reviews?kind=sad')).rejects.toThrow(': 400 ')
    await expect(settle(review!.id, { kind: 'correct', transactionId: '1' })).rejects.toThrow(': 400 ')
    const { review: open } = await ambiguous('WRONG')
    await expect(settle(open.id, { kind: 'attribute', transactionId: '999' })).rejects.toThrow(': 422 ')
  })
})
