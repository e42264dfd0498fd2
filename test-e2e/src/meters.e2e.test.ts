import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { ReviewPage } from '@voltrail/contracts/rest/reviews'
import type { SessionPage } from '@voltrail/contracts/rest/sessions'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, timestamp, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

type Sessions = z.infer<typeof SessionPage>
type Reviews = z.infer<typeof ReviewPage>

/** Meters as real chargers have them, from the frames on the wire to the energy that is billed. */
describe('a meter', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const chargers: Charger[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-meters-'))
    product = await startProduct({ dataDir: folder, apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/id-tokens', { token: '04A1B2C3', type: 'ISO14443', status: 'Accepted' })
  }, 180_000)
  afterAll(async () => {
    await Promise.all(chargers.map((one) => one.close().catch(() => {})))
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  const sample = (minutesAgo: number, value: string | number, more: object = {}) => ({
    timestamp: timestamp(minutesAgo),
    sampledValue: [{ value, measurand: 'Energy.Active.Import.Register', ...more }],
  })
  /** One session of an hour: what the meter says at its start, meanwhile, and in its stop. */
  const charge = async (
    id: string,
    told: {
      meterStart: number
      meterValues: readonly object[]
      meterStop: number
      transactionData?: readonly object[]
      after?: readonly object[]
    },
  ) => {
    const cp = openCharger(product.ocppUrl, { id })
    chargers.push(cp)
    await cp.connect()
    await cp.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    const { transactionId } = await cp.call<{ transactionId: number }>('StartTransaction', {
      connectorId: 1,
      idTag: '04A1B2C3',
      meterStart: told.meterStart,
      timestamp: timestamp(60),
    })
    for (const one of told.meterValues)
      expect(await cp.call('MeterValues', { connectorId: 1, transactionId, meterValue: [one] })).toEqual({})
    await cp.call('StopTransaction', {
      transactionId,
      meterStop: told.meterStop,
      timestamp: timestamp(1),
      ...(told.transactionData === undefined ? {} : { transactionData: told.transactionData }),
    })
    for (const one of told.after ?? []) await cp.call('MeterValues', { connectorId: 1, meterValue: [one] })
  }
  const billed = async (id: string, corrections = 0) => {
    const { items } = await rest.eventually<Sessions>(
      `/v1/sessions?chargerId=${id}`,
      (page) => page.items[0]?.state === 'stopped' && page.items[0].corrections === corrections,
    )
    return [items[0]!.energyWh, items[0]!.energySource]
  }
  const flagged = (id: string) =>
    rest.eventually<Reviews>(`/v1/reviews?state=open&chargerId=${id}`, ({ items }) =>
      items.some(({ kinds }) => kinds.includes('meter-reset')),
    )

  it('whose start is told as 0 while its register is absolute is billed by its rise, flagged', async () => {
    await charge('ZERO-START', {
      meterStart: 0,
      meterValues: [sample(59, '1234567'), sample(30, 1237.5, { unit: 'kWh' })],
      meterStop: 1_240_000,
    })
    expect(await billed('ZERO-START')).toEqual([1_240_000 - 1_234_567, 'registers'])
    await flagged('ZERO-START')
  }, 60_000)

  it('whose start is absolute while its stop counts from 0 is billed by its rise, flagged', async () => {
    await charge('ZERO-STOP', { meterStart: 1_234_567, meterValues: [sample(59, '0')], meterStop: 5_433 })
    expect(await billed('ZERO-STOP')).toEqual([5_433, 'registers'])
    await flagged('ZERO-STOP')
  }, 60_000)

  it('that was reset under way is billed by its segments, though only transactionData shows it, told twice and in disorder', async () => {
    await charge('RESET-DATA', {
      meterStart: 1_000,
      meterValues: [sample(10, '2600'), sample(50, '1500', { context: 'Sample.Periodic' })],
      meterStop: 3_500,
      transactionData: [
        sample(30, '100'),
        sample(60, '1000', { context: 'Transaction.Begin' }),
        sample(50, '1500'),
        sample(40, '4000'),
        sample(1, '3500', { context: 'Transaction.End' }),
      ],
    })
    expect(await billed('RESET-DATA')).toEqual([3_000 + 3_400, 'registers'])
    await flagged('RESET-DATA')
  }, 60_000)

  it('that was reset under way is corrected by values that come after the stop without a transaction', async () => {
    await charge('RESET-LATE', {
      meterStart: 1_000,
      meterValues: [],
      meterStop: 3_500,
      after: [sample(40, '4000'), sample(30, '100')],
    })
    // 4000 alone shows that a reset came after it, 100 how far
    expect(await billed('RESET-LATE', 2)).toEqual([3_000 + 3_400, 'registers'])
    await flagged('RESET-LATE')
  }, 60_000)

  it('that signs is billed by its meter stop, whatever the length of its records', async () => {
    const record = `OCMF|{"FV":"1.0","ID":"04A1B2C3","pad":"${'aB\\/é€'.repeat(15_000)}"}|{"SD":"3046"}`
    const signed = (minutesAgo: number, context: string) => ({
      timestamp: timestamp(minutesAgo),
      sampledValue: [{ value: `${record}${context}`, format: 'SignedData', context }],
    })
    await charge('SIGNED', {
      meterStart: 1_000,
      meterValues: [signed(60, 'Transaction.Begin')],
      meterStop: 3_500,
      transactionData: [signed(60, 'Transaction.Begin'), signed(1, 'Transaction.End')],
    })
    expect(await billed('SIGNED')).toEqual([2_500, 'meter-stop'])
  }, 60_000)
})
