import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { z } from 'zod'
import type { ReviewDetail, ReviewPage, SettledReview } from '@voltrail/contracts/rest/reviews'
import type { SessionDetail, SessionPage } from '@voltrail/contracts/rest/sessions'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { serviceBundles } from '@voltrail/embedded/service-bundles'
import { services } from '@voltrail/embedded/services'
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
    const billed = [
      'LOST',
      'FIXED',
      'FINE',
      'PARKED',
      'HEARD',
      'DOUBTED',
      'HALVED',
      'AGAIN',
      'PLACED',
      'WHOLE',
      'BLIND',
      'DARK',
    ]
    for (const chargerId of billed) {
      await rest.send('PUT', `/v1/chargers/${chargerId}`, { registration: 'Accepted' })
      await rest.send('POST', '/v1/tariffs/by-hand/assignments', { scope: { kind: 'charger', chargerId }, validFrom })
    }
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

  const connected = async (id: string) => {
    const charger = openCharger(product.ocppUrl, { id })
    chargers.push(charger)
    await charger.connect()
    await charger.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    return charger
  }
  const start = (charger: Charger, more: object = {}) =>
    charger.call<Started>('StartTransaction', {
      connectorId: 1,
      idTag: '04A1B2C3',
      meterStart: 1000,
      timestamp: timestamp(61),
      ...more,
    })
  const stop = (charger: Charger, transactionId: number, meterStop: number) =>
    charger.call('StopTransaction', { transactionId, meterStop, timestamp: timestamp(1), reason: 'EVDisconnected' })
  const reviewed = async (id: string, kind: string) => {
    const { items } = await rest.eventually<Reviews>(
      `/v1/reviews?state=open&chargerId=${id}&kind=${kind}`,
      (found) => found.items.length === 1,
    )
    return items[0]!
  }
  const settledBy = (id: string) =>
    rest.eventually<ReviewDetail>(`/v1/reviews/${id}`, ({ state }) => state === 'settled')

  it('makes a session of a start that could not be read in full; it ends and is billed like any other', async () => {
    const charger = await connected('PARKED')
    const { transactionId } = await start(charger, { reservationId: {} })
    const review = await reviewed('PARKED', 'malformed')
    const detail = await rest.get<ReviewDetail>(`/v1/reviews/${review.id}`)
    expect(detail.data).toMatchObject({ meant: 'TransactionStart', transactionId: String(transactionId), evseId: 1 })
    expect(JSON.stringify(detail.frame)).toContain('04A1B2C3')
    expect(JSON.stringify(detail.data)).not.toContain('04A1B2C3')
    await settle(review.id, { kind: 'attribute', transactionId: String(transactionId) }, 'the driver was there')
    const going = await session('PARKED', String(transactionId), ({ state }) => state === 'active')
    expect(going).toMatchObject({ startedAt: timestamp(61), meterStartWh: 1000, chargingState: 'Charging' })
    expect(going.idToken.token).toBe('04A1B2C3')
    await stop(charger, transactionId, 11_000)
    // 10 kWh * 0.40 = 4.00; 60 min = 3.00: net 7.00, VAT 1.40
    expect(await session('PARKED', String(transactionId), ({ billing }) => billing === 'final')).toMatchObject({
      energyWh: 10_000,
      costMinor: 840,
      chargingState: null,
    })
    expect(await settledBy(review.id)).toMatchObject({
      decision: 'attributed',
      sessionId: `PARKED.${transactionId}`,
      settledBy: { kind: 'operator' },
    })
  })

  /** With two EVSEs, of which each could be meant. */
  const twoEvses = async (id: string) => {
    const charger = await connected(id)
    for (const connectorId of [1, 2])
      await charger.call('StatusNotification', { connectorId, status: 'Preparing', errorCode: 'NoError' })
    return charger
  }

  it('settles a parked start on the EVSE that is named, then its stop and its meter values; out of order it says what comes first', async () => {
    const charger = await twoEvses('PLACED')
    const { transactionId } = await start(charger, { connectorId: { socket: 'right' } })
    const transaction = String(transactionId)
    const broken = { timestamp: timestamp(29), sampledValue: 'broken' }
    const sample = { timestamp: timestamp(30), sampledValue: [{ value: '6000' }] }
    await charger.call('MeterValues', { connectorId: 2, transactionId, meterValue: [sample, broken] })
    await stop(charger, transactionId, 11_000)
    const { items } = await rest.eventually<Reviews>(
      '/v1/reviews?state=open&chargerId=PLACED',
      (found) => found.items.length === 3,
    )
    const [ending, metering, starting] = items.map(({ id }) => id) as [string, string, string]
    expect(items).toMatchObject([
      {
        kind: 'unknown-transaction',
        transactionId: transaction,
        after: starting,
        relatedReviews: [starting, metering],
      },
      { kind: 'malformed', transactionId: transaction, after: starting, relatedReviews: [starting, ending] },
      { kind: 'malformed', transactionId: transaction, after: null, relatedReviews: [metering, ending] },
    ])
    const own = { kind: 'attribute', transactionId: transaction }
    for (const follower of [ending, metering]) {
      await expect(settle(follower, own)).rejects.toThrow(': 422 ')
      await expect(settle(follower, own)).rejects.toThrow(`settle ${starting} first`)
    }
    await expect(settle(starting, own)).rejects.toThrow('evseId')
    await settle(starting, { ...own, evseId: 2 }, 'the driver was at the right socket')
    expect(await session('PLACED', transaction, ({ state }) => state === 'active')).toMatchObject({
      evseId: 2,
      startedAt: timestamp(61),
      meterStartWh: 1000,
    })
    const next = await rest.eventually<ReviewDetail>(`/v1/reviews/${ending}`, ({ after }) => after === null)
    expect(next).toMatchObject({ state: 'open', transactionId: transaction, relatedReviews: [starting, metering] })
    await settle(ending, own)
    // 10 kWh * 0.40 = 4.00; 60 min = 3.00: net 7.00, VAT 1.40
    expect(await session('PLACED', transaction, ({ billing }) => billing === 'final')).toMatchObject({
      state: 'stopped',
      energyWh: 10_000,
      netMinor: 700,
      costMinor: 840,
    })

    // corrected after all of it was settled: 5 kWh * 0.40 = 2.00; 60 min = 3.00: net 5.00, VAT 1.00
    await settle(metering, { kind: 'correct', transactionId: transaction, energyWh: 5000 }, 'read at the meter')
    const corrected = await session('PLACED', transaction, ({ costMinor }) => costMinor === 600)
    expect(corrected).toMatchObject({ energyWh: 5000, energySource: 'review', corrections: 1 })
    expect(corrected.billingEntries.map(({ kind, costMinor }) => [kind, costMinor])).toEqual([
      ['rated', 840],
      ['credited', 840],
      ['rated', 600],
    ])
  })

  it('asks on which EVSE a start at connector 0 began, which is answered like any other', async () => {
    const charger = await twoEvses('WHOLE')
    const begun = await start(charger, { connectorId: 0 })
    expect(begun).toMatchObject({ idTagInfo: { status: 'Accepted' } })
    const transactionId = String(begun.transactionId)
    const review = await reviewed('WHOLE', 'ambiguous')
    expect(review).toMatchObject({ transactionId, sessionId: null, detail: expect.stringContaining('EVSE 1, 2') })
    await settle(review.id, { kind: 'attribute', transactionId, evseId: 1 })
    await stop(charger, begun.transactionId, 11_000)
    expect(await session('WHOLE', transactionId, ({ billing }) => billing === 'final')).toMatchObject({
      evseId: 1,
      energyWh: 10_000,
      costMinor: 840,
    })
  })

  it('shows a stop without a transaction once, however often it is sent with another time', async () => {
    const charger = await connected('STAMPED')
    const tell = (minutes: number, meterStop: number) =>
      charger.call('StopTransaction', { transactionId: -1, meterStop, timestamp: timestamp(minutes) })
    for (const minutes of [9, 8, 7]) await tell(minutes, 11_000)
    await tell(6, 11_001)
    const { items } = await rest.eventually<Reviews>('/v1/reviews?chargerId=STAMPED', (found) => found.items.length > 1)
    expect(items.map(({ kind, transactionId }) => [kind, transactionId])).toEqual([
      ['unknown-transaction', null],
      ['unknown-transaction', null],
    ])
  })

  it('says that a register could not be read: billed by the samples, or not before an operator knows the energy', async () => {
    const blind = await connected('BLIND')
    const { transactionId } = await start(blind, { meterStart: 'n/a' })
    const sample = (minutes: number, value: string) => ({ timestamp: timestamp(minutes), sampledValue: [{ value }] })
    await blind.call('MeterValues', { connectorId: 1, transactionId, meterValue: [sample(60, '1000')] })
    await stop(blind, transactionId, 11_000)
    const transaction = String(transactionId)
    expect(await session('BLIND', transaction, ({ billing }) => billing === 'final')).toMatchObject({
      energyWh: 10_000,
      energySource: 'registers',
      costMinor: 840,
    })
    expect(await reviewed('BLIND', 'unreadable-register')).toMatchObject({ sessionId: `BLIND.${transaction}` })

    const dark = await connected('DARK')
    const other = String((await start(dark, { meterStart: 99_999_999_999_999 })).transactionId)
    await stop(dark, Number(other), 11_000)
    const review = await reviewed('DARK', 'unreadable-register')
    expect(review).toMatchObject({ kind: 'suspect-energy', kinds: ['suspect-energy', 'unreadable-register'] })
    const held = await session('DARK', other, ({ billing }) => billing === 'unpriced')
    expect(held).toMatchObject({ energyWh: 0, unpricedReason: 'suspect-energy', costMinor: null })
    await settle(review.id, { kind: 'correct', transactionId: other, energyWh: 10_000 }, 'read at the meter')
    expect(await session('DARK', other, ({ billing }) => billing === 'final')).toMatchObject({ costMinor: 840 })
  })

  it('takes meter values that could not be read in full into their session', async () => {
    const charger = await connected('HEARD')
    const { transactionId } = await start(charger)
    await charger.call('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [
        { timestamp: timestamp(30), sampledValue: [{ value: '6000' }] },
        { timestamp: timestamp(29), sampledValue: 'broken' },
      ],
    })
    const review = await reviewed('HEARD', 'malformed')
    await settle(review.id, { kind: 'attribute', transactionId: String(transactionId) })
    const found = await session('HEARD', String(transactionId), ({ energyWh }) => energyWh === 5000)
    expect(found).toMatchObject({ state: 'active', corrections: 0 })
    expect(found.energy.at(-1)).toMatchObject({ at: timestamp(30), registerWh: 6000 })
    await stop(charger, transactionId, 11_000)
    await session('HEARD', String(transactionId), ({ costMinor }) => costMinor === 840)
    expect(await settledBy(review.id)).toMatchObject({ settledBy: { kind: 'operator' } })
  })

  /** A session whose meter says a thousandth of what its power delivers. */
  const doubted = async (id: string) => {
    const charger = await connected(id)
    const { transactionId } = await start(charger)
    const sample = (minutes: number, wh: string) => ({
      timestamp: timestamp(minutes),
      sampledValue: [
        { measurand: 'Energy.Active.Import.Register', unit: 'Wh', value: wh },
        { measurand: 'Power.Active.Import', unit: 'kW', value: '10' },
      ],
    })
    await charger.call('MeterValues', { connectorId: 1, transactionId, meterValue: [sample(50, '1000.5')] })
    await charger.call('MeterValues', { connectorId: 1, transactionId, meterValue: [sample(40, '1002.2')] })
    const review = await reviewed(id, 'suspect-energy')
    expect(review).toMatchObject({ kind: 'suspect-energy', sessionId: `${id}.${transactionId}` })
    await stop(charger, transactionId, 1010)
    const held = await session(id, String(transactionId), ({ billing }) => billing === 'unpriced')
    expect(held).toMatchObject({ energyWh: 10, unpricedReason: 'suspect-energy', costMinor: null, state: 'stopped' })
    return { review, transaction: String(transactionId) }
  }

  it('does not bill energy that its power contradicts, before an operator says what it was', async () => {
    const { review, transaction } = await doubted('DOUBTED')
    await settle(review.id, { kind: 'correct', transactionId: transaction, energyWh: 10_000 }, 'it counts kWh')
    const found = await session('DOUBTED', transaction, ({ billing }) => billing === 'final')
    expect(found).toMatchObject({ energyWh: 10_000, energySource: 'review', costMinor: 840, unpricedReason: null })
    expect(found.billingEntries.map(({ kind, cause }) => [kind, cause])).toEqual([
      ['unpriced', 'suspect-energy'],
      ['rated', null],
    ])
    expect(await settledBy(review.id)).toMatchObject({ decision: 'corrected', settledBy: { kind: 'operator' } })
  })

  it('bills it as it was metered when an operator dismisses the doubt', async () => {
    const { review, transaction } = await doubted('HALVED')
    await settle(review.id, { kind: 'dismiss' }, 'the power was wrong')
    // 0.01 kWh = 0.00; 60 min = 3.00: net 3.00, VAT 0.60
    const found = await session('HALVED', transaction, ({ billing }) => billing === 'final')
    expect(found).toMatchObject({ energyWh: 10, energySource: 'meter-stop', costMinor: 360, corrections: 1 })
    expect(await settledBy(review.id)).toMatchObject({ decision: 'dismissed', settledBy: { kind: 'operator' } })
  })

  it('shows a start that may be an ended session told again; corrected to nothing it costs nothing', async () => {
    const charger = await connected('AGAIN')
    const dead = { timestamp: '1970-01-01T00:00:05Z' }
    const first = await start(charger, dead)
    // it took nothing: where a register has gone on, the start that is told again is known by it
    await stop(charger, first.transactionId, 1_000)
    const second = await start(charger, dead)
    expect(second.transactionId).not.toBe(first.transactionId)
    const review = await reviewed('AGAIN', 'ambiguous-start')
    expect(review).toMatchObject({ sessionId: `AGAIN.${second.transactionId}` })
    const [began] = (await rest.get<Sessions>('/v1/sessions?chargerId=AGAIN&state=active')).items
    const transactionId = String(second.transactionId)
    await settle(review.id, { kind: 'correct', transactionId, energyWh: 0, stoppedAt: began!.startedAt })
    const found = await session('AGAIN', transactionId, ({ billing }) => billing === 'provisional')
    expect(found).toMatchObject({ energyWh: 0, costMinor: 0, energySource: 'review' })
    expect(await settledBy(review.id)).toMatchObject({ decision: 'corrected', settledBy: { kind: 'operator' } })
  })

  it('lists the sessions of a token that was worth nothing', async () => {
    const charger = await connected('STRANGER')
    const { transactionId } = await start(charger, { idTag: 'NOBODY' })
    const { items } = await rest.eventually<Sessions>(
      '/v1/sessions?authorization=Invalid',
      (found) => found.items.length === 1,
    )
    expect(items[0]).toMatchObject({
      chargerId: 'STRANGER',
      transactionId: String(transactionId),
      authorization: 'Invalid',
    })
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

  it('stands in the read model as a rebuild makes it', async () => {
    const bundles = await serviceBundles([...services.map((one) => one.folder), 'libs/event-store-dev'])
    const rebuilt = await promisify(execFile)(
      process.execPath,
      [bundles.fileOf('services/projector-reporting'), '--rebuild'],
      { env: { PATH: process.env['PATH'], ESDB_URL: product.eventStoreUrl, DATABASE_URL: product.databaseUrl } },
    )
    expect(rebuilt.stdout).toContain('identical to the live rows')
  }, 120_000)
})
